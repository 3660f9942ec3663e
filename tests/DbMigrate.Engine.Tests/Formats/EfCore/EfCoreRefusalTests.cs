using Xunit;

namespace DbMigrate.Engine.Tests.Formats.EfCore;

public class EfCoreRefusalTests
{
    private const string A = "20240101000000_A";
    private const string B = "20240102000000_B";

    private static readonly string s_row =
        $"INSERT INTO \"__EFMigrationsHistory\" (\"MigrationId\", \"ProductVersion\")\nVALUES ('{A}', '10.0.0');\n";

    public static TheoryData<string, string, string, int> Scripts => new()
    {
        {
            "a history row is swallowed",
            $"START TRANSACTION;\nCREATE TABLE a (id int);\nUPDATE a SET id = 1\n  WHERE id = 2 -- no end;\n\n{s_row}\nCOMMIT;\n",
            "MissingSemicolon", 4
        },
        { "a row of a down script is swallowed", $"DROP TABLE a\n\nDELETE FROM \"__EFMigrationsHistory\"\nWHERE \"MigrationId\" = '{A}';\n", "MissingSemicolon", 1 },
        { "a row of an unknown table is swallowed", $"SELECT 1\n{s_row.Replace("\"__EFMigrationsHistory\"", "x.\"Y\"", StringComparison.Ordinal)}", "MissingSemicolon", 1 },
        { "the COMMIT is swallowed", $"START TRANSACTION;\nSELECT 1\n\nCOMMIT;\n\nVACUUM;\n\n{s_row}", "MissingSemicolon", 2 },
        { "the START TRANSACTION is swallowed", $"VACUUM\n\nSTART TRANSACTION;\nSELECT 1;\n\n{s_row}\nCOMMIT;\n", "MissingSemicolon", 1 },
        { "a block is swallowed", $"START TRANSACTION;\nSELECT 1\n{EfCoreScriptTests.Guarded(A)}COMMIT;\n", "MissingSemicolon", 2 },
        { "cut off after START TRANSACTION", $"SELECT 1;\n{s_row}START TRANSACTION;\n", "TruncatedScript", 4 },
        { "cut off in a transaction", $"{s_row}\nSTART TRANSACTION;\nCREATE TABLE a (id int);\n", "TruncatedScript", 4 },
        { "cut off in a block", EfCoreScriptTests.Guarded(A) + EfCoreScriptTests.Guarded(B).Replace("END $EF$;", "", StringComparison.Ordinal), "TruncatedScript", 10 },
        { "cut off in the first of two blocks", EfCoreScriptTests.Guarded(A).Replace("END $EF$;", "", StringComparison.Ordinal) + EfCoreScriptTests.Guarded(B), "TruncatedScript", 2 },
        { "without END IF", EfCoreScriptTests.Guarded(A).Replace("END IF", "END", StringComparison.Ordinal), "TruncatedScript", 2 },
        { "cut off in a literal", $"INSERT INTO a VALUES ('x;\n{s_row.Replace("'", "", StringComparison.Ordinal)}", "UnterminatedString", 1 },
        { "statements after the last row", $"{s_row}CREATE TABLE b (id int);\n", "HistoryRowMissing", 3 },
        { "blocks without their row", EfCoreScriptTests.Guarded(A, "CREATE TABLE a (id int);")[..130], "TruncatedScript", 2 },
        { "a migration without its row at the end", WithoutRow(EfCoreScriptTests.Guarded(A, "SELECT 1;")), "HistoryRowMissing", 2 },
        { "a migration without its row before another", WithoutRow(EfCoreScriptTests.Guarded(A, "SELECT 1;")) + EfCoreScriptTests.Guarded(B), "HistoryRowMissing", 2 },
        {
            "a row that is not of its block",
            EfCoreScriptTests.Guarded(A, "SELECT 1;").Replace($"('{A}'", $"('{B}'", StringComparison.Ordinal), "HistoryRowMismatch", 12
        },
        {
            "a row that is not of its block, before another migration",
            EfCoreScriptTests.Guarded(A).Replace($"('{A}'", "('x'", StringComparison.Ordinal) + EfCoreScriptTests.Guarded(B), "HistoryRowMismatch", 5
        },
        { "a statement before the blocks", $"SET ROLE app;\n{EfCoreScriptTests.Guarded(A)}", "StatementOutsideGuard", 1 },
        { "a statement between the blocks", EfCoreScriptTests.Guarded(A, "SELECT 1;").Replace("END $EF$;\n\n", "END $EF$;\nANALYZE;\n", StringComparison.Ordinal), "StatementOutsideGuard", 8 },
        {
            "a literal that ends in another block",
            EfCoreScriptTests.Guarded(A, "INSERT INTO a VALUES ('x);", "INSERT INTO a VALUES ('x);"), "StatementCrossesGuard", 5
        },
        {
            "a formatted block",
            $"DO $EF$ BEGIN\n  IF NOT EXISTS (SELECT 1 FROM \"__EFMigrationsHistory\" WHERE \"MigrationId\" = '{A}') THEN SELECT 1; END IF; END $EF$;\n{s_row}",
            "GuardNotUnderstood", 1
        },
        {
            "up and down in one script",
            EfCoreScriptTests.Guarded(A) + EfCoreScriptTests.Guarded(B).Replace("NOT EXISTS", "EXISTS", StringComparison.Ordinal), "MixedDirections", 10
        },
        { "two tables in blocks", EfCoreScriptTests.Guarded(A) + EfCoreScriptTests.Guarded(B).Replace("__EFMigrationsHistory", "other", StringComparison.Ordinal), "TwoHistoryTables", 10 },
        { "two tables in a plain script", s_row + s_row.Replace("\"__EFM", "app.\"__EFM", StringComparison.Ordinal), "TwoHistoryTables", 3 },
        { "a version that does not fit", s_row.Replace("10.0.0", new string('1', 33), StringComparison.Ordinal), "HistoryValueTooLong", 1 },
        { "a psql meta command", $"\\set x 1\n{s_row}", "PsqlMetaCommand", 1 },
        { "a psql meta command in a block", EfCoreScriptTests.Guarded(A, "SELECT 1;\n\\echo x"), "PsqlMetaCommand", 6 },
        { "invalid UTF-8", "invalid", "InvalidUtf8", 3 },
        { "UTF-16", "UTF-16", "InvalidUtf8", 1 },
        { "no EF Core script", "CREATE TABLE a (id int);\n", "NotAnEfCoreScript", 0 },
        { "a down script", $"DROP TABLE a;\n\nDELETE FROM \"__EFMigrationsHistory\"\nWHERE \"MigrationId\" = '{A}';\n", "DownScriptOnly", 0 },
    };

