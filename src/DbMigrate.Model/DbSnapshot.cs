namespace DbMigrate;

/// <summary>A way back: a snapshot of an RDS instance or cluster, or a dump.</summary>
public sealed record DbSnapshot
{
    /// <summary>Its name: the identifier in RDS, or the name of the dump's file or folder.</summary>
    public required string Id { get; init; }

    /// <summary>What it is of.</summary>
    public required DbSnapshotKind Kind { get; init; }

    /// <summary>What was saved: the identifier of the instance or the cluster, or the name of the database.</summary>
    public required string Source { get; init; }

    /// <summary>As RDS says it: <c>creating</c>, <c>available</c>, <c>failed</c> …; of a dump <c>available</c>, or <c>damaged</c> when it is not what its checksum says.</summary>
    public required string Status { get; init; }

    /// <summary>When it was taken, in UTC: what it holds is no newer. Null while RDS has not begun, and of a copy of a cluster's snapshot, of which RDS tells only when it was copied.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Bytes: of a dump what it takes on disk, of RDS the storage of what was saved.</summary>
    public long? Size { get; init; }

    /// <summary>How far it is, 0 to 100.</summary>
    public int? Percent { get; init; }

    /// <summary>The server's version, as the server or RDS says it.</summary>
    public string? ServerVersion { get; init; }

    /// <summary>Whether RDS took it by itself, and will remove it by itself.</summary>
    public bool IsAutomated { get; init; }

    /// <summary>Whether DbMigrate took it.</summary>
    public bool IsOurs { get; init; }

    /// <summary>Whether only some tables or schemas are in it.</summary>
    public bool IsPartial { get; init; }

    /// <summary>Until when it is not to be removed, in UTC; null when nobody said, <see cref="DateTimeOffset.MaxValue"/> when what was said cannot be read.</summary>
    public DateTimeOffset? KeepUntil { get; init; }

    /// <summary>What is written on it: who took it, why, for which run, and what others added.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>A dump's file or folder, absolute; null in RDS.</summary>
    public string? Path { get; init; }

    /// <summary>How many tables a dump holds; null in RDS.</summary>
    public int? Tables { get; init; }

    /// <summary>RDS's name for it; null for a dump.</summary>
    public string? Arn { get; init; }

    /// <summary>The AWS region; null for a dump.</summary>
    public string? Region { get; init; }

    /// <summary>RDS's name for the engine; null for a dump.</summary>
    internal string? Engine { get; init; }

    /// <summary>RDS's own id of the instance or cluster that it is of, which is never given again, as a name may be; null for a dump, and when RDS does not say it.</summary>
    internal string? SourceResourceId { get; init; }

    /// <summary>Says why it is not to be removed; nothing when it may be.</summary>
    /// <param name="force">Also one that is not ours, or that is to be kept.</param>
    /// <exception cref="DbMigrateException"><c>SnapshotIsAutomated</c>, <c>SnapshotNotOurs</c>, <c>SnapshotKept</c>.</exception>
    public void CheckRemovable(bool force)
    {
        if (IsAutomated)
        {
            throw new DbMigrateException(
                "SnapshotIsAutomated",
                ErrorKind.InvalidArgument,
                $"RDS took {Id} by itself, and removes it by itself.",
                "How long it keeps them is the instance's backup retention period.") { Subject = this };
        }

        if (!force && !IsOurs)
        {
            throw new DbMigrateException(
                "SnapshotNotOurs",
                ErrorKind.InvalidState,
                $"{Path ?? Id} was not taken with DbMigrate.",
                "Give -Force if it is to be removed all the same.") { Subject = this };
        }

        if (!force && KeepUntil > DateTimeOffset.UtcNow)
        {
            throw new DbMigrateException(
                "SnapshotKept",
                ErrorKind.InvalidState,
                KeepUntil == DateTimeOffset.MaxValue
                    ? $"{Path ?? Id} is to be kept until a time that cannot be read."
                    : FormattableString.Invariant($"{Path ?? Id} is to be kept until {KeepUntil.Value.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z."),
                "Wait until then, or give -Force if it is to be removed all the same.") { Subject = this };
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Id;

    /// <summary>The name of one that nobody named: <c>pre-migration-20261121225500</c>, the time in UTC.</summary>
    internal static string NewId(DateTimeOffset now) => FormattableString.Invariant($"pre-migration-{now.UtcDateTime:yyyyMMddHHmmss}");
}
