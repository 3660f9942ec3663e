namespace DbMigrate;

/// <summary>
/// One session that waits for a lock, and one that it waits for. A session that waits for several others is in several of these. Of those
/// who are merely ahead of it in the lock's queue only the ones are named that add to its wait.
/// </summary>
public record BlockingQuery
{
    /// <summary>The session that waits.</summary>
    public required ServerSession Blocked { get; init; }

    /// <summary>The session that it waits for.</summary>
    public required ServerSession Blocking { get; init; }

    /// <summary>The pid of the session that waits.</summary>
    public int BlockedPid => Blocked.ProcessId;

    /// <summary>The pid of the session that it waits for; 0 for a prepared transaction.</summary>
    public int BlockingPid => Blocking.ProcessId;

    /// <summary>How long it has waited. Before PostgreSQL 14, which does not record that: since its statement began.</summary>
    public required TimeSpan BlockedFor { get; init; }

    /// <summary>The kind of object that is locked (PostgreSQL manual, 54.12 pg_locks, <c>locktype</c>).</summary>
    public required string LockType { get; init; }

    /// <summary>What is locked, for people: <c>public.orders</c>, <c>a row of public.orders</c>, <c>advisory lock 42</c>.</summary>
    public required string LockedObject { get; init; }

    /// <summary>The table, index or other relation, with its schema; null when the lock is on none, or on one of another database.</summary>
    public string? Relation { get; init; }

    /// <summary>The mode that is wanted, as <c>pg_locks</c> writes it: <c>AccessExclusiveLock</c>.</summary>
    public required string WantedMode { get; init; }

    /// <summary>The strongest conflicting mode that the other holds, or wants and is first in the queue with; null when it was gone by then.</summary>
    public string? HeldMode { get; init; }

    /// <summary>True: the other holds the lock. False: it waits for the lock itself, and is ahead in the queue.</summary>
    public required bool IsHard { get; init; }

    /// <summary>Whether the blocking session itself waits for nobody: stopping it sets others free.</summary>
    public required bool IsRoot { get; init; }

    /// <summary>Both wait for each other, directly or around a ring; after <c>deadlock_timeout</c> the server ends one of them.</summary>
    public required bool IsDeadlock { get; init; }

    /// <summary>How many sessions wait for the blocking one, directly or behind others.</summary>
    public required int BlockedCount { get; init; }

    /// <summary>How far the blocked session is from its nearest root: 1 when it waits for a root.</summary>
    public required int Depth { get; init; }

    /// <summary>The blocking session if it is a root, else those that it waits for in the end; empty when a deadlock is at the end.</summary>
    public required IReadOnlyList<ServerSession> Roots { get; init; }

    /// <summary>What would end the wait for the blocking session.</summary>
    public BlockerAdvice Advice => Blocking.Advice;

    /// <summary>The database that was asked.</summary>
    public DbTarget? Target { get; init; }

    /// <summary>One line for people: who waits since when for what, and for whom.</summary>
    public override string ToString() =>
        $"{Blocked.Name} has waited {Ages.Text(BlockedFor)} for {WantedMode} on {ServerSession.OneLine(LockedObject)} behind {Blocking}";
}
