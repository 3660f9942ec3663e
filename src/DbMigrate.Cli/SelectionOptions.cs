using System.CommandLine;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Cli;

/// <summary>The options that say which of the migrations.</summary>
internal sealed class SelectionOptions
{
    private readonly Option<string?> _to;
    private readonly Option<int?> _count;

    public SelectionOptions(Command command, string toDescription, string countDescription)
    {
        _to = new("--to") { Description = toDescription, HelpName = "VERSION" };
        _count = Number.Option("--count", atLeast: 1, countDescription);
        command.Options.Add(_to);
        command.Options.Add(_count);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_count) is not null && result.GetResult(_to) is not null)
            {
                result.AddError("--to and --count exclude each other.");
            }
        });
    }

    /// <summary>The values.</summary>
    public MigrationSelection Selection(ParseResult parsed) => new() { To = parsed.GetValue(_to), Count = parsed.GetValue(_count) };
}
