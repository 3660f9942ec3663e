using System.CommandLine;
using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Cli.Commands;

/// <summary><c>dbmigrate stop-blockers [PID…]</c>: stops the roots of waits, or single sessions.</summary>
internal static class StopBlockersCommand
{
    private static readonly StopOptions Default = new();

    public static Command Create(Output output)
    {
        var command = new Command(
            "stop-blockers",
            "Stops the sessions for which others have waited too long: cancels their statements, or ends them. Asks nothing: try --what-if.\n" +
            "Example: dbmigrate stop-blockers --blocked-for 1min --terminate");
        var pids = new Argument<int[]>("PID")
        {
            Description = "The sessions to stop; without any, the roots of the waits in the database.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var longer = DurationOption.Create("--blocked-for", "Only roots for which somebody has waited longer. [default: 0]");
        var terminate = new Option<bool>("--terminate") { Description = "End a session when cancelling its statement is not enough." };
        var grace = DurationOption.Create("--grace-period", "How long a session may take to react. [default: 5s]");
        var waiting = new Option<bool>("--allow-waiting") { Description = "Stop also a session that waits for a lock itself." };
        var migration = new Option<bool>("--allow-migration") { Description = "Stop also sessions of other runs of DbMigrate, which may be migrating." };
        var prepared = new Option<bool>("--rollback-prepared") { Description = "Roll prepared transactions of the database back." };
        var whatIf = new Option<bool>("--what-if") { Description = "Only show what would be stopped." };
        command.Arguments.Add(pids);
        var database = new DatabaseOption(command);
        foreach (var option in new Option[] { longer, terminate, grace, waiting, migration, prepared, whatIf })
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, token) =>
        {
            var options = new StopOptions
            {
                Terminate = parsed.GetValue(terminate),
                GracePeriod = parsed.GetValue(grace) ?? Default.GracePeriod,
                AllowWaiting = parsed.GetValue(waiting),
                AllowMigration = parsed.GetValue(migration),
                RollBackPrepared = parsed.GetValue(prepared),
            };
            var least = parsed.GetValue(longer) ?? TimeSpan.Zero;
            return RunAsync(database.Target(parsed), parsed.GetValue(pids) ?? [], least, options, parsed.GetValue(whatIf), output, token);
        });
        return command;
    }

    public static async Task<int> RunAsync(
        DbTarget target, int[] pids, TimeSpan blockedFor, StopOptions options, bool whatIf, Output output, CancellationToken cancellationToken)
    {
        await using var session = await DbSession.OpenAsync(target, output, cancellationToken);
        var failures = new List<DbMigrateException>();
        var count = 0;
        await foreach (var stop in LookAsync())
        {
            count++;
            if (whatIf && stop.Action is not null)
            {
                output.Line($"Would {char.ToLowerInvariant(stop.Action[0])}{stop.Action[1..]}: {stop.Subject}");
                continue;
            }

            var result = await stop.RunAsync(output, cancellationToken);
            output.Stopped(result);
            if (SessionStop.Failure(result) is { } failure)
            {
                failures.Add(failure);
            }
        }

        if (count == 0)
        {
            output.Line($"Nobody to stop on {target}.");
        }

        // Each result says why already; the first failure makes the exit code.
        return failures.Count == 0 ? ExitCode.Done : throw failures[0];

        async IAsyncEnumerable<SessionStop> LookAsync()
        {
            foreach (var pid in pids.Distinct())
            {
                yield return await SessionStop.LookAsync(session, pid, null, options, cancellationToken);
            }

            if (pids.Length == 0)
            {
                var tree = await LockTree.ReadAsync(session, new LockTreeOptions { OnlyThisDatabase = true }, cancellationToken);
                var waits = tree.Where(w => w.BlockedFor > blockedFor).ToList();
                foreach (var root in SessionStop.RootsOf(waits))
                {
                    yield return await SessionStop.LookAsync(session, root, waits, options, cancellationToken);
                }
            }
        }
    }
}
