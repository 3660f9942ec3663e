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
    private protected override void Run(MigrationSource source, DbTarget target, IReadOnlyList<string>? versions) =>
        Use(source, target, project =>
        {
            var plan = Await(token => project.PlanApplyAsync(Selection(versions), Options(), token));
            var accepted = Accept(plan, target.ToString(), migration => $"Apply migration {migration}");
            if (accepted.Count > 0)
            {
                ForEach(token => project.ApplyAsync(accepted, Options(), token), WriteObject);
            }
        });
}
