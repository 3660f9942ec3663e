using System.Globalization;
using System.Text;
using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Formats.EfCore;
using DbMigrate.Engine.Sql;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.EfCore;

public class EfCoreScriptTests
{
    [Theory]
    [InlineData("ef8", "idempotent.sql")]
    [InlineData("ef8", "idempotent-notx.sql")]
    [InlineData("ef8", "plain.sql")]
    [InlineData("ef9", "idempotent.sql")]
    [InlineData("ef9", "idempotent-notx.sql")]
    [InlineData("ef9", "plain.sql")]
    [InlineData("ef10", "idempotent.sql")]
    [InlineData("ef10", "idempotent-notx.sql")]
    [InlineData("ef10", "plain.sql")]
    [InlineData("ef10", "plain-notx.sql")]
    [InlineData("ef10-features", "idempotent.sql")]
    [InlineData("ef10-features", "plain.sql")]
    public void Idempotent_and_plain_scripts_hold_the_same_statements(string folder, string file)
    {
        var expected = EfCoreSamples.Expected(folder).Select(m => EfCoreSamples.Describe(m, withTransactions: !file.Contains("notx", StringComparison.Ordinal)));

        var read = EfCoreSamples.Read(EfCoreSamples.PathOf($"{folder}/{file}"));

        Assert.Equal(string.Join("\n", expected), string.Join("\n", read.Migrations.Select(EfCoreSamples.Describe)));
        Assert.Null(read.JournalTable);
        Assert.Empty(read.Warnings);
    }

    [Theory]
    [InlineData("ef8/idempotent.sql")]
    [InlineData("ef9/plain.sql")]
    [InlineData("ef10/idempotent.sql")]
    [InlineData("ef10/plain.sql")]
    [InlineData("ef10-features/idempotent.sql")]
    [InlineData("ef10-features/plain.sql")]
    public void Scripts_written_on_Windows_differ_in_their_line_ends_only(string sample)
    {
        using var folder = new TemporaryFolder();
        var windows = folder.Write("windows.sql", "\uFEFF" + EfCoreSamples.Text(sample).ReplaceLineEndings("\r\n"));

        var read = EfCoreSamples.Read(windows);

        var original = EfCoreSamples.Read(EfCoreSamples.PathOf(sample));
        Assert.Equal(
            original.Migrations.Select(m => EfCoreSamples.Describe(m).ReplaceLineEndings("\r\n")),
            read.Migrations.Select(m => EfCoreSamples.Describe(m).ReplaceLineEndings("\r\n")));
        Assert.Equal(Places(original), Places(read));
        Assert.Contains(read.Migrations.SelectMany(m => m.Up!.ReadStatements()), s => s.Text.Contains("\r\n", StringComparison.Ordinal));
        Assert.DoesNotContain(read.Migrations.SelectMany(m => m.Up!.ReadStatements()), s => s.Text.Replace("\r\n", "", StringComparison.Ordinal).Contains('\n'));

        static IEnumerable<(int, int, int)> Places(MigrationFolder f) =>
            f.Migrations.SelectMany(m => m.Up!.ReadStatements()).Select(s => (s.Line, s.Column, s.Indent));
    }

    [Fact]
    public void A_range_from_the_beginning_to_a_migration_ends_there()
    {
        var read = EfCoreSamples.Read(EfCoreSamples.PathOf("ef10/idempotent-0-to-RawSqlFunction.sql"));

        Assert.Equal(EfCoreSamples.Expected("ef10").Take(4).Select(m => EfCoreSamples.Describe(m, withTransactions: true)), read.Migrations.Select(EfCoreSamples.Describe));
    }

    [Fact]
    public void A_range_from_a_migration_has_no_table_definition()
    {
        var read = EfCoreSamples.Read(EfCoreSamples.PathOf("ef10/plain-AddCustomerEmail-to-AddOrderNote.sql"));

        Assert.Equal(EfCoreSamples.Expected("ef10").Skip(2).Select(m => EfCoreSamples.Describe(m, withTransactions: true)), read.Migrations.Select(EfCoreSamples.Describe));
    }

    [Theory]
    [InlineData("ef10/idempotent-custom-table-schema.sql", "infra", "__ef_history")]
    [InlineData("ef10/plain-custom-table.sql", null, "ef_history")]
    public void The_history_table_is_the_one_that_the_script_writes(string sample, string? schema, string table)
    {
        var read = EfCoreSamples.Read(EfCoreSamples.PathOf(sample));

        Assert.Equal(new JournalTable(schema, table), read.JournalTable);
        Assert.Equal([EfCoreSamples.Describe(EfCoreSamples.Expected("ef10")[0], withTransactions: true)], read.Migrations.Select(EfCoreSamples.Describe));
    }

