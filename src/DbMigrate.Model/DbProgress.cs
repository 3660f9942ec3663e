using System.Globalization;

namespace DbMigrate;

/// <summary>
/// How far a long statement is, as one of the server's <c>pg_stat_progress_*</c> views tells (PostgreSQL manual, 27.4 Progress Reporting).
/// </summary>
public sealed record DbProgress
{
    /// <summary>The server's process that works on it.</summary>
    public required int ProcessId { get; init; }

    /// <summary>When that process's session began; null when the role may not see it.</summary>
    public DateTimeOffset? BackendStart { get; init; }

    /// <summary>
    /// What runs: <c>CREATE INDEX CONCURRENTLY</c>, <c>VACUUM</c>, <c>VACUUM FULL</c>, <c>CLUSTER</c>, <c>ANALYZE</c>, <c>COPY FROM</c>,
    /// <c>BASE BACKUP</c>, … with <c>autovacuum: </c> in front where the server does it by itself.
    /// </summary>
    public required string Command { get; init; }

    /// <summary>The database; null for a base backup, which is of the whole server.</summary>
    public string? Database { get; init; }

    /// <summary>The table, with its schema, quoted for SQL; null when it is of another database, has gone, or may not be seen.</summary>
    public string? Relation { get; init; }

    /// <summary>The index that is being built, with its schema, quoted for SQL.</summary>
    public string? Index { get; init; }

    /// <summary>The server's word for what it is doing now, for example <c>building index: scanning table</c>; null when the role may not see it.</summary>
    public string? Phase { get; init; }

    /// <summary>How much of the phase is done, in <see cref="Unit"/>; null when the server does not count in this phase.</summary>
    public long? Done { get; init; }

    /// <summary>How much the phase has to do, in <see cref="Unit"/>; null when the server does not know.</summary>
    public long? Total { get; init; }

    /// <summary><c>blocks</c>, <c>rows</c>, <c>bytes</c>, <c>indexes</c> or <c>sessions</c>.</summary>
    public string? Unit { get; init; }

    /// <summary>How much of this phase is done, 0 to 100; null when it cannot be known. The server counts each phase from 0.</summary>
    public double? Percent => Done is { } done && Total is > 0 and { } total ? Math.Clamp(100.0 * done / total, 0, 100) : null;

    /// <summary>How many sessions have to be waited for in this phase; null outside of such a phase.</summary>
    public long? LockersTotal { get; init; }

    /// <summary>How many of them have ended.</summary>
    public long? LockersDone { get; init; }

    /// <summary>The session that is waited for now.</summary>
    public ServerSession? CurrentLocker { get; init; }

    /// <summary>When the statement began; null when the role may not see it.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When this was read, by the server's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How many <see cref="Unit"/> a second were done lately; null until the phase has been seen twice.</summary>
    public double? Rate { get; init; }

    /// <summary>How long the rest of this phase takes at that rate; null when it cannot be known.</summary>
    public TimeSpan? TimeLeft => Rate is > 0 and { } rate && Done is { } done && Total is { } total && total >= done
        ? TimeSpan.FromSeconds(Math.Min((total - done) / rate, TimeSpan.MaxValue.TotalSeconds / 2))
        : null;

    /// <summary>The address through which it was seen.</summary>
    public DbTarget? Target { get; init; }

    /// <summary>For example <c>building index: scanning table, 1200 of 5600 blocks, 300 blocks/s, 14 s left</c>.</summary>
    public string Status()
    {
        var parts = new List<string> { Phase ?? "in progress" };
        if (Done is { } done)
        {
            parts.Add(Total is > 0 and { } total
                ? string.Create(CultureInfo.InvariantCulture, $"{done} of {total} {Unit}")
                : string.Create(CultureInfo.InvariantCulture, $"{done} {Unit}"));
        }

        if (CurrentLocker is not null)
        {
            parts.Add($"waits for {CurrentLocker}");
        }

        if (Rate is { } rate)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{rate:0.#} {Unit}/s"));
        }

        if (TimeLeft is { } left)
        {
            parts.Add($"{Ages.Text(left)} left");
        }

        return string.Join(", ", parts);
    }

    /// <summary>For example <c>CREATE INDEX CONCURRENTLY on public.orders: building index: scanning table, 1200 of 5600 blocks</c>.</summary>
    public override string ToString() => $"{Command}{(Relation is null ? "" : " on " + Relation)}: {Status()}";
}
