using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>A statement of a script that writes the history: the last one of each migration.</summary>
/// <param name="Table">The table it writes.</param>
/// <param name="IdColumn">The column of the id.</param>
/// <param name="VersionColumn">The column of EF Core's version; null for a DELETE.</param>
/// <param name="Id">The migration's id.</param>
/// <param name="Version">EF Core's version; null for a DELETE.</param>
internal sealed partial record HistoryRow(JournalTable Table, string IdColumn, string? VersionColumn, string Id, string? Version)
{
    /// <summary>Whether it takes a row away: the script undoes migrations.</summary>
    public bool Deletes => VersionColumn is null;

    /// <summary>Whether its columns are those of a history table by their names alone.</summary>
    public bool HasKnownColumns =>
        HistoryTable.IsIdColumn(IdColumn) && (VersionColumn is null || HistoryTable.IsVersionColumn(VersionColumn));

    /// <summary>Reads a statement; null when it is not of this form.</summary>
    public static HistoryRow? Read(string statement)
    {
        if (Insert().Match(statement) is { Success: true } insert)
        {
            return new HistoryRow(
                HistoryTable.ParseName(insert.Groups["table"].Value),
                HistoryTable.Unquote(insert.Groups["idColumn"].Value),
                HistoryTable.Unquote(insert.Groups["versionColumn"].Value),
                Value(insert, "id"),
                Value(insert, "version"));
        }

        return Delete().Match(statement) is { Success: true } delete
            ? new HistoryRow(
                HistoryTable.ParseName(delete.Groups["table"].Value),
                HistoryTable.Unquote(delete.Groups["idColumn"].Value),
                null,
                Value(delete, "id"),
                null)
            : null;
    }

    /// <summary>Where a line inside a statement begins like a history row; -1 when none does.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="history">The table, when it is known already.</param>
    public static int FindInside(string statement, HistoryTable? history)
    {
        for (var match = Inside().Match(statement, 1); match.Success; match = match.NextMatch())
        {
            var column = HistoryTable.Unquote(match.Groups["idColumn"].Value);
            var known = history is not null && column == history.IdColumn
                && HistoryTable.ParseName(match.Groups["table"].Value) == history.Table;
            if (known || HistoryTable.IsIdColumn(column))
            {
                return match.Index;
            }
        }

        return -1;
    }

    private static string Value(Match match, string group) => match.Groups[group].Value.Replace("''", "'", StringComparison.Ordinal);

    [GeneratedRegex(
        @"\AINSERT\s+INTO\s+(?<table>" + HistoryTable.Name + @")\s*\(\s*(?<idColumn>" + HistoryTable.Identifier + @")\s*,\s*(?<versionColumn>"
        + HistoryTable.Identifier + @")\s*\)\s*VALUES\s*\(\s*'(?<id>(?>(?:[^']+|'')*))'\s*,\s*'(?<version>(?>(?:[^']+|'')*))'\s*\)(?:\s*ON\s+CONFLICT\s*(?:\([^()]*\))?\s*DO\s+NOTHING)?\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Insert();

    [GeneratedRegex(
        @"\ADELETE\s+FROM\s+(?<table>" + HistoryTable.Name + @")\s+WHERE\s+(?<idColumn>" + HistoryTable.Identifier
        + @")\s*=\s*'(?<id>(?>(?:[^']+|'')*))'\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Delete();

    [GeneratedRegex(
        @"^(?:INSERT\s+INTO\s+(?<table>" + HistoryTable.Name + @")\s*\(\s*(?<idColumn>" + HistoryTable.Identifier + @")\s*,\s*"
        + HistoryTable.Identifier + @"\s*\)\s*VALUES\b|DELETE\s+FROM\s+(?<table>" + HistoryTable.Name + @")\s+WHERE\s+(?<idColumn>"
        + HistoryTable.Identifier + @")\s*=)",
        RegexOptions.IgnoreCase | RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Inside();
}
