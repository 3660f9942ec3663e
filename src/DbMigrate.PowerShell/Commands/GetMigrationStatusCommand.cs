using System.Management.Automation;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Commands;

/// <summary>Every migration of a folder with its state in the database.</summary>
[Cmdlet(VerbsCommon.Get, "MigrationStatus", DefaultParameterSetName = PathSet)]
[OutputType(typeof(MigrationStatus))]
public sealed class GetMigrationStatusCommand : DatabaseCommand
{
    /// <summary>Only migrations whose version or name fits one of these; wildcards are allowed.</summary>
    [Parameter]
    [Alias("Version")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(MigrationCompleter))]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        var target = TargetOrDefault();
        var wanted = new NameFilter(Name);
        ForEachFolder(folder => Use(new MigrationSource(folder, Format, JournalTable), target, project =>
        {
            foreach (var migration in Await(project.GetStatusAsync))
            {
                if (wanted.Fits(migration.Version, migration.Name, migration.ToString()))
                {
                    WriteObject(migration);
                }
            }
        }));
    }
}
