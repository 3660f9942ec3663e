namespace DbMigrate;

/// <summary>What a restore made: pipes into whatever takes a target.</summary>
public sealed record RestoreResult
{
    /// <summary>What there is now: the identifier of the new instance or cluster, the name of the database, or the data directory.</summary>
    public required string Id { get; init; }

    /// <summary>What it was made from: a snapshot, an instance, a cluster, a base backup.</summary>
    public required string Source { get; init; }

    /// <summary>As RDS says it, or <c>available</c>; <c>paused</c> where a server recovers and waits for somebody to look.</summary>
    public required string Status { get; init; }

    /// <summary>The moment that was restored, in UTC; null where a snapshot says it.</summary>
    public DateTimeOffset? RestoredTo { get; init; }

    /// <summary>How long it took; of what is still at work, so far.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The restored database; null while it has no address yet.</summary>
    public DbTarget? Target { get; init; }

    /// <summary>The command that stops the server that was started for it; null where there is none to stop.</summary>
    public string? StopCommand { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Id;
}
