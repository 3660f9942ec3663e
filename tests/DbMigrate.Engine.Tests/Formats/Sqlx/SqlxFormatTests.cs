using DbMigrate.Engine.Formats;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.Sqlx;

public sealed class SqlxFormatTests
{
    private static readonly DateTimeOffset Now = new(2024, 5, 6, 7, 8, 9, TimeSpan.FromHours(2));

    [Fact]
    public void Reads_a_folder_in_the_order_of_versions()
    {
        using var folder = new TempFolder()
            .With("10_ten.up.sql", "-- no-transactionX\nSELECT 10;").With("10_ten.down.sql", "SELECT -10;")
            .With("9_nine.sql", " -- no-transaction\n").With("0001_create_a.sql", "CREATE TABLE a (id INT);\n")
            .With("-5_early.sql").With("10_other.txt").With("sub/11_deep.sql");

        var read = MigrationFormat.Sqlx.Read(folder);

        Assert.Equal(MigrationFormat.Sqlx, read.Format);
        Assert.Equal(
            [("-5", "early", false), ("1", "create a", false), ("9", "nine", false), ("10", "ten", true)],
            read.Migrations.Select(m => (m.Version, m.Name, m.Up!.NoTransaction)));
        Assert.Equal(folder["0001_create_a.sql"], read.Migrations[1].Up!.Path);
        Assert.Equal(
            "3fe175e6046ef43f222e00f4e37eb3334e080326914e01e81c3002088a2d0ead3325ebc38815da90fe87a4f23f2f933a", read.Migrations[1].Checksum);
        Assert.Equal(folder["10_ten.down.sql"], read.Migrations[3].Down!.Path);
        Assert.False(read.Migrations[3].Down!.NoTransaction);
        Assert.Null(read.Migrations[0].Down);
        Assert.Null(read.JournalTable);
        Assert.Empty(read.Warnings);
    }

