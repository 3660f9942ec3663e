namespace DbMigrate;

/// <summary>What kind of process of the server, or of transaction without one, holds or wants a lock.</summary>
public enum SessionKind
{
    /// <summary>Its role may not be looked at by ours: the server hides state and query (PostgreSQL manual, 27.2.3 pg_stat_activity).</summary>
    Hidden,

    /// <summary>A client's session that runs a statement.</summary>
    Active,

    /// <summary>A client's session between two statements of a transaction. There is nothing that could be cancelled.</summary>
    IdleInTransaction,

    /// <summary>A client's session outside of a transaction; what it holds is a lock of the session, as an advisory lock may be.</summary>
    Idle,

    /// <summary>A transaction that was prepared and neither committed nor rolled back. No process belongs to it; its pid is 0.</summary>
    PreparedTransaction,

    /// <summary>CREATE INDEX or REINDEX CONCURRENTLY.</summary>
    ConcurrentIndex,

    /// <summary>A session of DbMigrate's own.</summary>
    Migration,

    /// <summary>An autovacuum worker; it gives way by itself (PostgreSQL manual, 24.1.6 The Autovacuum Daemon).</summary>
    Autovacuum,

    /// <summary>An autovacuum worker that prevents transaction id wraparound; it does not give way, and comes back when ended.</summary>
    WraparoundVacuum,

    /// <summary>It sends the write-ahead log to a replica, a backup or a subscriber.</summary>
    Walsender,

    /// <summary>It applies the changes of a publication.</summary>
    ReplicationWorker,

    /// <summary>There is no such session any more.</summary>
    Ended,

    /// <summary>Any other process of the server, for example the one that replays the log on a standby.</summary>
    ServerProcess,
}
