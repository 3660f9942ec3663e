namespace DbMigrate.Engine.Activity;

/// <summary>How to watch progress.</summary>
public sealed record ProgressWatchOptions
{
    /// <summary>Only the progress of the session with this process; null for all.</summary>
    public int? ProcessId { get; init; }

    /// <summary>The time between two looks.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long to watch at most; zero for as long as there is something to see.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>Look a single time.</summary>
    public bool Once { get; init; }
}
