using System.CommandLine;
using DbMigrate.Engine.Sql;

namespace DbMigrate.Cli.Commands;

/// <summary><c>dbmigrate statements FILE…</c>: where scripts are cut into statements. Needs no database.</summary>
internal static class StatementsCommand
{
    public static Command Create(Output output)
    {
        var command = new Command(
            "statements",
            "Shows where scripts are cut into statements: position in bytes, line, column and kind of each.\n" +
            "Example: dbmigrate statements ./migrations/*.sql --json");
        var files = new Argument<string[]>("FILE") { Description = "SQL scripts.", Arity = ArgumentArity.OneOrMore };
        command.Arguments.Add(files);
        command.SetAction((parsed, token) => Task.FromResult(Run(parsed.GetRequiredValue(files), output, token)));
        return command;
    }

    public static int Run(IEnumerable<string> files, Output output, CancellationToken cancellationToken)
    {
        foreach (var file in files)
        {
            using var script = Open(file);
            foreach (var statement in ScriptSplitter.Split(script, file))
            {
                cancellationToken.ThrowIfCancellationRequested();
                output.Statement(file, statement);
            }
        }

        return ExitCode.Done;
    }

    private static FileStream Open(string file)
    {
        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 128 * 1024, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new DbMigrateException(
                "UnreadableFile", ErrorKind.NotFound, $"Cannot read '{file}': {e.Message}", "Check the path and its permissions.", e);
        }
    }
}
