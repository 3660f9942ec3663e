using System.CommandLine;
using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Cli.Commands;

/// <summary><c>dbmigrate blockers [PID…]</c>: who waits for whom.</summary>
internal static class BlockersCommand
{
    public static Command Create(Output output)
    {
        var command = new Command(
            "blockers",
            "Shows who waits for a lock, for whom, since when, and what would end the wait. Writes nothing.\n" +
            "Example: dbmigrate blockers --tree");
        var pids = new Argument<int[]>("PID") { Description = "Only what these sessions wait for.", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all-databases") { Description = "Waits in all databases of the server, and not only in this one." };
        var full = new Option<bool>("--full") { Description = "The queries uncut." };
        var tree = new Option<bool>("--tree") { Description = "The waits below their roots." };
        var wait = new Option<bool>("--wait") { Description = "Keep looking, once a second, and show waits that begin." };
        var timeout = DurationOption.Create("--timeout", "Keep looking for so long; 0 until stopped.");
        command.Arguments.Add(pids);
        var database = new DatabaseOption(command);
        foreach (var option in new Option[] { all, full, tree, wait, timeout })
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, token) =>
        {
            var only = parsed.GetValue(pids) is { Length: > 0 } given ? given : null;
            var options = new LockTreeOptions { ForPids = only, OnlyThisDatabase = !parsed.GetValue(all), FullQueries = parsed.GetValue(full) };
            var watch = parsed.GetValue(timeout) ?? (parsed.GetValue(wait) ? TimeSpan.Zero : null);
            return RunAsync(database.Target(parsed), options, parsed.GetValue(tree), watch, output, token);
        });
        return command;
    }

    public static async Task<int> RunAsync(
        DbTarget target, LockTreeOptions options, bool asTree, TimeSpan? watch, Output output, CancellationToken cancellationToken)
    {
        await using var session = await DbSession.OpenAsync(target, output, cancellationToken);
        if (watch is { } limit)
        {
            try
            {
                await foreach (var change in LockWatch.ReadAsync(session, options, TimeSpan.FromSeconds(1), limit, cancellationToken))
                {
                    Show(asTree ? change.Tree : change.Added, asTree, output);
                }
            }
            catch (OperationCanceledException) when (limit == TimeSpan.Zero && cancellationToken.IsCancellationRequested)
            {
                // There is no other way to end it.
            }

            return ExitCode.Done;
        }

        var waits = await LockTree.ReadAsync(session, options, cancellationToken);
        Show(waits, asTree, output);
        if (waits.Count == 0)
        {
            output.Line($"Nobody waits for a lock on {target}.");
        }

        return ExitCode.Done;
    }

    private static void Show(IReadOnlyList<BlockingQuery> waits, bool asTree, Output output)
    {
        if (!asTree)
        {
            foreach (var wait in waits)
            {
                output.Wait(wait);
            }

            return;
        }

        foreach (var root in BlockingTree.Arrange(waits).GroupBy(n => n.RootLine))
        {
            output.Line(root.Key);
            foreach (var node in root)
            {
                output.Wait(node);
            }
        }
    }
}
