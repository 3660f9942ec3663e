using System.CommandLine;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Cli.Commands;

/// <summary><c>dbmigrate migrate-info [PATH]</c>: every migration with its state. Writes nothing.</summary>
internal static class MigrateInfoCommand
{
    public static Command Create(Output output)
    {
        var command = new Command(
            "migrate-info",
            "Shows every migration of a folder with its state in the database. Writes nothing, not even the tracking table.\n" +
            "Example: dbmigrate migrate-info ./migrations --database-url postgres://app@db1/orders");
        var path = SourceOptions.PathArgument();
        command.Arguments.Add(path);
        var source = new SourceOptions(command);
        command.SetAction((parsed, token) => RunAsync(source.Source(parsed, parsed.GetValue(path)), source.Target(parsed), output, token));
        return command;
    }

    public static async Task<int> RunAsync(MigrationSource source, DbTarget target, Output output, CancellationToken cancellationToken)
    {
        await using var project = await MigrationProject.OpenAsync(source, target, output, cancellationToken);
        foreach (var status in await project.GetStatusAsync(cancellationToken))
        {
            output.Status(status);
        }

        return ExitCode.Done;
    }
}
