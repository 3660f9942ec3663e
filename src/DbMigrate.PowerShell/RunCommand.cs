using System.Management.Automation;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Commands;

/// <summary>A cmdlet that runs scripts of migrations.</summary>
public abstract class RunCommand : JournalCommand
{
    /// <summary>The last migration to apply, or the one to go back to, which stays applied (0 undoes all): its version or name.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MigrationCompleter))]
    public string? To { get; set; }

    /// <summary>How many migrations to apply or undo at most.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    [ValidateRange(1, int.MaxValue)]
    public int? Count { get; set; }

    /// <summary>The longest a statement may work; 0 for ever.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan StatementTimeout { get; set; } = TimeSpan.Zero;

    /// <summary>How often a migration is tried again after it waited too long for a lock.</summary>
    [Parameter]
    [ValidateRange(0, 1000)]
    public int LockRetries { get; set; } = 10;

    /// <summary>How many sessions may queue behind a statement before it is cancelled and tried again later; 0 any number.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int MaxQueued { get; set; }

    /// <summary>The longest a session may queue behind a statement before that is cancelled and tried again later; 0 for ever.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan MaxQueueTime { get; set; } = TimeSpan.Zero;

    /// <summary>After how long a wait for locks the sessions in the way are ended, as Stop-BlockingQuery -Terminate would; 0 never.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan TerminateBlockersAfter { get; set; } = TimeSpan.Zero;

    /// <summary>The folder for the record of the run; else $env:DBMIGRATE_RUNS, else the user's own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? RecordFolder { get; set; }

    /// <summary>Record the run in the database as well.</summary>
    [Parameter]
    public SwitchParameter RecordInDatabase { get; set; }

    /// <summary>Go on although files of applied migrations were edited.</summary>
    [Parameter]
    public SwitchParameter AllowModified { get; set; }

    /// <summary>Go on although recorded migrations have no files.</summary>
    [Parameter]
    public SwitchParameter AllowMissing { get; set; }

    /// <summary>Go on although the database has another tool's tracking table and not this one's.</summary>
    [Parameter]
    public SwitchParameter AllowOtherTool { get; set; }

    private protected MigrationSelection Selection(IReadOnlyList<string>? versions) => new() { To = To, Count = Count, Versions = versions };

    private protected override RunOptions Options() => base.Options() with
    {
        StatementTimeout = StatementTimeout,
        LockRetries = LockRetries,
        MaxQueued = MaxQueued,
        MaxQueueTime = MaxQueueTime,
        TerminateBlockersAfter = TerminateBlockersAfter,
        RecordFolder = RecordFolder is null ? null : FileSystemPath(RecordFolder),
        RecordInDatabase = RecordInDatabase,
        AllowModified = AllowModified,
        AllowMissing = AllowMissing,
        AllowOtherTool = AllowOtherTool,
    };
}
