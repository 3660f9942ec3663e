using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>The migration history table as the scripts name it.</summary>
/// <param name="Table">Its name.</param>
/// <param name="IdColumn">The column of the migration id, not quoted.</param>
/// <param name="VersionColumn">The column of EF Core's version, not quoted.</param>
internal sealed record HistoryTable(JournalTable Table, string IdColumn, string VersionColumn)
{
    /// <summary>An identifier: quoted, or bare (manual 4.1.1).</summary>
    internal const string Identifier = """(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{Nd}_$]*)""";

    /// <summary>A table's name with or without its schema.</summary>
    internal const string Name = "(?:" + Identifier + @"\s*\.\s*)?" + Identifier;

    /// <summary>What EF Core uses when the project says nothing else.</summary>
    public static HistoryTable Default { get; } = new(new JournalTable(null, "__EFMigrationsHistory"), "MigrationId", "ProductVersion");

    /// <summary>
    /// The parenthesised part of the script's own CREATE TABLE, where it has one: a project may have added columns or changed lengths.
    /// </summary>
    public string? Definition { get; init; }

    /// <summary>What an identifier of a script stands for: a bare one is in lower case.</summary>
    public static string Unquote(string identifier) => identifier[0] == '"'
        ? identifier[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal)
        : identifier.ToLowerInvariant();

    /// <summary>Reads <c>table</c> or <c>schema.table</c> as a script writes it.</summary>
    public static JournalTable ParseName(string name)
    {
        var parts = Regex.Matches(name, Identifier).Select(m => Unquote(m.Value)).ToList();
        return parts.Count == 1 ? new JournalTable(null, parts[0]) : new JournalTable(parts[0], parts[1]);
    }

    /// <summary>Whether a column is what EF Core calls <c>MigrationId</c>, also as a naming convention writes it (<c>migration_id</c>).</summary>
    public static bool IsIdColumn(string column) => IsCalled(column, "migrationid");

    /// <summary>Whether a column is what EF Core calls <c>ProductVersion</c>, also as a naming convention writes it.</summary>
    public static bool IsVersionColumn(string column) => IsCalled(column, "productversion");

    private static bool IsCalled(string column, string name) =>
        column.Replace("_", "", StringComparison.Ordinal).Equals(name, StringComparison.OrdinalIgnoreCase);
}
