using System.CommandLine;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Cli;

/// <summary>The options that say which folder and which database.</summary>
internal sealed class SourceOptions
{
    private const string Formats = "sqlx|golang-migrate|prisma|efcore";

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

    private readonly DatabaseOption? _database;

    public SourceOptions(Command command, bool withDatabase = true)
    {
        command.Options.Add(_format);
        if (withDatabase)
        {
            _database = new DatabaseOption(command);
            command.Options.Add(_journalTable);
        }

        _journalTable.Validators.Add(DatabaseOption.RefuseEmpty);
        _format.Validators.Add(result =>
        {
            if (result.GetValue(_format) is { } text && Named(text) is null)
            {
                result.AddError($"--format is one of {Formats.Replace("|", ", ", StringComparison.Ordinal)}, not '{text}'.");
            }
        });
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
    public DbTarget Target(ParseResult parsed) => _database!.Target(parsed);

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