    [Theory]
    [InlineData("ef10/idempotent.sql")]
    [InlineData("ef10/plain.sql")]
    public void Columns_named_by_a_convention_are_recognised(string sample)
    {
        using var folder = new TemporaryFolder();
        var script = folder.Write("snake.sql", EfCoreSamples.Text(sample)
            .Replace("\"__EFMigrationsHistory\"", "app.\"My \"\"History\"\".x\"", StringComparison.Ordinal)
            .Replace("\"MigrationId\"", "migration_id", StringComparison.Ordinal)
            .Replace("\"ProductVersion\"", "product_version", StringComparison.Ordinal));

        var read = EfCoreSamples.Read(script);

        Assert.Equal(new JournalTable("app", "My \"History\".x"), read.JournalTable);
        Assert.Equal(6, read.Migrations.Count);
        var journal = EfCoreJournalTests.Journal(read);
        Assert.Equal(["migration_id", "product_version"], journal.Columns.Keys);
        Assert.Equal(
            "INSERT INTO \"app\".\"My \"\"History\"\".x\" (\"migration_id\", \"product_version\") VALUES ($1, $2)",
            journal.Apply(read.Migrations[0], []).Before[0].Text);
    }

    [Fact]
    public void Columns_of_any_name_are_learned_from_the_table_definition_of_a_plain_script()
    {
        using var folder = new TemporaryFolder();
        var script = folder.Write("custom.sql", EfCoreSamples.Text("ef10/plain.sql")
            .Replace("\"MigrationId\"", "\"Id\"", StringComparison.Ordinal)
            .Replace("\"ProductVersion\"", "ef", StringComparison.Ordinal)
            .Replace("ef character varying(32) NOT NULL,", "ef character varying(32) NOT NULL,\n    at timestamptz DEFAULT now(),", StringComparison.Ordinal));

        var read = EfCoreSamples.Read(script);

        Assert.Equal(6, read.Migrations.Count);
        var journal = EfCoreJournalTests.Journal(read);
        Assert.Equal(["Id", "ef"], journal.Columns.Keys);
        Assert.Contains("at timestamptz DEFAULT now()", Assert.Single(journal.Create).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Versions_and_names_come_from_the_ids()
    {
        var read = EfCoreSamples.Read(EfCoreSamples.PathOf("ef10/idempotent.sql"));

        Assert.Equal("20261121154334_Init", read.Migrations[0].Version);
        Assert.Equal("Init", read.Migrations[0].Name);
        Assert.Null(read.Migrations[0].Checksum);
        Assert.Equal(MigrationFormat.EfCore, read.Format);
    }

    [Fact]
    public void Kinds_are_those_of_the_lifted_statements()
    {
        var read = EfCoreSamples.Read(EfCoreSamples.PathOf("ef10-features/idempotent.sql"));

        Assert.Equal(
            [StatementKind.Do, StatementKind.Do, StatementKind.Create, StatementKind.Create, StatementKind.Create, StatementKind.Data, StatementKind.Data, StatementKind.Query],
            read.Migrations[0].Up!.ReadStatements().Select(s => s.Kind));
        Assert.Equal(StatementKind.CreateIndexConcurrently, read.Migrations[1].Up!.ReadStatements().Single(s => s.OutsideTransaction).Kind);
    }

    [Fact]
    public void A_missing_semicolon_in_a_block_is_mended_and_told()
    {
        var path = EfCoreSamples.PathOf("broken/idempotent.sql");

        var read = EfCoreSamples.Read(path);

        Assert.Equal(6, read.Migrations.Count);
        Assert.Equal(
            "UPDATE \"Customers\" SET \"Email\" = 'x' WHERE \"Id\" < 0",
            read.Migrations[3].Up!.ReadStatements().Last().Text);
        Assert.Equal(["SELECT 1 AS before_it", "CREATE INDEX CONCURRENTLY \"IX_Customers_Email_c\" ON \"Customers\" (\"Email\")", "SELECT 2 AS after_it"],
            read.Migrations[4].Up!.ReadStatements().Select(s => s.Text));
        Assert.StartsWith($"{path}:104:", Assert.Single(read.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void PlPgSql_stays_in_a_block()
    {
        using var folder = new TemporaryFolder();
        var script = folder.Write("plpgsql.sql", Guarded("20240101000000_A", """
            FOR i IN 1..3 LOOP
                INSERT INTO t VALUES (i, '$EF$');
            END LOOP;
            """, "PERFORM a();\nPERFORM b()\n    -- the end\n;"));

        var statements = EfCoreSamples.Read(script).Migrations.Single().Up!.ReadStatements().ToList();

        Assert.Equal(
            ["DO $EF1$\nBEGIN\nFOR i IN 1..3 LOOP\n    INSERT INTO t VALUES (i, '$EF$');\nEND LOOP;\nEND $EF1$", "SELECT a()", "SELECT b()"],
            statements.Select(s => s.Text));
        Assert.Equal([StatementKind.Do, StatementKind.Query, StatementKind.Query], statements.Select(s => s.Kind));
    }

    [Fact]
    public void A_migration_that_tidies_the_history_itself_is_one_migration()
    {
        using var folder = new TemporaryFolder();
        var plain = folder.Write("plain.sql", """
            START TRANSACTION;
            DELETE FROM "__EFMigrationsHistory"
            WHERE "MigrationId" = '20200101000000_Old';
            CREATE TABLE a (id int);

            INSERT INTO "__EFMigrationsHistory" ("MigrationId", "ProductVersion")
            VALUES ('20240101000000_Squashed', '10.0.0');

            COMMIT;

            """);
        var guarded = folder.Write("guarded.sql", Guarded(
            "20240101000000_Squashed",
            "INSERT INTO \"__EFMigrationsHistory\" (\"MigrationId\", \"ProductVersion\")\nVALUES ('20200101000000_Old', '5.0.0');",
            "CREATE TABLE a (id int);"));

        var fromPlain = EfCoreSamples.Read(plain).Migrations.Single();
        var fromGuarded = EfCoreSamples.Read(guarded).Migrations.Single();

        Assert.Equal(2, fromPlain.Up!.ReadStatements().Count());
        Assert.Equal(2, fromGuarded.Up!.ReadStatements().Count());
        var after = EfCoreJournalTests.Journal(EfCoreSamples.Read(plain)).Apply(fromPlain, []).After;
        Assert.EndsWith("ON CONFLICT DO NOTHING", Assert.Single(after).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Blocks_of_EF_Core_3_and_blocks_merged_by_hand_are_read()
    {
        using var folder = new TemporaryFolder();
        var script = folder.Write("old.sql", EfCoreScriptTests.Guarded("20200101000000_A", "SELECT 'END $$;';").Replace("$EF$", "$$", StringComparison.Ordinal) + """

            DO $$
            BEGIN
                IF NOT EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = '20200102000000_B') THEN

                ALTER TABLE a DROP COLUMN b;
                ALTER TABLE a DROP COLUMN c;

                INSERT INTO "__EFMigrationsHistory" ("MigrationId", "ProductVersion")
                VALUES ('20200102000000_B', '3.1.9') ON CONFLICT ("MigrationId") DO NOTHING;

                END IF;
            END $$;
            """);

        Assert.True(new EfCoreFormat().Detect(script));
        Assert.Equal(
            ["20200101000000_A 10.0.0\nSELECT 'END $$;'\n", "20200102000000_B 3.1.9\nALTER TABLE a DROP COLUMN b\n;\nALTER TABLE a DROP COLUMN c\n"],
            EfCoreSamples.Read(script).Migrations.Select(EfCoreSamples.Describe));
    }

    [Fact]
    public void A_block_of_a_plain_script_that_asks_another_table_is_a_statement()
    {
        using var folder = new TemporaryFolder();
        var script = folder.Write("plain.sql", """
            DO $$
            BEGIN
                IF NOT EXISTS(SELECT 1 FROM settings WHERE "Key" = 'a') THEN
                INSERT INTO settings VALUES ('a');
                END IF;
            END $$;

            INSERT INTO "__EFMigrationsHistory" ("MigrationId", "ProductVersion")
            VALUES ('20240101000000_A', '10.0.0');
            """);

        Assert.Equal(StatementKind.Do, EfCoreSamples.Read(script).Migrations.Single().Up!.ReadStatements().Single().Kind);
    }

    [Fact]
    public void A_script_without_migrations_is_empty()
    {
        using var folder = new TemporaryFolder();
        var header = EfCoreSamples.Text("ef10/plain.sql");
        var script = folder.Write("empty.sql", header[..header.IndexOf("START", StringComparison.Ordinal)]);

        var read = EfCoreSamples.Read(script);

        Assert.Empty(read.Migrations);
        Assert.Contains("holds no migration", Assert.Single(read.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_of_many_megabytes_is_read_in_one_pass()
    {
        const int Migrations = 400;
        var text = new StringBuilder("START TRANSACTION;\n\n");
        var row = "('" + new string('x', 100) + "'),\n    ";
        for (var i = 0; i < Migrations; i++)
        {
            text.Append(Guarded($"2024010100{i:0000}_M", "INSERT INTO t VALUES\n" + string.Concat(Enumerable.Repeat(row, 500)) + "('last');"));
        }

        text.Append("COMMIT;\n");
        using var folder = new TemporaryFolder();
        var script = folder.Write("large.sql", text.ToString());

        var read = EfCoreSamples.Read(script);

        Assert.Equal(Migrations, read.Migrations.Count);
        Assert.All(read.Migrations, m => Assert.EndsWith("('last')", m.Up!.ReadStatements().Single().Text, StringComparison.Ordinal));
    }

    /// <summary>The blocks that EF Core writes for one migration.</summary>
    internal static string Guarded(string id, params string[] commands)
    {
        var text = new StringBuilder();
        foreach (var command in commands.Append($"INSERT INTO \"__EFMigrationsHistory\" (\"MigrationId\", \"ProductVersion\")\nVALUES ('{id}', '10.0.0');"))
        {
            text.Append(CultureInfo.InvariantCulture, $"\nDO $EF$\nBEGIN\n    IF NOT EXISTS(SELECT 1 FROM \"__EFMigrationsHistory\" WHERE \"MigrationId\" = '{id}') THEN\n");
            foreach (var line in command.ReplaceLineEndings("\n").Split('\n'))
            {
                text.Append(line.Length == 0 ? "" : "    ").Append(line).Append('\n');
            }

            text.Append("    END IF;\nEND $EF$;\n");
        }

        return text.ToString();
    }
}
