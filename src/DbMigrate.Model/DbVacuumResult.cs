namespace DbMigrate;

/// <summary>What a VACUUM or ANALYZE did.</summary>
public sealed record DbVacuumResult
{
    /// <summary>Schema and name of the table, quoted for SQL where needed.</summary>
    public required string Table { get; init; }

    /// <summary>The statement's first words: <c>VACUUM</c>, <c>VACUUM (ANALYZE)</c>, <c>VACUUM (FULL)</c>, <c>ANALYZE</c>, …</summary>
    public required string Command { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How long it took, waiting for locks included.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Table, indexes and TOAST before, in bytes; a partitioned table with all its partitions.</summary>
    public required long SizeBefore { get; init; }

    /// <summary>The same afterwards. Plain VACUUM makes room inside the table; it gives only empty pages at its end back to the disk. Null when it could not
    /// be read any more, for example because an ALTER TABLE has locked the table since.</summary>
    public required long? SizeAfter { get; init; }

    /// <summary>Dead rows before, as the server counts them.</summary>
    public required long DeadRowsBefore { get; init; }

    /// <summary>The same afterwards; null after VACUUM FULL without ANALYZE, which the server does not count, and where <see cref="SizeAfter"/> is null.</summary>
    public long? DeadRowsAfter { get; init; }

    /// <summary>How many pages the table itself, without indexes and TOAST, became shorter; below zero when it grew meanwhile; null where <see cref="SizeAfter"/> is.</summary>
    public required long? PagesRemoved { get; init; }

    /// <summary>The server's own report (VERBOSE), line by line, in the server's language.</summary>
    public required IReadOnlyList<string> Messages { get; init; }

    /// <summary>The database.</summary>
    public DbTarget? Target { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Command} {Table}";
}
