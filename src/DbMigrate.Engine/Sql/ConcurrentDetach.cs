namespace DbMigrate.Engine.Sql;

/// <summary>
/// What ALTER TABLE … DETACH PARTITION … CONCURRENTLY is about: it commits half-way, and when it fails then it has to be ended by FINALIZE (manual, ALTER TABLE).
/// </summary>
/// <param name="Table">The partitioned table.</param>
/// <param name="Partition">The partition.</param>
public sealed record ConcurrentDetach(SqlName Table, SqlName Partition)
{
    /// <summary>Reads a statement; null when it is something else.</summary>
    public static ConcurrentDetach? Parse(ReadOnlySpan<char> statement)
    {
        var cursor = new TokenCursor(statement);
        return cursor.Accept("ALTER", "TABLE") ? ReadBehindTable(cursor) : null;
    }

    /// <summary>Reads what follows ALTER TABLE; null when it is something else.</summary>
    internal static ConcurrentDetach? ReadBehindTable(TokenCursor cursor)
    {
        cursor.Accept("IF", "EXISTS");
        cursor.Accept("ONLY");
        var table = cursor.Name();
        cursor.AcceptOperator("*");
        return table is not null && cursor.Accept("DETACH", "PARTITION") && cursor.Name() is { } partition && cursor.Accept("CONCURRENTLY")
            ? new ConcurrentDetach(table, partition)
            : null;
    }
}
