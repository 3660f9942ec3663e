namespace DbMigrate.Engine.Sql;

/// <summary>Cuts a script into statements where PostgreSQL would (manual 4.1 Lexical Structure), in linear time.</summary>
public static class ScriptSplitter
{
    /// <summary>Reads a script as a stream: memory is bounded by the longest statement.</summary>
    /// <param name="script">UTF-8, with or without BOM; any line ends. Not disposed.</param>
    /// <param name="path">The file's name for error messages.</param>
    /// <exception cref="DbMigrateException">
    /// <c>InvalidUtf8</c>, <c>PsqlMetaCommand</c>, <c>CopyFromStdin</c>, <c>UnterminatedString</c>, <c>UnterminatedQuotedIdentifier</c>, <c>UnterminatedDollarQuote</c>,
    /// <c>UnterminatedComment</c>, each with file, line and column.
    /// </exception>
    public static IEnumerable<SqlStatement> Split(Stream script, string path) => throw new NotImplementedException();
}
