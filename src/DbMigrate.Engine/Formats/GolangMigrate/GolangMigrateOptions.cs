using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Formats.GolangMigrate;

/// <summary>The options of a database URL that golang-migrate takes for itself (database/postgres/postgres.go, Open).</summary>
/// <param name="Table">The tracking table; its schema is null for CURRENT_SCHEMA().</param>
/// <param name="MultiStatement">Whether each statement is sent, and committed, alone.</param>
/// <param name="LockTable">Whether golang-migrate locks with a table, which only its pgx v4 driver can.</param>
internal sealed partial record GolangMigrateOptions(JournalTable Table, bool MultiStatement, bool LockTable)
{
    /// <summary>The table's name without the option.</summary>
    public const string DefaultTable = "schema_migrations";

    private const string TableKey = "x-migrations-table";
    private const string QuotedKey = "x-migrations-table-quoted";

    /// <summary>Reads the options.</summary>
    /// <exception cref="DbMigrateException"><c>InvalidToolOption</c>.</exception>
    public static GolangMigrateOptions Parse(IReadOnlyDictionary<string, string> options) =>
        new(ParseTable(options), Flag(options, "x-multi-statement"), options.GetValueOrDefault("x-lock-strategy") == "table");

    private static JournalTable ParseTable(IReadOnlyDictionary<string, string> options)
    {
        var text = options.GetValueOrDefault(TableKey) ?? "";
        if (!Flag(options, QuotedKey))
        {
            return new JournalTable(null, text.Length == 0 ? DefaultTable : text);
        }

        if (text.Length < 2 || text[0] != '"' || text[^1] != '"')
        {
            throw Invalid($"{TableKey} is '{text}', but with {QuotedKey} it has to be in double quotes");
        }

        // A doubled quote is no escape to golang-migrate: it ends one name and starts the next.
        return QuotedName().Matches(text).Select(m => m.Groups[1].Value).ToList() switch
        {
            [{ Length: > 0 } name] => new JournalTable(null, name),
            [{ Length: > 0 } schema, { Length: > 0 } name] => new JournalTable(schema, name),
            _ => throw Invalid($"{TableKey} is '{text}' and not one or two names in double quotes"),
        };
    }

    // Go's strconv.ParseBool.
    private static bool Flag(IReadOnlyDictionary<string, string> options, string key) => options.GetValueOrDefault(key) switch
    {
        null or "" or "0" or "f" or "F" or "FALSE" or "false" or "False" => false,
        "1" or "t" or "T" or "TRUE" or "true" or "True" => true,
        var other => throw Invalid($"{key} is '{other}' and neither true nor false"),
    };

    private static DbMigrateException Invalid(string what) => new(
        "InvalidToolOption",
        ErrorKind.InvalidArgument,
        $"The database URL's {what}.",
        "Write for example x-migrations-table=\"migrate\".\"schema_migrations\"&x-migrations-table-quoted=true.");

    [GeneratedRegex("\"(.*?)\"")]
    private static partial Regex QuotedName();
}