    [Theory]
    [MemberData(nameof(Scripts))]
    public void Scripts_that_cannot_be_trusted_are_refused(string what, string text, string id, int line)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("migration.sql", text);
        if (text == "UTF-16")
        {
            File.WriteAllText(path, s_row, System.Text.Encoding.Unicode);
        }
        else if (text == "invalid")
        {
            File.WriteAllBytes(path, [.. System.Text.Encoding.UTF8.GetBytes(s_row), 0xC3, 0x28]);
        }

        var error = Assert.Throws<DbMigrateException>(() => EfCoreSamples.Read(path));

        Assert.True(id == error.Id, $"{what}: {error.Id}: {error.Message}");
        Assert.StartsWith(line == 0 ? path : $"{path}:{line}:", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.NextStep);
    }

    [Theory]
    [InlineData("broken/plain.sql", 55, 57)]
    [InlineData("broken/plain-notx.sql", 45, 47)]
    public void The_swallowed_row_of_a_real_script_is_found(string sample, int statementLine, int rowLine)
    {
        var path = EfCoreSamples.PathOf(sample);

        var error = Assert.Throws<DbMigrateException>(() => EfCoreSamples.Read(path));

        Assert.Equal("MissingSemicolon", error.Id);
        Assert.StartsWith($"{path}:{statementLine}:", error.Message, StringComparison.Ordinal);
        Assert.Contains($"line {rowLine}", error.Message, StringComparison.Ordinal);
        Assert.Contains("migrationBuilder.Sql", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public void A_real_script_that_is_cut_off_anywhere_is_refused_or_holds_whole_migrations()
    {
        using var folder = new TemporaryFolder();
        foreach (var sample in new[] { "ef10-features/idempotent.sql", "ef10/plain.sql", "ef8/idempotent.sql" })
        {
            var text = EfCoreSamples.Text(sample);
            var whole = EfCoreSamples.Read(EfCoreSamples.PathOf(sample)).Migrations.Select(EfCoreSamples.Describe).ToList();
            for (var length = 0; length < text.Length; length += 13)
            {
                var path = folder.Write("cut.sql", text[..length]);
                try
                {
                    var read = EfCoreSamples.Read(path);
                    Assert.Equal(whole.Take(read.Migrations.Count), read.Migrations.Select(EfCoreSamples.Describe));
                }
                catch (DbMigrateException e)
                {
                    Assert.Contains(path, e.Message, StringComparison.Ordinal);
                }
            }
        }
    }

    [Theory]
    [InlineData("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$\nINSERT INTO \"__EFMigrationsHistory\" (\"MigrationId\", \"ProductVersion\") VALUES ('a', 'b');\n$$;")]
    [InlineData("COMMENT ON TABLE a IS 'x\nDELETE FROM \"__EFMigrationsHistory\" WHERE \"MigrationId\" = 1\nCOMMIT';")]
    [InlineData("SELECT /*\nINSERT INTO \"__EFMigrationsHistory\" (\"MigrationId\", \"ProductVersion\") VALUES ('a', 'b');\n*/ 1;")]
    [InlineData("CREATE FUNCTION f() RETURNS void BEGIN ATOMIC\nINSERT INTO \"__EFMigrationsHistory\" (\"MigrationId\", \"ProductVersion\") VALUES ('a', 'b');\nEND;")]
    public void A_history_row_inside_a_body_a_literal_or_a_comment_is_none(string statement)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("migration.sql", $"{statement}\n\n{s_row}");

        Assert.Equal(statement.TrimEnd(';'), Assert.Single(EfCoreSamples.Read(path).Migrations).Up!.ReadStatements().Single().Text.TrimEnd(';'));
    }

    // The guard of the row stays; the row is another statement.
    private static string WithoutRow(string script) => script.Replace("INSERT INTO", "SELECT 1; --", StringComparison.Ordinal)
        .Replace("VALUES", "-- VALUES", StringComparison.Ordinal);
}
