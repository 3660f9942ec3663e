namespace DbMigrate.Engine.Sql;

/// <summary>
/// What CREATE INDEX CONCURRENTLY or DROP INDEX CONCURRENTLY is about: needed to find the invalid index that one leaves behind when it fails.
/// </summary>
/// <param name="Index">The index; null when CREATE leaves the name to the server. A new index is always in its table's schema.</param>
/// <param name="Table">The table of CREATE; null for DROP.</param>
/// <param name="Conditional">Whether it says IF NOT EXISTS (which an invalid index satisfies) or IF EXISTS.</param>
public sealed record ConcurrentIndex(SqlName? Index, SqlName? Table, bool Conditional)
{
    /// <summary>Reads a statement; null when it is neither of the two.</summary>
    public static ConcurrentIndex? Parse(ReadOnlySpan<char> statement)
    {
        var cursor = new TokenCursor(statement);
        if (cursor.Accept("DROP", "INDEX", "CONCURRENTLY"))
        {
            var exists = cursor.Accept("IF", "EXISTS");
            return new ConcurrentIndex(cursor.Name(), null, exists);
        }

        if (!cursor.Accept("CREATE", "INDEX", "CONCURRENTLY")
            && !(cursor.Accept("CREATE", "UNIQUE", "INDEX") && cursor.Accept("CONCURRENTLY")))
        {
            return null;
        }

        var notExists = cursor.Accept("IF", "NOT", "EXISTS");
        var index = cursor.Is("ON") ? null : cursor.Name();
        cursor.Accept("ON");
        cursor.Accept("ONLY");
        var table = cursor.Name();
        return new ConcurrentIndex(index is null ? null : index with { Schema = table?.Schema }, table, notExists);
    }
}