    [Theory]
    [InlineData("1_a.sql;01_b.sql")]
    [InlineData("1_a.sql;1_a.up.sql")]
    [InlineData("1_a.sql;1_a.down.sql;1_b.down.sql")]
    public void Duplicate_versions_are_refused_and_both_files_named(string files)
    {
        using var folder = new TempFolder();
        Assert.All(files.Split(';'), f => folder.With(f));
        var error = MigrationFormat.Sqlx.Refused(folder);
        Assert.Equal("DuplicateVersion", error.Id);
        Assert.All(files.Split(';').TakeLast(2), f => Assert.Contains(f, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Bad_names_are_refused_as_SQLx_does()
    {
        using var folder = new TempFolder().With("1_a.sql").With("README_notes.sql").With("V1__init.sql").With("my_folder.sql/x");
        var error = MigrationFormat.Sqlx.Refused(folder);
        Assert.Equal("BadFileName", error.Id);
        Assert.Contains("README_notes.sql, V1__init.sql", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("my_folder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ignored_SQL_files_are_told_in_one_line()
    {
        using var folder = new TempFolder().With("1_a.sql").With("1_a.sql~").With("notes.txt");
        Assert.All(Enumerable.Range(0, 10), i => folder.With($"{i}.extra.sql"));
        Assert.Equal(
            "SQLx ignores 0.extra.sql, 1.extra.sql, 1_a.sql~, 2.extra.sql, 3.extra.sql and 6 more, because of their names.",
            Assert.Single(MigrationFormat.Sqlx.Read(folder).Warnings));
    }

    [Fact]
    public void A_down_file_alone_is_left_out_and_told()
    {
        using var folder = new TempFolder().With("1_a.sql").With("2_b.down.sql");
        var read = MigrationFormat.Sqlx.Read(folder);
        Assert.Equal(["1"], read.Migrations.Select(m => m.Version));
        Assert.Contains("2_b.down.sql", Assert.Single(read.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_simple_file_may_have_a_down_file()
    {
        using var folder = new TempFolder().With("1_a.sql").With("1_a.down.sql");
        Assert.NotNull(Assert.Single(MigrationFormat.Sqlx.Read(folder).Migrations).Down);
    }

    [Fact]
    public void Text_that_is_not_UTF8_is_refused()
    {
        using var folder = new TempFolder().With("1_a.sql", [0x2d, 0x2d, 0xff]);
        var error = MigrationFormat.Sqlx.Refused(folder);
        Assert.Equal("InvalidUtf8", error.Id);
        Assert.Contains($"{folder["1_a.sql"]} is not UTF-8 at byte 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_may_have_any_characters()
    {
        using var folder = new TempFolder("[2.0.0] it's 🚀").With("1_it's_[2.0.0]_🚀.sql");
        Assert.Equal("it's [2.0.0] 🚀", Assert.Single(MigrationFormat.Sqlx.Read(folder).Migrations).Name);
    }

    [Fact]
    public void Takes_its_settings_from_sqlx_toml()
    {
        using var folder = new TempFolder()
            .With("../sqlx.toml", "[migrate]\ntable-name = 'foo._sqlx'\ncreate-schemas = ['foo']\nignored-chars = [\"\\r\"]")
            .With("0001_a.sql", "CREATE TABLE a (id INT);\r\n");

        var read = MigrationFormat.Sqlx.Read(folder);

        Assert.Equal(new JournalTable("foo", "_sqlx"), read.JournalTable);
        Assert.Equal(["foo"], read.CreateSchemas);
        Assert.Equal(
            "3fe175e6046ef43f222e00f4e37eb3334e080326914e01e81c3002088a2d0ead3325ebc38815da90fe87a4f23f2f933a", read.Migrations[0].Checksum);
        var format = MigrationFormats.Of(MigrationFormat.Sqlx);
        Assert.Equal("\"foo\".\"_sqlx\"", format.Journal(read, null, FormatFor.Target()).Table.ToString());
        Assert.Equal("\"mine\"", format.Journal(read, new JournalTable(null, "mine"), FormatFor.Target()).Table.ToString());
    }

    [Fact]
    public void Session_is_that_of_SQLx()
    {
        var journal = MigrationFormat.Sqlx.Journal();
        Assert.Equal("UTC", journal.SessionSettings["TimeZone"]);
        Assert.Equal("ISO, MDY", journal.SessionSettings["DateStyle"]);
        Assert.Equal("\"_sqlx_migrations\"", journal.Table.ToString());
        Assert.Equal("\"s\".\"_sqlx_migrations\"", journal.Resolved("s").Table.ToString());
        Assert.True(journal.AppliesOutOfOrder);
    }

    [Theory]
    [InlineData("", null, "20240506050809_add_users.sql")]
    [InlineData("", true, "20240506050809_add_users.up.sql;20240506050809_add_users.down.sql")]
    [InlineData("20230101000000_a.sql", null, "20240506050809_add_users.sql")]
    [InlineData(
        "20230101000000_a.up.sql;20230101000000_a.down.sql",
        null, "20240506050809_add_users.up.sql;20240506050809_add_users.down.sql")]
    [InlineData("20230101000000_a.up.sql;20230101000000_a.down.sql", false, "20240506050809_add_users.sql")]
    [InlineData("0001_a.sql", null, "0002_add_users.sql")]
    [InlineData("0_a.sql", null, "1_add_users.sql")]
    [InlineData("0007_a.sql;0009_b.sql", null, "20240506050809_add_users.sql")]
    [InlineData("0001_a.up.sql;0001_a.down.sql;0002_b.up.sql;0002_b.down.sql", null, "0003_add_users.up.sql;0003_add_users.down.sql")]
    [InlineData("000009_a.sql;000010_b.sql", null, "000011_add_users.sql")]
    [InlineData("9_a.sql;10_b.sql", null, "11_add_users.sql")]
    [InlineData("20240506050809_a.sql", null, "20240506050810_add_users.sql")]
    public void Makes_files_in_the_folders_own_style(string files, bool? reversible, string made)
    {
        using var folder = new TempFolder();
        Assert.All(files.Split(';', StringSplitOptions.RemoveEmptyEntries), f => folder.With(f));
        var before = folder.Files();
        var format = MigrationFormats.Of(MigrationFormat.Sqlx);

        Assert.Equal(made.Split(';').Select(f => folder[f]), format.Create(folder.Path, " add users ", reversible, Now, write: false));
        Assert.Equal(before, folder.Files());
        Assert.Equal(made.Split(';').Select(f => folder[f]), format.Create(folder.Path, "add users", reversible, Now, write: true));
        Assert.Equal(before.Concat(made.Split(';')).Order(StringComparer.Ordinal), folder.Files());
    }

    [Fact]
    public void Writes_what_SQLx_writes()
    {
        using var folder = new TempFolder();
        var format = MigrationFormats.Of(MigrationFormat.Sqlx);
        var simple = format.Create(folder["new/deep"], "a", false, Now, write: true);
        Assert.Equal("-- Add migration script here\n", File.ReadAllText(Assert.Single(simple)));
        var pair = format.Create(folder.Path, "b", true, Now, write: true);
        Assert.Equal(["-- Add up migration script here\n", "-- Add down migration script here\n"], pair.Select(File.ReadAllText));
    }

    [Fact]
    public void New_files_follow_sqlx_toml()
    {
        using var folder = new TempFolder()
            .With("../sqlx.toml", "[migrate.defaults]\nmigration-type = 'reversible'\nmigration-versioning = 'sequential'")
            .With("20230101000000_a.sql");
        Assert.Equal(
            [folder["20230101000001_b.up.sql"], folder["20230101000001_b.down.sql"]],
            MigrationFormats.Of(MigrationFormat.Sqlx).Create(folder.Path, "b", null, Now, write: false));
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("a/b")]
    [InlineData("..\\a")]
    [InlineData("say \"hi\"")]
    [InlineData("a\nb")]
    [InlineData("cleanup.down")]
    [InlineData("123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 "
        + "123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789")]
    public void Refuses_names_that_make_no_file(string name)
    {
        using var folder = new TempFolder();
        var error = Assert.Throws<DbMigrateException>(
            () => MigrationFormats.Of(MigrationFormat.Sqlx).Create(folder.Path, name, null, Now, write: true));
        Assert.Equal("InvalidName", error.Id);
        Assert.Empty(folder.Files());
    }
}
