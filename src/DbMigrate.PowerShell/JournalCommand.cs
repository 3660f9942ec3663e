using System.Management.Automation;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Commands;

/// <summary>A cmdlet that changes what a database remembers of migrations: for a folder, or for exactly the migrations that are piped in.</summary>
public abstract class JournalCommand : DatabaseCommand
{
    private protected const string InputSet = "InputObject";

    private readonly List<MigrationStatus> _input = [];

    /// <summary>Migrations as <c>Get-MigrationStatus</c> gives them.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputSet, ValueFromPipeline = true)]
    [ValidateNotNull]
    public MigrationStatus[]? InputObject { get; set; }

    /// <summary>The longest to wait for a lock; 0 for ever. A migration that waits longer is rolled back and tried again.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest to wait for another runner on the same database.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan RunnerWait { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Does the work.</summary>
    /// <param name="source">The folder.</param>
    /// <param name="target">The database.</param>
    /// <param name="versions">Exactly the migrations to work on; null when none were piped in.</param>
    private protected abstract void Run(MigrationSource source, DbTarget target, IReadOnlyList<string>? versions);

    private protected virtual RunOptions Options() => new() { LockTimeout = LockTimeout, RunnerWait = RunnerWait };

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
