using System.Management.Automation;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Commands;

/// <summary>Runs down scripts: of the newest migration, of a number of them, down to a version, or of those piped in.</summary>
[Cmdlet(VerbsCommon.Undo, "Migration", DefaultParameterSetName = PathSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(MigrationResult))]
public sealed class UndoMigrationCommand : RunCommand
{
    /// <summary>The migration to go back to, which stays applied: its version or name; 0 to undo all.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MigrationCompleter))]
    public string? To { get; set; }

    /// <summary>How many migrations to undo at most.</summary>
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    [ValidateRange(1, int.MaxValue)]
    public int? Count { get; set; }

    private protected override void Run(MigrationSource source, DbTarget target, IReadOnlyList<string>? versions) =>
        Use(source, target, project =>
        {
            var selection = new MigrationSelection { To = To, Count = Count, Versions = versions };
            var plan = Await(token => project.PlanUndoAsync(selection, Options(), token));
            var accepted = Accept(plan, target.ToString(), migration => $"Undo migration {migration}");
            if (accepted.Count > 0)
            {
                ForEach(token => project.UndoAsync(accepted, Options(), token), WriteObject);
            }
        });
}
