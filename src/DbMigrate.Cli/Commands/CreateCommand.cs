using System.CommandLine;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Cli.Commands;

/// <summary><c>dbmigrate create [PATH] NAME</c>: makes the files of a new migration. Needs no database.</summary>
internal static class CreateCommand
{
    public static Command Create(Output output)
    {
        var command = new Command(
            "create",
            "Creates the files of a new migration in the folder's own numbering and style.\n" +
            "Example: dbmigrate create ./migrations \"add order notes\"");
        var words = PathAndWord.Argument("NAME", "What the migration does, in words.");
        var reversible = new Option<bool?>("--reversible")
        {
            Description = "A down file as well, or none with '--reversible false'. Without it, what the folder does.",
        };
        var whatIf = new Option<bool>("--what-if") { Description = "Only tell which files would be made." };
        command.Arguments.Add(words);
        var source = new SourceOptions(command, withDatabase: false);
        command.Options.Add(reversible);
        command.Options.Add(whatIf);
        command.SetAction(parsed =>
        {
            var (path, name) = PathAndWord.Of(parsed, words);
            return Run(source.NewSource(parsed, path), name, parsed.GetValue(reversible), parsed.GetValue(whatIf), output);
        });
        return command;
    }

    public static int Run(MigrationSource source, string name, bool? reversible, bool whatIf, Output output)
    {
        foreach (var path in NewMigration.Create(source, name, reversible, write: !whatIf))
        {
            output.File(path, created: !whatIf);
        }

        return ExitCode.Done;
    }
}
