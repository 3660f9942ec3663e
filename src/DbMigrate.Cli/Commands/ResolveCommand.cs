using System.CommandLine;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Cli.Commands;

/// <summary><c>dbmigrate resolve [PATH] VERSION --applied|--rolled-back|--force</c>: corrects the tracking table, runs no script.</summary>
internal static class ResolveCommand
{
    public static Command Create(Output output)
    {
        var command = new Command(
            "resolve",
            "Corrects the tracking table without running a script, after something was put right by hand.\n" +
            "Example: dbmigrate resolve ./migrations 20240201000000 --applied");
        var words = PathAndWord.Argument("VERSION", "The migration's version; with --force also -1, for none.");
        var applied = new Option<bool>("--applied") { Description = "Record it as applied." };
        var rolledBack = new Option<bool>("--rolled-back") { Description = "Take its record back, or mark it rolled back (Prisma)." };
        var force = new Option<bool>("--force")
        {
            Description = "Set the version and clear the dirty flag, as 'migrate force' does (golang-migrate).",
        };
        command.Arguments.Add(words);
        command.Options.Add(applied);
        command.Options.Add(rolledBack);
        command.Options.Add(force);
        command.Validators.Add(result =>
        {
            if (new[] { applied, rolledBack, force }.Count(o => result.GetValue(o)) != 1)
            {
                result.AddError("Say one of --applied, --rolled-back and --force.");
            }
        });
        var source = new SourceOptions(command);
        var run = new RunSettings(command, runsScripts: false);
        var whatIf = new Option<bool>("--what-if") { Description = "Only show the migration as it is now; writes nothing." };
        command.Options.Add(whatIf);
        command.SetAction((parsed, token) =>
        {
            var (path, version) = PathAndWord.Of(parsed, words);
            var action = parsed.GetValue(applied) ? ResolveAction.Applied
                : parsed.GetValue(force) ? ResolveAction.Force
                : ResolveAction.RolledBack;
            return RunAsync(
                source.Source(parsed, path),
                source.Target(parsed),
                version,
                action,
                run.Options(parsed),
                parsed.GetValue(whatIf),
                output,
                token);
        });
        return command;
    }

    public static async Task<int> RunAsync(
        MigrationSource source,
        DbTarget target,
        string version,
        ResolveAction action,
        RunOptions options,
        bool whatIf,
        Output output,
        CancellationToken cancellationToken)
    {
        await using var project = await MigrationProject.OpenAsync(source, target, output, cancellationToken);
        var before = await project.PlanResolveAsync(version, action, cancellationToken);
        if (whatIf)
        {
            output.Planned(before, action switch
            {
                ResolveAction.Applied => "record as applied",
                ResolveAction.Force => "force",
                _ => "record as rolled back",
            });
            output.Line($"What if: the record in {target} would be corrected; nothing was changed.");
        }
        else
        {
            output.Status(await project.ResolveAsync(version, action, options, cancellationToken));
        }

        return ExitCode.Done;
    }
}
