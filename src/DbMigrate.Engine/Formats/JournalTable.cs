namespace DbMigrate.Engine.Formats;

/// <summary>The table in which a tool records what it applied.</summary>
/// <param name="Schema">Its schema; null when <c>search_path</c> decides.</param>
/// <param name="Name">Its name, not quoted.</param>
public sealed record JournalTable(string? Schema, string Name)
{
    /// <summary>Quoted for SQL (manual 4.1.1, quoted identifiers).</summary>
    public override string ToString() => Schema is null ? Quote(Name) : $"{Quote(Schema)}.{Quote(Name)}";

    /// <summary>Quotes an identifier.</summary>
    public static string Quote(string identifier) => "\"" + identifier.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
}
