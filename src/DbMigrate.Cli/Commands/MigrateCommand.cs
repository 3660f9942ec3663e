using System.CommandLine;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Cli.Commands;

/// <summary><c>dbmigrate migrate [PATH]</c>: applies what is pending.</summary>
internal static class MigrateCommand
{
    public static Command Create(Output output)
    {
        var command = new Command(
            "migrate",
            "Applies the pending migrations in order, each in a transaction of its own where PostgreSQL allows it. " +
            "Stops at the first error.\n" +
            "Example: dbmigrate migrate ./migrations --count 1 --what-if");
        var path = SourceOptions.PathArgument();
        command.Arguments.Add(path);
        var source = new SourceOptions(command);
        var selection = new SelectionOptions(
            command, "Apply up to and with this version or name.", "Apply this many.");
        var run = new RunSettings(command);
        var whatIf = new Option<bool>("--what-if") { Description = "Only show what would be applied; writes nothing at all." };
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
        var plan = await project.PlanApplyAsync(selection, options, cancellationToken);
        if (whatIf)
        {
            foreach (var status in plan)
            {
                output.Planned(status, "apply");
            }

            output.Line($"What if: {StatusLine.Counted(plan.Count, "migration")} would be applied to {target}; nothing was changed.");
            return ExitCode.Done;
        }

        var applied = 0;
        if (plan.Count > 0)
        {
            await foreach (var result in project.ApplyAsync(plan, options, cancellationToken))
            {
                output.Outcome(result);
                applied += result.Outcome == MigrationOutcome.Applied ? 1 : 0;
            }
        }

        output.Line(plan.Count == 0
            ? $"Nothing to apply: {target} is up to date."
            : $"Applied {StatusLine.Counted(applied, "migration")} to {target}.");
        return ExitCode.Done;
    }
}
