using System.Text;
using System.Text.RegularExpressions;
using DbMigrate.Engine.Sql;

namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>
/// Lifts the command of a block out of it. In the block it is PL/pgSQL, indented; outside it is SQL, byte for byte what the plain script has.
/// </summary>
internal static partial class GuardBody
{
    /// <summary>The statements of a block.</summary>
    /// <param name="script">The file.</param>
    /// <param name="guard">The block.</param>
    /// <param name="statements">What the splitter found between its first and last line, at their places in the file.</param>
    /// <param name="outside">The script runs the block outside a transaction.</param>
    public static IEnumerable<ScriptStatement> Lift(byte[] script, Guard guard, IReadOnlyList<SqlStatement> statements, bool outside) =>
        statements.Any(s => PlPgSqlOnly().IsMatch(s.Text))
            ? [AsDo(script, guard, outside)]
            : statements.Select(s => AsSql(s, outside));

    private static ScriptStatement AsSql(SqlStatement statement, bool outside)
    {
        var text = Unindent(statement.Text);
        if (!Perform().IsMatch(text))
        {
            return new ScriptStatement(text, statement.Kind, statement.Line, statement.Column, Guard.Indent, outside);
        }

        // Npgsql's provider writes PERFORM in blocks where the plain script has SELECT. SELECT is one character shorter: with the column of its second
        // character all that follows is at its place.
        return new ScriptStatement(
            "SELECT" + text["PERFORM".Length..], StatementKind.Query, statement.Line, statement.Column + 1, Guard.Indent, outside);
    }

    private static ScriptStatement AsDo(byte[] script, Guard guard, bool outside)
    {
        var body = Encoding.UTF8.GetString(script, guard.BodyStart, guard.BodyEnd - guard.BodyStart);
        var newLine = body.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        var tag = "$EF$";
        for (var i = 1; body.Contains(tag, StringComparison.Ordinal); i++)
        {
            tag = $"$EF{i}$";
        }

        // BEGIN takes the place of the condition's line, so the command's lines keep their distance.
        return new ScriptStatement(
            $"DO {tag}{newLine}BEGIN{newLine}{Unindent("\n" + body)[1..]}END {tag}", StatementKind.Do, guard.BodyLine - 2, 1, Guard.Indent, outside);
    }

    // The exact reverse of what EF Core does: it puts four blanks before every line that is not empty.
    private static string Unindent(string text) => text.Replace("\n    ", "\n", StringComparison.Ordinal);

    [GeneratedRegex(@"\APERFORM\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Perform();

    // Statements that only PL/pgSQL has (manual 43.3 to 43.9): EnsureSchema writes IF; the others come from projects that only ever run idempotent scripts.
    // BEGIN begins a block unless it is the statement of that name.
    [GeneratedRegex(
        @"\A(?:(?:IF|DECLARE|FOR|FOREACH|WHILE|LOOP|CASE|RAISE|ASSERT|NULL|RETURN|EXECUTE)\b|<<|BEGIN\s+(?!WORK\b|TRANSACTION\b|ISOLATION\b|READ\b|NOT\b|DEFERRABLE\b))",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex PlPgSqlOnly();
}
