using System.Management.Automation;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Commands;

/// <summary>Applies pending migrations: all, up to a version, a number of them, or those piped in.</summary>
[Cmdlet(
    VerbsLifecycle.Invoke,
    "Migration",
    DefaultParameterSetName = PathSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(MigrationResult))]
public sealed class InvokeMigrationCommand : RunCommand
{
    /// <summary>The last migration to apply: its version or name.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MigrationCompleter))]
    public string? To { get; set; }

    /// <summary>How many migrations to apply at most.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    [ValidateRange(1, int.MaxValue)]
    public int? Count { get; set; }

    private protected override void Run(MigrationSource source, DbTarget target, IReadOnlyList<string>? versions) =>
        Use(source, target, project =>
        {
            var selection = new MigrationSelection { To = To, Count = Count, Versions = versions };
            var plan = Await(token => project.PlanApplyAsync(selection, Options(), token));
            var accepted = Accept(plan, target.ToString(), migration => $"Apply migration {migration}");
            if (accepted.Count > 0)
            {
                ForEach(token => project.ApplyAsync(accepted, Options(), token), WriteObject);
            }
        });
}
