namespace DbMigrate.Engine.Sql;

/// <summary>Cuts a script into statements where PostgreSQL would (manual 4.1 Lexical Structure), in linear time.</summary>
/// <remarks>
/// <para>
/// A statement ends at a semicolon that is not in parentheses and not in a BEGIN ATOMIC body; the last one may lack it. Nothing but comments between two
/// semicolons is no statement. What the server's parser accepts is cut as the server cuts it; in what it refuses, the refused statement may take
/// others with it, as it does in psql: after an opening parenthesis too many the rest of the script is one statement.
/// </para>
/// <para>
/// A backslash is an ordinary character in <c>'…'</c>, as <c>standard_conforming_strings</c> = on has it, until the script itself SETs that
/// to off; a setting that the session has from elsewhere is not known here.
/// </para>
/// </remarks>
public static class ScriptSplitter
{
    /// <summary>Reads a script as a stream: memory is bounded by the longest statement.</summary>
    /// <param name="script">UTF-8, with or without BOM; any line ends. Not disposed.</param>
    /// <param name="path">The file's name for error messages.</param>
    /// <returns>The statements, read as they are asked for: an error comes after the statements before it.</returns>
    /// <exception cref="DbMigrateException">
    /// <c>InvalidUtf8</c>, <c>InvalidCharacter</c> (NUL), <c>PsqlMetaCommand</c>, <c>CopyFromStdin</c>, <c>CopyToStdout</c>, <c>UnterminatedString</c>,
    /// <c>UnterminatedQuotedIdentifier</c>, <c>UnterminatedDollarQuote</c>, <c>UnterminatedComment</c>, <c>StatementTooLong</c> (1 GB), each with
    /// file, line and column.
    /// </exception>
    public static IEnumerable<SqlStatement> Split(Stream script, string path)
    {
        var reader = new ScriptReader(script, path);
        while (reader.Read() is { } statement)
        {
            yield return statement;
        }
    }
}
