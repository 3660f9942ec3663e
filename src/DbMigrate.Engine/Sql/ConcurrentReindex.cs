namespace DbMigrate.Engine.Sql;

/// <summary>What REINDEX CONCURRENTLY is about: needed to find the invalid <c>_ccnew</c> and <c>_ccold</c> indexes that it leaves behind when it fails.</summary>
/// <param name="Name">The index or table; null for all of the database, or of a schema.</param>
/// <param name="Schema">The schema of REINDEX SCHEMA.</param>
public sealed record ConcurrentReindex(SqlName? Name, string? Schema = null)
{
    /// <summary>Reads a statement; null when it is something else.</summary>
    public static ConcurrentReindex? Parse(ReadOnlySpan<char> statement)
    {
        var cursor = new TokenCursor(statement);
        if (!cursor.Accept("REINDEX"))
        {
            return null;
        }

        var concurrently = cursor.Option("CONCURRENTLY") == true;
        cursor.AcceptParentheses();
        var isOne = cursor.Is("INDEX") || cursor.Is("TABLE");
        var isSchema = cursor.Is("SCHEMA");
        cursor.Next();
        concurrently |= cursor.Accept("CONCURRENTLY");
        return !concurrently ? null
            : isOne ? new ConcurrentReindex(cursor.Name())
            : new ConcurrentReindex(null, isSchema ? cursor.Name()?.Name : null);
    }
}
