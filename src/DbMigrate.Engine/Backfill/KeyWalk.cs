using System.Globalization;
using DbMigrate.Engine.Formats;

namespace DbMigrate.Engine.Backfill;

/// <summary>
/// Walks along a unique index of columns that cannot be NULL, of whichever types: the server compares them, we carry their text. Several columns are
/// compared row-wise, which a B-tree does with one search (manual 9.25.5 Row Constructor Comparison).
/// </summary>
internal sealed class KeyWalk(BackfillTable table, bool isPrimary, IReadOnlyList<string> columns) : IWalk
{
    /// <summary>Enough keys to cut by; a sample of pages is read for them.</summary>
    private const int SampledRows = 20_000;

    private readonly string[] _quoted = [.. columns.Select(JournalTable.Quote)];

    public string Description => $"{(isPrimary ? "primary key" : "unique index")} ({string.Join(", ", columns)})";

    public bool RowsMove => false;

    public long FirstSize => 1000;

    public long EstimatedSize => table.EstimatedRows ?? 0;

    private string Key => columns.Count == 1 ? _quoted[0] : $"({string.Join(", ", _quoted)})";

    public string Describe(string[] position) => string.Join(", ", columns.Zip(position, (column, value) => $"{column} = {value}"));

    public void AddRange(SqlBuilder command, string[]? after, string[]? upTo)
    {
        command.Add(after is null && upTo is null ? "true" : "");
        if (after is not null)
        {
            Compare(command, ">", after);
        }

        if (upTo is not null)
        {
            command.Add(after is null ? "" : " AND ");
            Compare(command, "<=", upTo);
        }
    }

    public SqlBuilder Ahead(string[]? after, string[]? end, long size)
    {
        // The texts are made for the one row that is kept, not for each that is passed.
        var command = new SqlBuilder().Add($"SELECT {Texts()} FROM (SELECT {Aliased()} FROM {table.From} WHERE ");
        AddRange(command, after, end);
        return command.Add($" ORDER BY {string.Join(", ", _quoted)} OFFSET ").Value(size - 1).Add("::bigint LIMIT 1) AS k");
    }

    public SqlBuilder Cuts(int parts)
    {
        var percent = table.EstimatedRows is > SampledRows and var rows ? Math.Max(100.0 * SampledRows / rows, 0.001) : 100;
        var names = string.Join(", ", _quoted.Select((_, i) => "c" + i.ToString(CultureInfo.InvariantCulture)));
        return new SqlBuilder().Add(
            $"""
            SELECT {Texts()} FROM (
                SELECT {names}, row_number() OVER (ORDER BY {names}) AS i, count(*) OVER () AS n
                FROM (SELECT {Aliased()} FROM {table.From} TABLESAMPLE SYSTEM ({percent.ToString("0.#####", CultureInfo.InvariantCulture)})) AS s) AS k
            WHERE i < n AND i * {parts} / n <> (i - 1) * {parts} / n ORDER BY i
            """);
    }

    private void Compare(SqlBuilder command, string sign, string[] position)
    {
        command.Add($"{Key} {sign} ").Add(position.Length == 1 ? "" : "(");
        for (var i = 0; i < position.Length; i++)
        {
            command.Add(i == 0 ? "" : ", ").Value(position[i]);
        }

        command.Add(position.Length == 1 ? "" : ")");
    }

    private string Aliased() => string.Join(", ", _quoted.Select((name, i) => string.Create(CultureInfo.InvariantCulture, $"{name} AS c{i}")));

    private string Texts() => $"json_build_array({string.Join(", ", _quoted.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"k.c{i}::text")))})::text";
}
