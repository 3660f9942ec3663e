using System.CommandLine;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Cli;

/// <summary>The option that says which database.</summary>
internal sealed class DatabaseOption
{
    private readonly Option<string?> _databaseUrl = new("--database-url")
    {
        Description = "The database: postgres://user@host:5432/name, a keyword string, or service=name. Without it DATABASE_URL, " +
            "then the PG* variables. Others can read a password in an argument; it is safer in DATABASE_URL or ~/.pgpass.",
        HelpName = "URL",
    };

    public DatabaseOption(Command command)
    {
        command.Options.Add(_databaseUrl);
        _databaseUrl.Validators.Add(RefuseEmpty);
    }

    /// <summary>The database.</summary>
    public DbTarget Target(ParseResult parsed) => TargetResolver.Resolve(parsed.GetValue(_databaseUrl), Environment.GetEnvironmentVariable);

    /// <summary>An empty shell variable must not silently mean another database, or table.</summary>
    public static void RefuseEmpty(System.CommandLine.Parsing.OptionResult result)
    {
        if (result.Tokens is [{ Value: "" }])
        {
            result.AddError($"{result.Option.Name} is empty.");
        }
    }
}
