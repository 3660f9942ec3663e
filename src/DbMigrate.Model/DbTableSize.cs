namespace DbMigrate;

/// <summary>How much room a table takes. Sizes are bytes on the server's disk.</summary>
public sealed record DbTableSize
{
    /// <summary>The schema's name, not quoted.</summary>
    public required string Schema { get; init; }

    /// <summary>The table's name, not quoted.</summary>
    public required string Name { get; init; }

    /// <summary>Schema and name, quoted for SQL where needed.</summary>
    public required string Table { get; init; }

    /// <summary>What kind of table it is.</summary>
    public required DbTableKind Kind { get; init; }

    /// <summary>How many partitions hold its rows; 0 for a table that is not partitioned.</summary>
    public int Partitions { get; init; }

    /// <summary>Table, indexes and TOAST together.</summary>
    public required long TotalSize { get; init; }

    /// <summary>The table alone, with its free space map and visibility map.</summary>
    public required long TableSize { get; init; }

    /// <summary>All its indexes.</summary>
    public required long IndexSize { get; init; }

    /// <summary>The TOAST table, which holds long values, with its index.</summary>
    public required long ToastSize { get; init; }

    /// <summary>How many rows it has: the planner's estimate, from the last VACUUM or ANALYZE; before the first one, what the server counted.</summary>
    public required long Rows { get; init; }

    /// <summary>How many dead rows are to be removed by VACUUM, as the server counts them; 0 again when its statistics were reset.</summary>
    public required long DeadRows { get; init; }

    /// <summary>Dead rows among all rows, 0 to 100.</summary>
    public double DeadPercent => Rows + DeadRows == 0 ? 0 : Math.Round(100.0 * DeadRows / (Rows + DeadRows), 1);

    /// <summary>
    /// An estimate of how many bytes VACUUM FULL would take off the table, not counting indexes and TOAST: the pages it has, less those that its rows need by
    /// their average width in <c>pg_stats</c> and the table's fillfactor. Space between columns (alignment) is not known to it, so some percent are normal.
    /// Null when the table has not been analysed, or the role may not read its statistics.
    /// </summary>
    public long? BloatSize { get; init; }

    /// <summary>The bloat's share of the table, 0 to 100.</summary>
    public double? BloatPercent => BloatSize is null ? null : TableSize == 0 ? 0 : Math.Round(100.0 * BloatSize.Value / TableSize, 1);

    /// <summary>The last VACUUM by hand; of a partitioned table the one that is longest ago, null when a partition never had one.</summary>
    public DateTimeOffset? LastVacuum { get; init; }

    /// <summary>The last VACUUM by autovacuum; likewise.</summary>
    public DateTimeOffset? LastAutovacuum { get; init; }

    /// <summary>The last ANALYZE by hand; likewise.</summary>
    public DateTimeOffset? LastAnalyze { get; init; }

    /// <summary>The last ANALYZE by autovacuum; likewise.</summary>
    public DateTimeOffset? LastAutoanalyze { get; init; }

    /// <summary>
    /// The table is locked for everybody (ALTER TABLE, VACUUM FULL, …), so that its files could not be measured without waiting: the sizes are
    /// those of the last VACUUM or ANALYZE.
    /// </summary>
    public bool IsLocked { get; init; }

    /// <summary>The database.</summary>
    public DbTarget? Target { get; init; }

    /// <summary>Schema and name, quoted for SQL where needed.</summary>
    public override string ToString() => Table;
}
