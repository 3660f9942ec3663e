using System.CommandLine;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Cli;

/// <summary>The options that say which of the migrations.</summary>
internal sealed class SelectionOptions
{
    private readonly Option<string?> to;
    private readonly Option<int?> count;

    public SelectionOptions(Command command, string toDescription, string countDescription)
    {
        to = new("--to") { Description = toDescription, HelpName = "VERSION" };
        count = new("--count") { Description = countDescription, HelpName = "N" };
        command.Options.Add(to);
        command.Options.Add(count);
        command.Validators.Add(result =>
        {
            var given = result.GetValue(count);
            if (given < 1)
            {
                result.AddError("--count is 1 or more.");
            }

            if (given is not null && result.GetValue(to) is not null)
            {
                result.AddError("--to and --count exclude each other.");
            }
        });
    }

    /// <summary>The values.</summary>
    public MigrationSelection Selection(ParseResult parsed) => new() { To = parsed.GetValue(to), Count = parsed.GetValue(count) };
}
