using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Formats;

/// <summary>The table in which a tool records what it applied.</summary>
/// <param name="Schema">Its schema; null when <c>search_path</c> decides.</param>
/// <param name="Name">Its name, not quoted.</param>
public sealed partial record JournalTable(string? Schema, string Name)
{
    private const string Identifier = """(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*)""";

    /// <summary>Reads <c>table</c> or <c>schema.table</c> as SQL would: a part that is not quoted is folded to lower case.</summary>
    /// <exception cref="DbMigrateException"><c>InvalidJournalTable</c>.</exception>
    public static JournalTable Parse(string text)
    {
        var match = QualifiedName().Match(text);
        if (!match.Success)
        {
            throw new DbMigrateException(
                "InvalidJournalTable",
                ErrorKind.InvalidArgument,
                $"'{text}' does not name a table.",
                "Write table or schema.table; put a part with blanks, capitals or signs in double quotes.")
            {
                Subject = text,
            };
        }

        var schema = match.Groups["schema"];
        return new JournalTable(schema.Success ? Unquote(schema.Value) : null, Unquote(match.Groups["name"].Value));
    }

    /// <summary>Quoted for SQL (manual 4.1.1, quoted identifiers).</summary>
    public override string ToString() => Schema is null ? Quote(Name) : $"{Quote(Schema)}.{Quote(Name)}";

    /// <summary>Quotes an identifier.</summary>
    public static string Quote(string identifier) => "\"" + identifier.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    private static string Unquote(string identifier)
    {
        if (identifier[0] == '"')
        {
            return identifier[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal);
        }

        // The server folds ASCII letters only, whatever the locale (UTF-8 databases).
        return string.Concat(identifier.Select(static c => char.IsAsciiLetterUpper(c) ? char.ToLowerInvariant(c) : c));
    }

    [GeneratedRegex($"""^\s*(?:(?<schema>{Identifier})\s*\.\s*)?(?<name>{Identifier})\s*\z""")]
    private static partial Regex QualifiedName();
}
