namespace DbMigrate;

/// <summary>What a finished backfill did.</summary>
public sealed record BackfillResult
{
    /// <inheritdoc cref="BackfillPlan.Table"/>
    public required string Table { get; init; }

    /// <summary>The rows that this run changed.</summary>
    public required long Rows { get; init; }

    /// <summary>The rows that earlier, interrupted runs of the same backfill changed.</summary>
    public long RowsBefore { get; init; }

    /// <summary>How many batches this run committed.</summary>
    public required int Batches { get; init; }

    /// <summary>How often a batch was rolled back and tried again, smaller: after a time limit or a deadlock.</summary>
    public int Retries { get; init; }

    /// <summary>The longest time from the start of a batch to its commit; as long another session may have waited for a row.</summary>
    public TimeSpan LongestBatch { get; init; }

    /// <summary>When the run started (UTC).</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How long the run took, pauses included.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Rows changed in a second, pauses included.</summary>
    public double RowsPerSecond => Duration > TimeSpan.Zero ? Rows / Duration.TotalSeconds : 0;

    /// <summary>
    /// At the end no row was left that fits the condition. False when that cannot be asked: there is no condition, or changed rows still fit it.
    /// </summary>
    public required bool Verified { get; init; }

    /// <summary>The column that is NOT NULL now, if that was asked for.</summary>
    public string? NotNullColumn { get; init; }

    /// <summary>The database.</summary>
    public DbTarget? Target { get; init; }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Table}: {Rows} rows");
}
