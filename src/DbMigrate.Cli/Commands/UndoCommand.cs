using System.CommandLine;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Cli.Commands;

/// <summary><c>dbmigrate undo [PATH]</c>: runs down scripts.</summary>
internal static class UndoCommand
{
    public static Command Create(Output output)
    {
        var command = new Command(
            "undo",
            "Runs the down script of the newest applied migration, or of more, newest first. Asks nothing: try --what-if.\n" +
            "Example: dbmigrate undo ./migrations --to 20240115100000");
        var path = SourceOptions.PathArgument();
        command.Arguments.Add(path);
        var source = new SourceOptions(command);
        var selection = new SelectionOptions(
            command, "Undo down to this version or name, which stays applied; 0 undoes all.", "Undo this many. [default: 1]");
        var run = new RunSettings(command);
        var whatIf = new Option<bool>("--what-if") { Description = "Only show what would be undone; writes nothing at all." };
        command.Options.Add(whatIf);
        command.SetAction((parsed, token) => RunAsync(
            source.Source(parsed, parsed.GetValue(path)),
            source.Target(parsed),
            selection.Selection(parsed),
            run.Options(parsed),
            parsed.GetValue(whatIf),
            output,
            token));
        return command;
    }

    public static async Task<int> RunAsync(
        MigrationSource source,
        DbTarget target,
        MigrationSelection selection,
        RunOptions options,
        bool whatIf,
        Output output,
        CancellationToken cancellationToken)
    {
        await using var project = await MigrationProject.OpenAsync(source, target, output, cancellationToken);
        var plan = await project.PlanUndoAsync(selection, options, cancellationToken);
        if (whatIf)
        {
            foreach (var status in plan)
            {
                output.Planned(status, "undo");
            }

            output.Line($"What if: {StatusLine.Counted(plan.Count, "migration")} would be undone on {target}; nothing was changed.");
            return ExitCode.Done;
        }

        var undone = 0;
        if (plan.Count > 0)
        {
            await foreach (var result in project.UndoAsync(plan, options, cancellationToken))
            {
                output.Outcome(result);
                undone += result.Outcome == MigrationOutcome.Undone ? 1 : 0;
            }
        }

        output.Line(plan.Count == 0 ? $"Nothing to undo on {target}." : $"Undid {StatusLine.Counted(undone, "migration")} on {target}.");
        return ExitCode.Done;
    }
}
