using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Sql;

/// <summary>What has to be known of a DO statement before it is sent.</summary>
public static class DoStatement
{
    /// <summary>
    /// Whether the code commits or rolls back, which it may only outside of a transaction block (manual 41.8 Transaction Management).
    /// In PL/pgSQL comments, strings and names do not count; in any other language the mere word counts.
    /// </summary>
    /// <param name="statement">A DO statement.</param>
    public static bool EndsTransaction(ReadOnlySpan<char> statement)
    {
        var cursor = new TokenCursor(statement);
        if (!cursor.Accept("DO"))
        {
            return false;
        }

        var code = "";
        var language = "plpgsql";
        while (cursor.Token.Kind != SqlTokenKind.None)
        {
            if (cursor.Accept("LANGUAGE"))
            {
                language = cursor.String() ?? cursor.Name()?.Name ?? language;
            }
            else if (cursor.String() is { } text)
            {
                code = text;
            }
            else
            {
                cursor.Next();
            }
        }

        return language == "plpgsql"
            ? HasTransactionCommand(code)
            : Regex.IsMatch(code, @"\b(commit|rollback)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
    }

    // COMMIT; or ROLLBACK AND CHAIN; where a statement can start.
    private static bool HasTransactionCommand(string code)
    {
        var cursor = new TokenCursor(code);
        var start = true;
        while (cursor.Token.Kind != SqlTokenKind.None)
        {
            if (start && (cursor.Accept("COMMIT") || cursor.Accept("ROLLBACK"))
                && (cursor.Token.Kind == SqlTokenKind.Semicolon || cursor.Is("AND")))
            {
                return true;
            }

            start = cursor.Token.Kind == SqlTokenKind.Semicolon || cursor.Is("BEGIN") || cursor.Is("THEN") || cursor.Is("ELSE") || cursor.Is("LOOP")
                || (cursor.Token.Kind == SqlTokenKind.Operator && cursor.Text.SequenceEqual(">>"));
            cursor.Next();
        }

        return false;
    }
}
