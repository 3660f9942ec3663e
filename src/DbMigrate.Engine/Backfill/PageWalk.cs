using System.Globalization;

namespace DbMigrate.Engine.Backfill;

/// <summary>
/// Walks along the pages of a table that has no usable key. A position is the number of the last page that is done. From PostgreSQL 14 a range of ctid is
/// read as such (release notes of 14, "TID range scans"); before, each place of the pages is asked for by its own ctid.
/// </summary>
internal sealed class PageWalk(BackfillTable table, Version serverVersion) : IWalk
{
    public string Description => "pages";

    public bool RowsMove => true;

    public long FirstSize => 16;

    public long EstimatedSize => table.Pages;

    public string Describe(string[] position) => "page " + position[0];

    public void AddRange(SqlBuilder command, string[]? after, string[]? upTo)
    {
        var first = after is null ? 0 : Page(after) + 1;
        if (serverVersion.Major >= 14)
        {
            command.Add("ctid >= ").Value($"({first},0)").Add("::tid");
            if (upTo is not null)
            {
                command.Add(" AND ctid < ").Value($"({Page(upTo) + 1},0)").Add("::tid");
            }

            return;
        }

        // A row takes 28 bytes at least, 24 for its header and 4 for its pointer (manual 70.6 Database Page Layout).
        command.Add("ctid = ANY (ARRAY(SELECT ('(' || p || ',' || i || ')')::tid FROM generate_series(").Value(first).Add("::bigint, ");
        _ = upTo is null ? command.Add(LastPage) : command.Value(Page(upTo)).Add("::bigint");
        command.Add(") AS p, generate_series(1, current_setting('block_size')::int / 28) AS i))");
    }

    public SqlBuilder Ahead(string[]? after, string[]? end, long size)
    {
        var page = after is null ? size - 1 : Page(after) + size;
        var command = new SqlBuilder().Add("SELECT json_build_array(page::text)::text FROM (SELECT ").Value(page).Add("::bigint AS page) AS k WHERE page < ");
        return end is null ? command.Add(LastPage) : command.Value(Page(end)).Add("::bigint");
    }

    public SqlBuilder Cuts(int parts)
    {
        var positions = Enumerable.Range(1, parts - 1).Select(i => (table.Pages * i / parts) - 1).Where(page => page >= 0).Distinct();
        return new SqlBuilder().Add("SELECT json_build_array(page)::text FROM unnest(string_to_array(")
            .Value(string.Join(',', positions.Select(page => page.ToString(CultureInfo.InvariantCulture)))).Add(", ',')) AS page");
    }

    private string LastPage => string.Create(
        CultureInfo.InvariantCulture, $"pg_relation_size({table.Oid}) / current_setting('block_size')::bigint - 1");

    private static long Page(string[] position) => long.Parse(position[0], CultureInfo.InvariantCulture);
}
