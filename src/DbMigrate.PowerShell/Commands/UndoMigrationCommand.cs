using System.Management.Automation;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Commands;

/// <summary>Runs down scripts: of the newest migration, of a number of them, down to a version, or of those piped in.</summary>
[Cmdlet(VerbsCommon.Undo, "Migration", DefaultParameterSetName = PathSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(MigrationResult))]
public sealed class UndoMigrationCommand : RunCommand
{
    private protected override void Run(MigrationSource source, DbTarget target, IReadOnlyList<string>? versions) =>
        Use(source, target, project =>
        {
            var plan = Await(token => project.PlanUndoAsync(Selection(versions), Options(), token));
            var accepted = Accept(plan, target.ToString(), migration => $"Undo migration {migration}");
            if (accepted.Count > 0)
            {
                ForEach(token => project.UndoAsync(accepted, Options(), token), WriteObject);
            }
        });
}
