namespace DbMigrate;

/// <summary>What keeps VACUUM from removing dead rows (PostgreSQL manual, 25.1.2 Recovering Disk Space).</summary>
public enum XminHolderKind
{
    /// <summary>A session's transaction or snapshot.</summary>
    Session,

    /// <summary>A transaction that was prepared for two-phase commit and neither committed nor rolled back.</summary>
    PreparedTransaction,

    /// <summary>A replication slot, whose reader may not be there any more.</summary>
    ReplicationSlot,

    /// <summary>A standby with <c>hot_standby_feedback</c>, for a query that runs there.</summary>
    Standby,
}
