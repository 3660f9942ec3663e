namespace DbMigrate;

/// <summary>What <c>Stop-BlockingQuery</c> did with one session.</summary>
public sealed record StopResult
{
    /// <summary>The session as it was right before; as far as known when it was gone by then.</summary>
    public required ServerSession Session { get; init; }

    /// <summary>Its pid; 0 for a prepared transaction.</summary>
    public int ProcessId => Session.ProcessId;

    /// <summary>When its process was started, so that the result piped on means this session and no later one of the same pid.</summary>
    public DateTimeOffset? BackendStart => Session.BackendStart;

    /// <summary>What became of it.</summary>
    public required StopOutcome Outcome { get; init; }

    /// <summary>Why, in a sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>How many sessions waited for it, directly or behind others.</summary>
    public int BlockedCount { get; init; }

    /// <summary>From the first signal to the outcome; zero when nothing was done.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The database that was asked.</summary>
    public DbTarget? Target { get; init; }

    /// <summary>For example <c>Ended pid 123</c>.</summary>
    public override string ToString() => $"{Outcome} {Session.Name}";
}
