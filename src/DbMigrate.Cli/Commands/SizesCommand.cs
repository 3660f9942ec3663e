using System.CommandLine;
using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Cli.Commands;

/// <summary><c>dbmigrate sizes</c>: the tables, the biggest first.</summary>
internal static class SizesCommand
{
    public static Command Create(Output output)
    {
        var command = new Command(
            "sizes",
            "Shows the tables of the database, the biggest first, with their dead rows and an estimate of their bloat.\n" +
            "Example: dbmigrate sizes --first 10");
        var database = new DatabaseOption(command);
        var first = Number.Option("--first", atLeast: 1, "Show this many.");
        var partitions = new Option<bool>("--partitions") { Description = "Show each partition instead of each partitioned table." };
        command.Options.Add(first);
        command.Options.Add(partitions);
        command.SetAction((parsed, token) =>
            RunAsync(database.Target(parsed), parsed.GetValue(first) ?? int.MaxValue, parsed.GetValue(partitions), output, token));
        return command;
    }

    public static async Task<int> RunAsync(DbTarget target, int first, bool listPartitions, Output output, CancellationToken cancellationToken)
    {
        await using var session = await DbSession.OpenAsync(target, output, cancellationToken);
        foreach (var table in (await TableSizes.ReadAsync(session, listPartitions, cancellationToken)).Take(first))
        {
            output.Size(table);
        }

        return ExitCode.Done;
    }
}
