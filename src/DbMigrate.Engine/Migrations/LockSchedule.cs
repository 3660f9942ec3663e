namespace DbMigrate.Engine.Migrations;

/// <summary>
/// How long each try waits for a lock, and how long the pause behind it is. The first tries wait shortly, because everybody who comes later
/// queues behind a waiting ALTER TABLE; the last one waits as long as it may. Pauses grow to let a long blocker end, with jitter so that
/// several runners do not try in step.
/// </summary>
/// <param name="longest">The longest a try may wait; zero for ever, then each try does.</param>
/// <param name="retries">How many tries follow the first.</param>
internal sealed class LockSchedule(TimeSpan longest, int retries)
{
    private const double Growth = 1.6;
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>How many tries there are.</summary>
    public int Tries => retries + 1;

    /// <summary>How long a try waits for each lock.</summary>
    /// <param name="attempt">Counted from 1.</param>
    public TimeSpan Wait(int attempt)
    {
        var wait = longest * Math.Pow(Growth, Math.Min(attempt - Tries, 0));
        return wait > ShortestWait ? wait : longest < ShortestWait ? longest : ShortestWait;
    }

    /// <summary>The pause after a try, before jitter.</summary>
    /// <param name="attempt">Counted from 1.</param>
    public static TimeSpan Pause(int attempt)
    {
        var pause = FirstPause * Math.Pow(Growth, Math.Min(attempt - 1, 20));
        return pause < LongestPause ? pause : LongestPause;
    }

    /// <summary>Between half and one and a half of a time.</summary>
    public static TimeSpan Jitter(TimeSpan time) => time * (0.5 + Random.Shared.NextDouble());
}
