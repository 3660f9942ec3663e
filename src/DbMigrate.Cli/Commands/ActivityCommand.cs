using System.CommandLine;
using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Cli.Commands;

/// <summary><c>dbmigrate activity</c>: what goes on in a database.</summary>
internal static class ActivityCommand
{
    public static Command Create(Output output)
    {
        var command = new Command(
            "activity",
            "Shows the size of the database, its connections, long statements, forgotten transactions and replication.\n" +
            "Example: dbmigrate activity --older-than 5min");
        var database = new DatabaseOption(command);
        var olderThan = DurationOption.Create(
            "--older-than", "List statements that run, and transactions that do nothing, for longer than this. [default: 1min]");
        command.Options.Add(olderThan);
        command.SetAction((parsed, token) => RunAsync(database.Target(parsed), parsed.GetValue(olderThan) ?? TimeSpan.FromMinutes(1), output, token));
        return command;
    }

    public static async Task<int> RunAsync(DbTarget target, TimeSpan olderThan, Output output, CancellationToken cancellationToken)
    {
        await using var session = await DbSession.OpenAsync(target, output, cancellationToken);
        output.Activity(await ActivityReader.ReadAsync(session, olderThan, cancellationToken));
        return ExitCode.Done;
    }
}
