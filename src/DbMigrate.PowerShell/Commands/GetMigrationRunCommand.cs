using System.Management.Automation;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Commands;

/// <summary>The runs of Invoke-Migration and Undo-Migration that this machine, or a database, has records of, the newest first.</summary>
[Cmdlet(VerbsCommon.Get, "MigrationRun")]
[OutputType(typeof(MigrationRun))]
public sealed class GetMigrationRunCommand : TargetCommand
{
    /// <summary>Only runs whose name, or database, fits one of these; wildcards are allowed.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("RunId")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[]? Id { get; set; }

    /// <summary>The folder of the records; else $env:DBMIGRATE_RUNS, else the user's own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? RecordFolder { get; set; }

    /// <summary>The records that the database has, not those of this machine.</summary>
    [Parameter]
    public SwitchParameter FromDatabase { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        var wanted = new NameFilter(Id);
        foreach (var run in FromDatabase ? InDatabase() : InFolder())
        {
            if (wanted.Fits(run.Id, run.Database))
            {
                WriteObject(run);
            }
        }
    }

    private IReadOnlyList<MigrationRun> InFolder()
    {
        var folder = RecordFolder is null ? null : FileSystemPath(RecordFolder);
        return Await(_ => Task.FromResult(RunRecord.List(folder, Observer).ToList()));
    }

    private IReadOnlyList<MigrationRun> InDatabase()
    {
        IReadOnlyList<MigrationRun> runs = [];
        Use(TargetOrDefault(), session => runs = Await(token => RunTable.ReadAsync(session, token)));
        return runs;
    }
}
