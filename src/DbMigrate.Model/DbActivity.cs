namespace DbMigrate;

/// <summary>What goes on in a database and its server at one moment.</summary>
public sealed record DbActivity
{
    /// <summary>The database.</summary>
    public required DbTarget Target { get; init; }

    /// <summary>When this was read, by the server's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The server's version.</summary>
    public required Version ServerVersion { get; init; }

    /// <summary>The database's name.</summary>
    public required string Database { get; init; }

    /// <summary>Its size on disk in bytes.</summary>
    public required long DatabaseSize { get; init; }

    /// <summary>The server's sessions.</summary>
    public required DbConnections Connections { get; init; }

    /// <summary>Sessions of this database whose statement has been running for long, the longest first. They pipe to <c>Stop-BlockingQuery</c>.</summary>
    public required IReadOnlyList<ServerSession> LongStatements { get; init; }

    /// <summary>Sessions of this database that have had a transaction open and have done nothing for long, the longest first.</summary>
    public required IReadOnlyList<ServerSession> IdleInTransaction { get; init; }

    /// <summary>What keeps VACUUM from removing dead rows of this database; null when nothing does.</summary>
    public DbXminHolder? OldestXmin { get; init; }

    /// <summary>How many transactions old the oldest row of the database may be that is not frozen (<c>age(datfrozenxid)</c>).</summary>
    public required long TransactionIdAge { get; init; }

    /// <summary><c>autovacuum_freeze_max_age</c>: from this age on autovacuum freezes rows whatever else goes on.</summary>
    public required long FreezeMaxAge { get; init; }

    /// <summary>The same for multixact ids (<c>mxid_age(datminmxid)</c>).</summary>
    public required long MultixactIdAge { get; init; }

    /// <summary><c>autovacuum_multixact_freeze_max_age</c>.</summary>
    public required long MultixactFreezeMaxAge { get; init; }

    /// <summary>Those that get WAL from this server.</summary>
    public required IReadOnlyList<DbStandby> Standbys { get; init; }

    /// <summary>The server's replication slots, those that keep most first.</summary>
    public required IReadOnlyList<DbReplicationSlot> ReplicationSlots { get; init; }

    /// <summary>Whether this server is itself a standby.</summary>
    public required bool IsStandby { get; init; }

    /// <summary>
    /// On a standby: how old the last transaction is that was replayed, zero when all that was received has been; null on a primary, and on a
    /// standby that has replayed none yet.
    /// </summary>
    public TimeSpan? ReplayDelay { get; init; }

    /// <summary>What the role may not see, with what to grant; empty when it sees everything.</summary>
    public required IReadOnlyList<string> NotVisible { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Target}: {Connections}";
}
