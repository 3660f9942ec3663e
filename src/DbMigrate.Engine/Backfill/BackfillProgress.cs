using System.Diagnostics;
using System.Globalization;

namespace DbMigrate.Engine.Backfill;

/// <summary>What a run has done so far, counted over all its sessions, and how it is told.</summary>
internal sealed class BackfillProgress(string table, DbTarget target, long estimatedSize, IEngineObserver observer)
{
    private const int TellFirst = 3;
    private const int TellEvery = 10;

    private readonly object _gate = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private long _walkedBefore;
    private long _walked;

    /// <summary>Rows changed.</summary>
    public long Rows { get; private set; }

    /// <summary>Batches committed.</summary>
    public int Batches { get; private set; }

    /// <summary>Batches rolled back.</summary>
    public int Retries { get; private set; }

    /// <summary>The longest from start to commit.</summary>
    public TimeSpan LongestBatch { get; private set; }

    /// <summary>Since the run began.</summary>
    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>Takes note of what earlier runs walked; at the start of each walk.</summary>
    public void Begin(long walkedBefore)
    {
        lock (_gate)
        {
            (_walkedBefore, _walked) = (walkedBefore, 0);
        }
    }

    /// <summary>Takes note of a committed batch.</summary>
    public void Committed(long rows, long walked, TimeSpan elapsed)
    {
        string status;
        int percent;
        lock (_gate)
        {
            Rows += rows;
            Batches++;
            _walked += walked;
            LongestBatch = elapsed > LongestBatch ? elapsed : LongestBatch;
            (status, percent) = Describe();
        }

        observer.Progress(Activity, status, percent);
    }

    /// <summary>Takes note of a batch that was rolled back.</summary>
    /// <param name="why">The server's reason.</param>
    /// <param name="failures">How often in a row.</param>
    /// <param name="blocker">Who was in the way; null when nobody was seen.</param>
    public void RolledBack(string why, int failures, ServerSession? blocker)
    {
        lock (_gate)
        {
            Retries++;
        }

        // In a log where nobody sees progress, a backfill that does not get on is to be heard of.
        var level = failures % TellEvery == TellFirst ? MessageLevel.Warning : MessageLevel.Verbose;
        observer.Message(level, $"A batch of {table} was rolled back and is tried again, smaller: {why}{(blocker is null ? "" : $", held by {blocker}")}");
    }

    /// <summary>Tells that the work rests, and why.</summary>
    public void Resting(string why) => observer.Progress(Activity, why, Percent());

    private string Activity => $"Backfilling {table} on {target}";

    private (string Status, int Percent) Describe()
    {
        var seconds = Math.Max(_clock.Elapsed.TotalSeconds, 0.001);
        var status = string.Create(CultureInfo.InvariantCulture, $"{Rows:N0} rows, {Rows / seconds:N0} rows/s");
        var left = estimatedSize - _walkedBefore - _walked;
        if (left > 0 && _walked > 0)
        {
            var time = TimeSpan.FromSeconds(Math.Min(left * seconds / _walked, TimeSpan.FromDays(99).TotalSeconds));
            status += string.Create(CultureInfo.InvariantCulture, $", about {(long)time.TotalHours}:{time:mm\\:ss} left");
        }

        return (status, Percent());
    }

    // The estimate may be too low; only the end is 100.
    private int Percent() => estimatedSize <= 0 ? -1 : (int)Math.Clamp(100 * (_walkedBefore + _walked) / estimatedSize, 0, 99);
}
