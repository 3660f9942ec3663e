using System.CommandLine;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Cli.Commands;

/// <summary><c>dbmigrate migrate [PATH]</c> applies what is pending, <c>dbmigrate undo [PATH]</c> runs down scripts.</summary>
internal static class RunCommand
{
    /// <summary><c>migrate</c>.</summary>
    public static Command Migrate(Output output) => Create(
        new Command(
            "migrate",
            "Applies the pending migrations in order, each in a transaction of its own where PostgreSQL allows it. " +
            "Stops at the first error.\n" +
            "Example: dbmigrate migrate ./migrations --count 1 --what-if"),
        undo: false,
        "Apply up to and with this version or name.",
        "Apply this many.",
        output);

    /// <summary><c>undo</c>.</summary>
    public static Command Undo(Output output) => Create(
        new Command(
            "undo",
            "Runs the down script of the newest applied migration, or of more, newest first. Asks nothing: try --what-if.\n" +
            "Example: dbmigrate undo ./migrations --to 20240115100000"),
        undo: true,
        "Undo down to this version or name, which stays applied; 0 undoes all.",
        "Undo this many. [default: 1]",
        output);

    /// <summary>Applies, or undoes, and prints each migration as it is done.</summary>
    public static async Task<int> RunAsync(
        MigrationSource source,
        DbTarget target,
        MigrationSelection selection,
        RunOptions options,
        bool undo,
        bool whatIf,
        Output output,
        CancellationToken cancellationToken)
    {
        await using var project = await MigrationProject.OpenAsync(source, target, output, cancellationToken);
        var plan = undo
            ? await project.PlanUndoAsync(selection, options, cancellationToken)
            : await project.PlanApplyAsync(selection, options, cancellationToken);
        if (whatIf)
        {
            foreach (var status in plan)
            {
                output.Planned(status, undo ? "undo" : "apply");
            }

            output.Line(
                $"What if: {StatusLine.Counted(plan.Count, "migration")} would be {(undo ? "undone on" : "applied to")} {target}; nothing was changed.");
            return ExitCode.Done;
        }

        if (plan.Count == 0)
        {
            output.Line(undo ? $"Nothing to undo on {target}." : $"Nothing to apply: {target} is up to date.");
            return ExitCode.Done;
        }

        var done = 0;
        var results = undo ? project.UndoAsync(plan, options, cancellationToken) : project.ApplyAsync(plan, options, cancellationToken);
        await foreach (var result in results)
        {
            output.Outcome(result);
            done += result.Outcome is MigrationOutcome.Applied or MigrationOutcome.Undone ? 1 : 0;
        }

        output.Line($"{(undo ? "Undid" : "Applied")} {StatusLine.Counted(done, "migration")} {(undo ? "on" : "to")} {target}.");
        return ExitCode.Done;
    }

    private static Command Create(Command command, bool undo, string toDescription, string countDescription, Output output)
    {
        var path = SourceOptions.PathArgument();
        command.Arguments.Add(path);
        var source = new SourceOptions(command);
        var selection = new SelectionOptions(command, toDescription, countDescription);
        var run = new RunSettings(command);
        var whatIf = new Option<bool>("--what-if") { Description = $"Only show what would be {(undo ? "undone" : "applied")}; writes nothing at all." };
        command.Options.Add(whatIf);
        command.SetAction((parsed, token) => RunAsync(
            source.Source(parsed, parsed.GetValue(path)),
            source.Target(parsed),
            selection.Selection(parsed),
            run.Options(parsed),
            undo,
            parsed.GetValue(whatIf),
            output,
            token));
        return command;
    }
}
