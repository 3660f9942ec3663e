namespace DbMigrate.Engine.Recovery;

/// <summary>What to recover, to when, and where to. Of the targets at most one is given; none is the end of the archive.</summary>
public sealed record RecoveryOptions
{
    /// <summary>The base backup's folder.</summary>
    public required string BaseBackup { get; init; }

    /// <summary>The folder with the archived write-ahead log; or <see cref="RestoreCommand"/>.</summary>
    public string? WalArchive { get; init; }

    /// <summary>A command that fetches a file of the write-ahead log (manual, restore_command); runs as the new server's account.</summary>
    public string? RestoreCommand { get; init; }

    /// <summary>The new data directory; empty, or not there yet.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The new server's port on 127.0.0.1; null for one that is free.</summary>
    public int? Port { get; init; }

    /// <summary>The moment to stop at.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>The position in the write-ahead log to stop at, as <c>16/B374D848</c>.</summary>
    public string? Lsn { get; init; }

    /// <summary>The name that <c>pg_create_restore_point()</c> was given.</summary>
    public string? Name { get; init; }

    /// <summary>The number of the database cluster that the target is of; null where it is not known. A position means nothing in another's log.</summary>
    public string? SystemId { get; init; }

    /// <summary>Take along what was committed at exactly that moment, or stands at exactly that position.</summary>
    public bool Inclusive { get; init; }

    /// <summary>
    /// Stop replaying there, and let others look; the server takes no changes until somebody calls <c>pg_wal_replay_resume()</c>. What a transaction that was
    /// open at that moment had locked for itself, such as a table that it was about to drop, stays locked until then.
    /// </summary>
    public bool Pause { get; init; }

    /// <summary>The longest that the replay may take; null for ever.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whose user, password and database the result's address has; null for the superuser <c>postgres</c> on the socket in the data directory.</summary>
    public DbTarget? Login { get; init; }

    /// <summary>The database of that address where <see cref="Login"/> names none; null for <c>postgres</c>.</summary>
    public string? Database { get; init; }

    /// <summary>Settings of the new server that win over ours, <c>shared_preload_libraries</c> for example.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the server's programs are looked for; null for the usual places.</summary>
    internal IEnumerable<string>? Folders { get; init; }
}
