namespace DbMigrate.Engine.Sql;

/// <summary>Tells what kind of statement one is. Reads no more of it than it must.</summary>
public static class StatementClassifier
{
    /// <summary>The kind of a statement.</summary>
    /// <param name="statement">One statement, with or without its semicolon.</param>
    /// <param name="standardStrings">Whether <c>standard_conforming_strings</c> is on.</param>
    public static StatementKind Classify(ReadOnlySpan<char> statement, bool standardStrings = true)
    {
        var cursor = new TokenCursor(statement, standardStrings);
        if (cursor.Token.Kind == SqlTokenKind.LeftParenthesis)
        {
            return Query(cursor);
        }

        if (cursor.Token.Kind != SqlTokenKind.Word)
        {
            return StatementKind.Other;
        }

        var word = cursor.Text.ToString().ToUpperInvariant();
        if (word is "SELECT" or "VALUES" or "TABLE" or "WITH")
        {
            return Query(cursor);
        }

        cursor.Next();
        return word switch
        {
            "INSERT" or "UPDATE" or "DELETE" or "MERGE" => StatementKind.Data,
            "BEGIN" or "START" => StatementKind.Begin,
            "COMMIT" => cursor.Is("PREPARED") ? StatementKind.OutsideTransaction : StatementKind.Commit,
            "END" => StatementKind.Commit,
            "ROLLBACK" => Rollback(cursor),
            "ABORT" => StatementKind.Rollback,
            "SAVEPOINT" or "RELEASE" => StatementKind.Savepoint,
            "PREPARE" => Prepare(cursor),
            "SET" => Set(cursor),
            "RESET" or "DEALLOCATE" or "LISTEN" or "UNLISTEN" => StatementKind.Session,
            "DISCARD" => cursor.Is("ALL") ? StatementKind.OutsideTransaction : StatementKind.Session,
            "DO" => StatementKind.Do,
            "CALL" => StatementKind.Call,
            "CREATE" => Create(cursor),
            "ALTER" => Alter(cursor),
            "DROP" => Drop(cursor),
            "COMMENT" or "GRANT" or "REVOKE" => StatementKind.Create,
            "COPY" => Copy(cursor),
            "VACUUM" => StatementKind.OutsideTransaction,
            "REINDEX" => Reindex(cursor),
            "CLUSTER" or "REPACK" => Cluster(cursor),
            _ => StatementKind.Other,
        };
    }

    private static StatementKind Outside(bool outside) => outside ? StatementKind.OutsideTransaction : StatementKind.Other;

    private static StatementKind Query(TokenCursor cursor)
    {
        do
        {
            if (cursor.Token.Kind is SqlTokenKind.Word or SqlTokenKind.QuotedIdentifier && SetsSession(cursor))
            {
                return StatementKind.Session;
            }
        }
        while (cursor.Next());

        return StatementKind.Query;
    }

