namespace DbMigrate;

/// <summary>A standby or another receiver of WAL that is connected, as <c>pg_stat_replication</c> shows it (PostgreSQL manual, 27.2.4).</summary>
public sealed record DbStandby
{
    /// <summary>What it calls itself (its <c>cluster_name</c> or the <c>application_name</c> of its <c>primary_conninfo</c>).</summary>
    public required string Name { get; init; }

    /// <summary>Its address; null for a Unix socket, or when the role may not see it.</summary>
    public string? Client { get; init; }

    /// <summary>The server's process that serves it.</summary>
    public required int ProcessId { get; init; }

    /// <summary><c>streaming</c>, <c>catchup</c>, <c>backup</c>, …; null when the role may not see it.</summary>
    public string? State { get; init; }

    /// <summary><c>async</c>, <c>potential</c>, <c>sync</c> or <c>quorum</c>.</summary>
    public string? SyncState { get; init; }

    /// <summary>How long after us it replayed what we wrote lately; null when it has caught up and nothing was written since.</summary>
    public TimeSpan? ReplayLag { get; init; }

    /// <summary>How many bytes of WAL it has not replayed yet; null for a receiver that replays nothing, such as a backup.</summary>
    public long? BytesBehind { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({State ?? "not visible"}, {BytesBehind?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"} bytes behind)";
}
