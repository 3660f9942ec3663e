namespace DbMigrate.Engine.Backfill;

/// <summary>
/// Finds the size of batch that takes as long as it should. The time that one row takes is an exponential moving average over the batches, as in GitLab's batched
/// background migrations (lib/gitlab/database/batch_optimizer, weight 0.4); shrinking is not limited, growing is.
/// </summary>
internal sealed class BatchSizer(TimeSpan goal, long firstSize)
{
    private const double Weight = 0.4;

    /// <summary>One batch is measured only after the next has been sized, so growth goes by two steps at once.</summary>
    private const double Growth = 4;

    private const long Largest = 2_000_000;

    private double? _secondsPerUnit;

    /// <summary>The size of the next batch, at least 1.</summary>
    public long Size { get; private set; } = firstSize;

    /// <summary>Takes note of a batch.</summary>
    public void Observe(long size, TimeSpan elapsed)
    {
        var seconds = elapsed.TotalSeconds / size;
        _secondsPerUnit = _secondsPerUnit is { } average ? (Weight * seconds) + ((1 - Weight) * average) : seconds;
        Size = (long)Math.Clamp(goal.TotalSeconds / Math.Max(_secondsPerUnit.Value, 1e-9), 1, Math.Min(size * Growth, Largest));
    }

    /// <summary>A batch was too much, or somebody waited for it: the next is at most half as large, whatever was planned for it.</summary>
    /// <param name="size">That batch's size.</param>
    public void Halve(long size) => Size = Math.Max(1, Math.Min(Size, size) / 2);
}
