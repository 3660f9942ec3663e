namespace DbMigrate.Engine.Sql;

/// <summary>
/// Follows <c>standard_conforming_strings</c> through a script: on at first (the default since PostgreSQL 9.1), and as SET and RESET say then. Other
/// ways to change it (set_config, a role's or database's setting, a rollback that takes a SET back) are not seen. PostgreSQL 19 knows no other value than on.
/// </summary>
internal struct StringSyntax
{
    private const string Setting = "STANDARD_CONFORMING_STRINGS";
    private bool _sessionOff;
    private bool? _transactionOff;

    /// <summary>Whether a backslash is an ordinary character in <c>'…'</c>.</summary>
    public readonly bool Standard => !(_transactionOff ?? _sessionOff);

    /// <summary>Takes note of a statement.</summary>
    public void Run(string statement, StatementKind kind)
    {
        if (kind is StatementKind.Commit or StatementKind.Rollback)
        {
            _transactionOff = null;
        }
        else if (kind is StatementKind.Session or StatementKind.Other)
        {
            var cursor = new TokenCursor(statement, Standard);
            if (cursor.Accept("SET"))
            {
                Set(cursor);
            }
            else if (cursor.Accept("RESET") && (cursor.Accept("ALL") || cursor.Accept(Setting)))
            {
                _sessionOff = false;
                _transactionOff = null;
            }
        }
    }

    private void Set(TokenCursor cursor)
    {
        var local = cursor.Accept("LOCAL");
        if (!local)
        {
            cursor.Accept("SESSION");
        }

        if (!cursor.Accept(Setting) || !(cursor.Accept("TO") || cursor.AcceptOperator("=")))
        {
            return;
        }

        // DEFAULT is on, and so is what is not a boolean: the server refuses it.
        var off = cursor.Boolean() == false;
        if (local)
        {
            _transactionOff = off;
        }
        else
        {
            _sessionOff = off;
            _transactionOff = null;
        }
    }
}
