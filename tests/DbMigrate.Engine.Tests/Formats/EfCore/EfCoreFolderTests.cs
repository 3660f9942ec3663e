using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Formats.EfCore;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.EfCore;

public class EfCoreFolderTests
{
    [Fact]
    public void Ranges_may_overlap_when_they_agree()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a-late.sql", EfCoreSamples.Text("ef10/plain-AddCustomerEmail-to-AddOrderNote.sql").ReplaceLineEndings("\r\n"));
        folder.Write("b-early.sql", EfCoreSamples.Text("ef10/idempotent-0-to-RawSqlFunction.sql"));
        folder.Write("c-all.sql", EfCoreSamples.Text("ef10/plain-notx.sql"));

        var read = EfCoreSamples.Read(folder.Path);

        Assert.Equal(
            EfCoreSamples.Expected("ef10").Select(m => EfCoreSamples.Describe(m, withTransactions: true)),
            read.Migrations.Select(m => EfCoreSamples.Describe(m).ReplaceLineEndings("\n")));
        Assert.Equal(["b-early.sql", "b-early.sql", "a-late.sql", "a-late.sql", "a-late.sql", "a-late.sql"], read.Migrations.Select(m => Path.GetFileName(m.Up!.Path)));
        Assert.Empty(read.Warnings);
    }

    [Fact]
    public void A_script_that_tells_transactions_wins_over_one_that_does_not()
    {
        using var folder = new TemporaryFolder();
        folder.Write("1.sql", EfCoreSamples.Text("ef10/plain-notx.sql"));
        folder.Write("2.sql", EfCoreSamples.Text("ef10/idempotent.sql"));

        var read = EfCoreSamples.Read(folder.Path);

        Assert.True(read.Migrations[4].Up!.ReadStatements().Single().OutsideTransaction);
    }

    [Fact]
    public void Migrations_that_disagree_are_refused()
    {
        using var folder = new TemporaryFolder();
        var first = folder.Write("1.sql", EfCoreSamples.Text("ef10/plain.sql"));
        var second = folder.Write("2.sql", EfCoreSamples.Text("ef10/idempotent.sql").Replace("\"Note\" text", "\"Note\" varchar", StringComparison.Ordinal));

        var error = Assert.Throws<DbMigrateException>(() => EfCoreSamples.Read(folder.Path));

        Assert.Equal("DuplicateVersion", error.Id);
        Assert.StartsWith($"{second}:{LineOf(second, "varchar;")}: migration 20261121154449_AddOrderNote", error.Message, StringComparison.Ordinal);
        Assert.EndsWith($"{first}:{LineOf(first, "\"Note\" text")}.", error.Message, StringComparison.Ordinal);

        static int LineOf(string path, string text) => File.ReadAllLines(path).ToList().FindIndex(l => l.Contains(text, StringComparison.Ordinal)) + 1;
    }

    [Fact]
    public void Two_history_tables_are_refused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("1.sql", EfCoreSamples.Text("ef10/plain.sql"));
        var second = folder.Write("2.sql", EfCoreSamples.Text("ef10/plain-custom-table.sql"));

        var error = Assert.Throws<DbMigrateException>(() => EfCoreSamples.Read(folder.Path));

        Assert.Equal("TwoHistoryTables", error.Id);
        Assert.Contains(second, error.Message, StringComparison.Ordinal);
        Assert.Contains("\"ef_history\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_files_are_told_and_ignored()
    {
        using var folder = new TemporaryFolder();
        folder.Write("1.sql", EfCoreSamples.Text("ef10/plain.sql"));
        var other = folder.Write("grants.sql", "GRANT SELECT ON a TO b;");
        folder.Write("readme.md", "x");

        var read = EfCoreSamples.Read(folder.Path);

        Assert.Equal(6, read.Migrations.Count);
        Assert.Equal($"{other} is not a script of EF Core; it is ignored.", Assert.Single(read.Warnings));
    }

    [Theory]
    [InlineData("plain-down-AddOrderNote-to-AddCustomerEmail.sql", "down.sql", 4)]
    [InlineData("idempotent-down-AddOrderNote-to-AddCustomerEmail.sql", "migration.down.sql", 4)]
    [InlineData("plain-down-to-0.sql", "down.sql", 6)]
    public void A_down_script_beside_a_script_is_found(string sample, string name, int count)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("migration.sql", EfCoreSamples.Text("ef10/idempotent.sql"));
        var down = folder.Write(name, EfCoreSamples.Text("ef10/" + sample));

        var read = EfCoreSamples.Read(path);

        Assert.Empty(read.Warnings);
        AssertDowns(read, down, count);
    }

    [Fact]
    public void A_down_script_in_a_folder_may_have_any_name()
    {
        using var folder = new TemporaryFolder();
        folder.Write("all.sql", EfCoreSamples.Text("ef10/idempotent.sql"));
        var down = folder.Write("back-to-the-start.sql", EfCoreSamples.Text("ef10/plain-down-to-0.sql"));

        AssertDowns(EfCoreSamples.Read(folder.Path), down, 6);
    }

    [Theory]
    [InlineData("20240101000000_A.down.sql", false)]
    [InlineData("20240101000000_A.down.sql", true)]
    [InlineData("down.sql", true)]
    public void A_down_script_by_hand_needs_no_history_row_beside_a_script_of_one_migration(string name, bool asFile)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("20240101000000_A.sql", EfCoreScriptTests.Guarded("20240101000000_A", "CREATE TABLE a (id int);"));
        folder.Write(name, "DROP TABLE a;\n");

        var read = EfCoreSamples.Read(asFile ? path : folder.Path);

        Assert.Equal("DROP TABLE a", Assert.Single(read.Migrations).Down!.ReadStatements().Single().Text);
        Assert.Empty(read.Warnings);
    }

    [Fact]
    public void A_down_script_by_hand_beside_several_migrations_is_told_and_ignored()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("all.sql", EfCoreSamples.Text("ef10/idempotent.sql"));
        folder.Write("all.down.sql", "DROP TABLE a;\n");

        var read = EfCoreSamples.Read(path);

        Assert.All(read.Migrations, m => Assert.Null(m.Down));
        Assert.Contains("not clear which it undoes", Assert.Single(read.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void What_only_a_down_script_knows_is_told()
    {
        using var folder = new TemporaryFolder();
        folder.Write("first.sql", EfCoreSamples.Text("ef10/idempotent-0-to-RawSqlFunction.sql"));
        folder.Write("down.sql", EfCoreSamples.Text("ef10/plain-down-to-0.sql"));

        var read = EfCoreSamples.Read(folder.Path);

        Assert.Equal(2, read.Warnings.Count);
        Assert.All(read.Migrations, m => Assert.NotNull(m.Down));
    }

    [Fact]
    public void A_folder_of_down_scripts_alone_is_refused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("down.sql", EfCoreSamples.Text("ef10/plain-down-to-0.sql"));

        Assert.Equal("DownScriptOnly", Assert.Throws<DbMigrateException>(() => EfCoreSamples.Read(folder.Path)).Id);
    }

    [Fact]
    public void Folders_and_scripts_are_detected_by_what_is_in_them()
    {
        var format = new EfCoreFormat();
        Assert.All(
            Directory.EnumerateFiles(EfCoreSamples.Folder, "*.sql", SearchOption.AllDirectories), f => Assert.True(format.Detect(f), f));
        Assert.All(Directory.EnumerateDirectories(EfCoreSamples.Folder), f => Assert.True(format.Detect(f), f));
        Assert.False(format.Detect(EfCoreSamples.Folder));
        Assert.False(format.Detect(EfCoreSamples.PathOf("nowhere")));
        Assert.Same(MigrationFormats.Of(MigrationFormat.EfCore), Assert.Single(MigrationFormats.Detect(EfCoreSamples.PathOf("ef10"))));

        using var folder = new TemporaryFolder();
        Assert.False(format.Detect(folder.Path));
        var other = folder.Write("1_init.up.sql", "CREATE TABLE a (\n    migration_id int,\n    product_version text);\nSELECT 1\nWHERE migration_id = '5';\n");
        Assert.False(format.Detect(other));
        Assert.False(format.Detect(folder.Path));
        File.WriteAllText(other, EfCoreSamples.Text("ef10/plain.sql"), System.Text.Encoding.Unicode);
        Assert.True(format.Detect(other));
    }

    [Fact]
    public void Scripts_named_as_other_tools_name_theirs_are_still_EF_Cores_unless_there_are_others()
    {
        using var folder = new TemporaryFolder();
        folder.Write("20240101000000_A.sql", EfCoreScriptTests.Guarded("20240101000000_A"));
        folder.Write("20240102000000_B.sql", EfCoreScriptTests.Guarded("20240102000000_B"));
        Assert.Equal([MigrationFormat.EfCore], MigrationFormats.Detect(folder.Path).Select(f => f.Format));

        folder.Write("20240103000000_C.sql", "SELECT 1;");
        Assert.Equal([MigrationFormat.Sqlx, MigrationFormat.EfCore], MigrationFormats.Detect(folder.Path).Select(f => f.Format));
    }

    [Fact]
    public void A_large_plain_script_is_detected_by_its_end()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("big.sql", "SELECT 1;\n" + new string(' ', 300_000) + "\n"
            + "INSERT INTO \"__EFMigrationsHistory\" (\"MigrationId\", \"ProductVersion\")\nVALUES ('20240101000000_A', '10.0.0');\n");

        Assert.True(new EfCoreFormat().Detect(path));
    }

    [Fact]
    public void A_project_is_no_folder_of_scripts_but_recognised()
    {
        using var folder = new TemporaryFolder();
        var migrations = Directory.CreateDirectory(Path.Combine(folder.Path, "Migrations")).FullName;
        Assert.False(EfCoreFormat.LooksLikeProject(folder.Path));
        File.WriteAllText(Path.Combine(migrations, "20240101000000_Init.Designer.cs"), "");

        Assert.True(EfCoreFormat.LooksLikeProject(folder.Path));
        Assert.True(EfCoreFormat.LooksLikeProject(migrations));
        Assert.False(new EfCoreFormat().Detect(migrations));
    }

    private static void AssertDowns(MigrationFolder folder, string down, int count)
    {
        string[][] expected =
        [
            ["DROP TABLE \"Orders\"", "DROP TABLE \"Customers\""],
            ["ALTER TABLE \"Customers\" DROP COLUMN \"Email\""],
            ["DROP INDEX \"IX_Orders_Total\""],
            ["DROP TRIGGER trg_touch ON \"Orders\"", "DROP FUNCTION order_touch()"],
            ["outside: DROP INDEX CONCURRENTLY \"IX_Customers_Email_c\""],
            ["ALTER TABLE \"Orders\" DROP COLUMN \"Note\""],
        ];
        Assert.Equal(
            expected.TakeLast(count),
            folder.Migrations.Where(m => m.Down is not null)
                .Select(m => m.Down!.ReadStatements().Select(s => (s.OutsideTransaction ? "outside: " : "") + s.Text).ToArray()));
        Assert.All(folder.Migrations.TakeLast(count), m => Assert.Equal(down, m.Down!.Path));
    }
}
