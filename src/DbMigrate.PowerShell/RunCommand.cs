using System.Management.Automation;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Commands;

/// <summary>A cmdlet that changes the database: for a folder, or for exactly the migrations that are piped in.</summary>
public abstract class RunCommand : DatabaseCommand
{
    private protected const string InputSet = "InputObject";

    private readonly List<MigrationStatus> _input = [];

    /// <summary>Migrations as <c>Get-MigrationStatus</c> gives them.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputSet, ValueFromPipeline = true)]
    [ValidateNotNull]
    public MigrationStatus[]? InputObject { get; set; }

    /// <summary>The longest a statement waits for a lock before the migration is rolled back and tried again; 0 for ever.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest a statement may work; 0 for ever.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan StatementTimeout { get; set; } = TimeSpan.Zero;

    /// <summary>How often a migration is tried again after it waited too long for a lock.</summary>
    [Parameter]
    [ValidateRange(0, 1000)]
    public int LockRetries { get; set; } = 10;

    /// <summary>The longest to wait for another runner on the same database.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan RunnerWait { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Go on although files of applied migrations were edited.</summary>
    [Parameter]
    public SwitchParameter AllowModified { get; set; }

    /// <summary>Go on although recorded migrations have no files.</summary>
    [Parameter]
    public SwitchParameter AllowMissing { get; set; }

    /// <summary>Go on although the database has another tool's tracking table and not this one's.</summary>
    [Parameter]
    public SwitchParameter AllowOtherTool { get; set; }

    /// <summary>Does the work.</summary>
    /// <param name="source">The folder.</param>
    /// <param name="target">The database.</param>
    /// <param name="versions">Exactly the migrations to work on; null when none were piped in.</param>
    private protected abstract void Run(MigrationSource source, DbTarget target, IReadOnlyList<string>? versions);

    private protected RunOptions Options() => new()
    {
        LockTimeout = LockTimeout,
        StatementTimeout = StatementTimeout,
        LockRetries = LockRetries,
        RunnerWait = RunnerWait,
        AllowModified = AllowModified,
        AllowMissing = AllowMissing,
        AllowOtherTool = AllowOtherTool,
    };

    /// <inheritdoc/>
    protected override void Process()
    {
        // A pipeline that brings nothing never gets here, so that "none are pending" does not turn into "all of the default folder".
        if (InputObject is not null)
        {
            _input.AddRange(InputObject);
            return;
        }

        var target = TargetOrDefault();
        foreach (var folder in Folders())
        {
            Run(new MigrationSource(folder, Format, JournalTable), target, null);
        }
    }

    /// <inheritdoc/>
    protected override void Finish()
    {
        var groups = _input.GroupBy(
            m => (m.Folder, Target: Target ?? m.Target, Format: Format ?? m.Format, Table: JournalTable ?? m.JournalTable));
        foreach (var group in groups)
        {
            var source = new MigrationSource(group.Key.Folder, group.Key.Format, group.Key.Table);
            Run(source, group.Key.Target ?? Session.Current.DefaultTarget(), group.Select(m => m.Version).ToList());
        }
    }
}
