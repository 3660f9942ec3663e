namespace DbMigrate.Engine.Activity;

/// <summary>How many sessions may wait behind one, and how long. Other runners wait for their turn, and count for nothing.</summary>
/// <param name="Pid">The session's process.</param>
/// <param name="MaxSessions">How many sessions may wait; zero any number.</param>
/// <param name="MaxTime">How long a session may wait; zero for ever.</param>
/// <param name="RunnerTable">The table, quoted, for which runners wait.</param>
/// <param name="RunnerKeys">The advisory locks (bigint form) for which runners wait.</param>
internal sealed record QueueLimits(int Pid, int MaxSessions, TimeSpan MaxTime, string RunnerTable, IReadOnlyList<long> RunnerKeys)
{
    /// <summary>Something is limited.</summary>
    public bool Any => MaxSessions > 0 || MaxTime > TimeSpan.Zero;
}
