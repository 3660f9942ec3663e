namespace DbMigrate;

/// <summary>The moment right before a migration or a run: what to go back to.</summary>
public sealed record RestorePoint
{
    /// <summary>The server's clock, in UTC.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The write-ahead log's position, as <c>16/B374D848</c>; null where the server does not tell.</summary>
    public string? Lsn { get; init; }

    /// <summary>
    /// The number of the database cluster, as <c>pg_controldata</c> shows it: <see cref="Lsn"/> means nothing in another's log. Null where the server does not tell.
    /// </summary>
    public string? SystemId { get; init; }

    /// <summary>The name of the database that was migrated; null in a record of an older version.</summary>
    public string? Database { get; init; }

    /// <summary>The snapshot to go back to: taken for the run, or found by what the run required; null when there is none.</summary>
    public string? SnapshotId { get; init; }

    /// <summary>The earlier of two, so that both migrations are still to come there.</summary>
    /// <exception cref="DbMigrateException"><c>RestorePointsOfSeveral</c>: one moment of two servers or databases is not what anybody means.</exception>
    internal static RestorePoint Earlier(RestorePoint one, RestorePoint other) => Differ(one.SystemId, other.SystemId) || Differ(one.Database, other.Database)
        ? throw new DbMigrateException(
            "RestorePointsOfSeveral",
            ErrorKind.InvalidArgument,
            $"The restore points are of several databases: {one.Database ?? "one"} on the server {one.SystemId ?? "that does not tell its number"}, {other.Database ?? "another"} on {other.SystemId ?? "one that does not"}.",
            "Pipe in those of one: Get-MigrationRun '*@db1:5432/orders' | Restore-DbPointInTime …")
        : one.At <= other.At ? one : other;

    private static bool Differ(string? one, string? other) => one is not null && other is not null && one != other;

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{At:yyyy-MM-ddTHH:mm:ss.ffffffZ}") + (Lsn is null ? "" : $" ({Lsn})");
}
