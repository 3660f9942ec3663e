using System.Management.Automation;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Commands;

/// <summary>Corrects what the database remembers of a migration, without running any script of it.</summary>
[Cmdlet(
    VerbsDiagnostic.Resolve,
    "Migration",
    DefaultParameterSetName = PathSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(MigrationStatus))]
public sealed class ResolveMigrationCommand : JournalCommand
{
    /// <summary>The migration's version or name; with <c>-As Force</c> also -1, for none.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = PathSet)]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = LiteralPathSet)]
    [Alias("Version")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MigrationCompleter))]
    public string? Name { get; set; }

    /// <summary>What to record.</summary>
    [Parameter(Mandatory = true)]
    public ResolveAction As { get; set; }

    private protected override void Run(MigrationSource source, DbTarget target, IReadOnlyList<string>? versions) =>
        Use(source, target, project =>
        {
            foreach (var version in versions ?? [Name!])
            {
                var before = Await(token => project.PlanResolveAsync(version, As, token));
                var question = As switch
                {
                    ResolveAction.Applied => $"Mark migration {before} as applied",
                    ResolveAction.RolledBack => $"Mark migration {before} as rolled back",
                    _ => $"Set the version to {before}",
                };
                if (ShouldProcess(target.ToString(), question))
                {
                    WriteObject(Await(token => project.ResolveAsync(version, As, Options(), token)));
                }
            }
        });
}
