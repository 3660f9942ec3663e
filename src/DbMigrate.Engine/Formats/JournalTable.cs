namespace DbMigrate.Engine.Formats;

/// <summary>The table in which a tool records what it applied.</summary>
/// <param name="Schema">Its schema; null when <c>search_path</c> decides.</param>
/// <param name="Name">Its name, not quoted.</param>
public sealed record JournalTable(string? Schema, string Name)
{
    /// <summary>Quoted for SQL (manual 4.1.1, quoted identifiers).</summary>
    public override string ToString() => Schema is null ? Quote(Name) : $"{Quote(Schema)}.{Quote(Name)}";

    /// <summary>
    /// Reads a name as SQL spells it: <c>table</c>, <c>schema.table</c>, <c>"Schema"."Table"</c>. Names without quotes stay as they are
    /// typed, since most tools quote what they are given.
    /// </summary>
    /// <exception cref="DbMigrateException"><c>InvalidTableName</c>.</exception>
    public static JournalTable Parse(string text)
    {
        var parts = new List<string>();
        var rest = text.Trim();
        while (true)
        {
            var quoted = rest.StartsWith('"');
            var end = quoted ? ClosingQuote(rest) : rest.IndexOf('.', StringComparison.Ordinal) is var dot and >= 0 ? dot : rest.Length;
            if (end < 0)
            {
                break;
            }

            parts.Add(quoted ? rest[1..end].Replace("\"\"", "\"", StringComparison.Ordinal) : rest[..end]);
            rest = rest[(quoted ? end + 1 : end)..];
            if (rest.Length == 0)
            {
                break;
            }

            if (rest[0] != '.')
            {
                parts.Clear();
                break;
            }

            rest = rest[1..];
        }

        return parts is [{ Length: > 0 } name]
            ? new JournalTable(null, name)
            : parts is [{ Length: > 0 } schema, { Length: > 0 } table]
                ? new JournalTable(schema, table)
                : throw new DbMigrateException(
                    "InvalidTableName", ErrorKind.InvalidArgument, $"'{text}' is not the name of a table.", "Write table, schema.table or \"Schema\".\"Table\".")
                { Subject = text };
    }

    private static int ClosingQuote(string text)
    {
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] != '"')
            {
                continue;
            }

            if (i + 1 < text.Length && text[i + 1] == '"')
            {
                i++;
                continue;
            }

            return i;
        }

        return -1;
    }

    /// <summary>Quotes an identifier.</summary>
    public static string Quote(string identifier) => "\"" + identifier.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
}
