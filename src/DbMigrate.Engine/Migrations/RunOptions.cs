namespace DbMigrate.Engine.Migrations;

/// <summary>How a run treats the server.</summary>
public sealed record RunOptions
{
    /// <summary>
    /// The longest a statement waits for a lock before it gives up and the migration is tried again. Zero: for ever. The first tries wait less, because
    /// others queue behind the wait.
    /// </summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest a statement may work. Zero: for ever.</summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>How often a migration is tried again after a lock time-out.</summary>
    public int LockRetries { get; init; } = 10;

    /// <summary>
    /// How many sessions may queue behind a statement of the migration before it is cancelled and tried again later. Other
    /// runners that wait for their turn do not count. Zero: any number.
    /// </summary>
    public int MaxQueued { get; init; }

    /// <summary>The longest that a session may queue behind a statement of the migration before that is cancelled and tried again later. Zero: for ever.</summary>
    public TimeSpan MaxQueueTime { get; init; } = TimeSpan.Zero;

    /// <summary>After how long a wait for locks the sessions in the way are ended, as <c>Stop-BlockingQuery</c> would. Zero: never.</summary>
    public TimeSpan TerminateBlockersAfter { get; init; } = TimeSpan.Zero;

    /// <summary>The longest to wait for another runner that works on the same database.</summary>
    public TimeSpan RunnerWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The snapshot to go back to if need be: taken for the run, or required by it; null when there is none.</summary>
    public DbSnapshot? Snapshot { get; init; }

    /// <summary>The folder for the record of the run; null for the user's own.</summary>
    public string? RecordFolder { get; init; }

    /// <summary>Record the run in the database as well, in a table in the schema that is ours alone.</summary>
    public bool RecordInDatabase { get; init; }

    /// <summary>Go on although files of applied migrations were edited.</summary>
    public bool AllowModified { get; init; }

    /// <summary>Go on although recorded migrations have no files.</summary>
    public bool AllowMissing { get; init; }

    /// <summary>Go on although another tool's tracking table is there and ours is not.</summary>
    public bool AllowOtherTool { get; init; }
}
