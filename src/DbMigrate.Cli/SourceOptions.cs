using System.CommandLine;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Cli;

/// <summary>The options that say which folder and which database.</summary>
internal sealed class SourceOptions
{
    private const string Formats = "sqlx|golang-migrate|prisma|efcore";

    private readonly Option<string?> _databaseUrl = new("--database-url")
    {
        Description = "The database: postgres://user@host:5432/name, a keyword string, or service=name. Without it DATABASE_URL, " +
            "then the PG* variables. Others can read a password in an argument; it is safer in DATABASE_URL or ~/.pgpass.",
        HelpName = "URL",
    };

    private readonly Option<string?> _format = new("--format")
    {
        Description = "The tool that made the folder. Without it the files tell.",
        HelpName = Formats,
    };

    private readonly Option<string?> _journalTable = new("--journal-table")
    {
        Description = "The tracking table, TABLE or SCHEMA.TABLE, where it is not the tool's usual one.",
        HelpName = "TABLE",
    };

    public SourceOptions(Command command, bool withDatabase = true)
    {
        command.Options.Add(_format);
        if (withDatabase)
        {
            command.Options.Add(_databaseUrl);
            command.Options.Add(_journalTable);
        }

        _databaseUrl.Validators.Add(RefuseEmpty);
        _journalTable.Validators.Add(RefuseEmpty);
        _format.Validators.Add(result =>
        {
            if (result.GetValue(_format) is { } text && Named(text) is null)
            {
                result.AddError($"--format is one of {Formats.Replace("|", ", ", StringComparison.Ordinal)}, not '{text}'.");
            }
        });

        static void RefuseEmpty(System.CommandLine.Parsing.OptionResult result)
        {
            // An empty shell variable must not silently mean another database.
            if (result.Tokens is [{ Value: "" }])
            {
                result.AddError($"{result.Option.Name} is empty.");
            }
        }
    }

    /// <summary>The PATH argument of the commands that take nothing else.</summary>
    public static Argument<string?> PathArgument() => new("PATH")
    {
        Description = "The migration folder, or an EF Core script. " +
            "Without it ./migrations, else ./prisma/migrations, else ./db/migrations.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    /// <summary>The folder.</summary>
    /// <exception cref="DbMigrateException">
    /// <c>NoPath</c> if it is empty, as an unset shell variable makes it; <c>FolderNotFound</c> if there is none to take.
    /// </exception>
    public MigrationSource Source(ParseResult parsed, string? path) => new(
        NotEmpty(path) ?? FolderLocator.Default(Directory.GetCurrentDirectory()), Format(parsed), parsed.GetValue(_journalTable));

    /// <summary>The database.</summary>
    public DbTarget Target(ParseResult parsed) => TargetResolver.Resolve(parsed.GetValue(_databaseUrl), Environment.GetEnvironmentVariable);

    /// <summary>The folder for a new migration; it need not be there when the format was given.</summary>
    /// <exception cref="DbMigrateException">As <see cref="Source"/>.</exception>
    public MigrationSource NewSource(ParseResult parsed, string? path)
    {
        if (NotEmpty(path) is { } named)
        {
            return new MigrationSource(named, Format(parsed));
        }

        var current = Directory.GetCurrentDirectory();
        var usual = FolderLocator.Usual(current) ?? Format(parsed) switch
        {
            null => FolderLocator.Default(current),
            MigrationFormat.Prisma => Path.Combine("prisma", "migrations"),
            _ => "migrations",
        };
        return new MigrationSource(usual, Format(parsed));
    }

    private MigrationFormat? Format(ParseResult parsed) => parsed.GetValue(_format) is { } text ? Named(text) : null;

    // As the cmdlets spell it, too: GolangMigrate, EfCore.
    private static MigrationFormat? Named(string text)
    {
        var name = text.Replace("-", "", StringComparison.Ordinal);
        return Enum.GetValues<MigrationFormat>()
            .Where(format => string.Equals(format.ToString(), name, StringComparison.OrdinalIgnoreCase))
            .Cast<MigrationFormat?>()
            .FirstOrDefault();
    }

    private static string? NotEmpty(string? path) => path != "" ? path : throw new DbMigrateException(
        "NoPath", ErrorKind.InvalidArgument, "PATH is empty.", "Name the folder, or leave PATH out for ./migrations.");
}