    // set_config(name, value, is_local); manual 9.28.1.
    private static bool SetsSession(TokenCursor cursor)
    {
        if (!cursor.Text.Trim('"').Equals("set_config", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        cursor.Next();
        if (!cursor.Accept(SqlTokenKind.LeftParenthesis))
        {
            return false;
        }

        for (var commas = 0; commas < 2;)
        {
            commas += cursor.Token.Kind == SqlTokenKind.Comma ? 1 : 0;
            if (!cursor.AcceptParentheses() && !cursor.Next())
            {
                return true;
            }
        }

        return cursor.Boolean() != true;
    }

    private static StatementKind Rollback(TokenCursor cursor)
    {
        if (cursor.Is("PREPARED"))
        {
            return StatementKind.OutsideTransaction;
        }

        _ = cursor.Accept("WORK") || cursor.Accept("TRANSACTION");
        return cursor.Is("TO") ? StatementKind.Savepoint : StatementKind.Rollback;
    }

    // PREPARE transaction AS … would be a statement of that name.
    private static StatementKind Prepare(TokenCursor cursor) =>
        cursor.Accept("TRANSACTION") && cursor.Token.Kind is SqlTokenKind.QuotedString or SqlTokenKind.DollarString
            ? StatementKind.Commit
            : StatementKind.Session;

    private static StatementKind Set(TokenCursor cursor)
    {
        if (cursor.Is("LOCAL") || cursor.Is("CONSTRAINTS"))
        {
            return StatementKind.Other;
        }

        cursor.Accept("SESSION");
        return cursor.Is("TRANSACTION") ? StatementKind.Other : StatementKind.Session;
    }

    private static StatementKind Create(TokenCursor cursor)
    {
        var replace = cursor.Accept("OR", "REPLACE");
        _ = cursor.Accept("GLOBAL") || cursor.Accept("LOCAL");
        _ = cursor.Accept("TEMP") || cursor.Accept("TEMPORARY") || cursor.Accept("UNLOGGED");
        var word = cursor.Text.ToString().ToUpperInvariant();
        cursor.Next();
        switch (word)
        {
            case "UNIQUE":
                return cursor.Accept("INDEX", "CONCURRENTLY") ? StatementKind.CreateIndexConcurrently : StatementKind.Other;
            case "INDEX":
                return cursor.Is("CONCURRENTLY") ? StatementKind.CreateIndexConcurrently : StatementKind.Other;
            case "TABLE":
                return TouchesTable(cursor) ? StatementKind.Other : StatementKind.Create;
            case "FOREIGN":
                return cursor.Accept("TABLE") && TouchesTable(cursor) ? StatementKind.Other : StatementKind.Create;
            case "VIEW" or "RECURSIVE":
                return replace ? StatementKind.Other : StatementKind.Create;
            case "SCHEMA":
                return Finds(cursor, "CREATE") ? StatementKind.Other : StatementKind.Create;
            case "PUBLICATION":
                return Finds(cursor, "FOR") ? StatementKind.Other : StatementKind.Create;
            case "SUBSCRIPTION":
                return Outside(CreatesSlot(cursor));
            case "DATABASE" or "TABLESPACE":
                return StatementKind.OutsideTransaction;
            case "ACCESS" or "AGGREGATE" or "CAST" or "COLLATION" or "CONVERSION" or "DEFAULT" or "DOMAIN" or "EVENT" or "EXTENSION" or "FUNCTION"
                or "GROUP" or "LANGUAGE" or "OPERATOR" or "PROCEDURAL" or "PROCEDURE" or "ROLE" or "SEQUENCE" or "SERVER" or "TEXT" or "TRANSFORM"
                or "TRUSTED" or "TYPE" or "USER":
                return StatementKind.Create;
            default:
                // INDEX takes a share lock, TRIGGER share row exclusive, RULE and POLICY access exclusive, STATISTICS share update exclusive; a
                // materialized view runs its query.
                return StatementKind.Other;
        }
    }

    // Whether CREATE TABLE reads or locks another table: a parent, a table that it refers to, or those that fill it.
    private static bool TouchesTable(TokenCursor cursor)
    {
        cursor.Accept("IF", "NOT", "EXISTS");
        var table = cursor.Name();
        if (cursor.Is("PARTITION"))
        {
            return cursor.Accept("PARTITION", "OF");
        }

        var depth = 0;
        while (cursor.Token.Kind != SqlTokenKind.None)
        {
            depth += cursor.Token.Kind switch
            {
                SqlTokenKind.LeftParenthesis => 1,
                SqlTokenKind.RightParenthesis => -1,
                _ => 0,
            };
            if (depth == 0 && (cursor.Is("AS") || cursor.Is("INHERITS")))
            {
                return true;
            }

            if (!cursor.Accept("REFERENCES"))
            {
                cursor.Next();
            }
            else if (cursor.Name() != table)
            {
                return true;
            }
        }

        return false;
    }

    private static bool CreatesSlot(TokenCursor cursor)
    {
        while (cursor.Token.Kind != SqlTokenKind.None)
        {
            if (cursor.Accept("WITH"))
            {
                return cursor.Option("CONNECT") != false && cursor.Option("CREATE_SLOT") != false;
            }

            cursor.Next();
        }

        return true;
    }

    private static StatementKind Alter(TokenCursor cursor)
    {
        if (cursor.Accept("DEFAULT", "PRIVILEGES"))
        {
            return StatementKind.Create;
        }

        if (cursor.Accept("DATABASE"))
        {
            cursor.Name();
            return Outside(cursor.Accept("SET", "TABLESPACE"));
        }

        if (cursor.Accept("TABLE"))
        {
            return Outside(ConcurrentDetach.ReadBehindTable(cursor) is not null);
        }

        return Outside(cursor.Is("SYSTEM") || (cursor.Accept("SUBSCRIPTION") && TalksToPublisher(cursor)));
    }

    // REFRESH, changes of the publications that refresh (the default), and options that belong to the slot on the publisher.
    private static bool TalksToPublisher(TokenCursor cursor)
    {
        cursor.Name();
        if (cursor.Is("REFRESH"))
        {
            return true;
        }

        if (cursor.Accept("SET", "PUBLICATION") || cursor.Accept("ADD", "PUBLICATION") || cursor.Accept("DROP", "PUBLICATION"))
        {
            while (!cursor.Accept("WITH") && cursor.Next())
            {
            }

            return cursor.Option("REFRESH") != false;
        }

        return cursor.Accept("SET") && (cursor.Option("FAILOVER") is not null || cursor.Option("TWO_PHASE") is not null);
    }

    private static StatementKind Drop(TokenCursor cursor) => cursor.Accept("INDEX", "CONCURRENTLY")
        ? StatementKind.DropIndexConcurrently
        : Outside(cursor.Is("DATABASE") || cursor.Is("TABLESPACE") || cursor.Is("SUBSCRIPTION"));

    private static StatementKind Copy(TokenCursor cursor)
    {
        do
        {
            var from = cursor.Is("FROM");
            if (from || cursor.Is("TO"))
            {
                // The server takes STDIN and STDOUT for the same (src/backend/parser/gram.y, copy_file_name).
                cursor.Next();
                return !cursor.Is("STDIN") && !cursor.Is("STDOUT") ? StatementKind.Other
                    : from ? StatementKind.CopyFromStdin : StatementKind.CopyToStdout;
            }
        }
        while (cursor.AcceptParentheses() ? cursor.Token.Kind != SqlTokenKind.None : cursor.Next());

        return StatementKind.Other;
    }

    private static StatementKind Reindex(TokenCursor cursor)
    {
        var concurrently = cursor.Option("CONCURRENTLY") == true;
        cursor.AcceptParentheses();
        if (concurrently || cursor.Is("SCHEMA") || cursor.Is("DATABASE") || cursor.Is("SYSTEM"))
        {
            return StatementKind.OutsideTransaction;
        }

        cursor.Next();
        return Outside(cursor.Is("CONCURRENTLY"));
    }

    // Without a table, every table that was clustered before is. REPACK is PostgreSQL 19's word for it.
    private static StatementKind Cluster(TokenCursor cursor)
    {
        var concurrently = cursor.Option("CONCURRENTLY") == true;
        cursor.AcceptParentheses();
        cursor.Accept("VERBOSE");
        return Outside(concurrently || cursor.Token.Kind is SqlTokenKind.None or SqlTokenKind.Semicolon || cursor.Is("USING"));
    }

    private static bool Finds(TokenCursor cursor, string keyword)
    {
        do
        {
            if (cursor.Is(keyword))
            {
                return true;
            }
        }
        while (cursor.Next());

        return false;
    }
}
