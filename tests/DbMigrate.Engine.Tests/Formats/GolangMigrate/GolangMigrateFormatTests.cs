using DbMigrate.Engine.Formats;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.GolangMigrate;

public sealed class GolangMigrateFormatTests
{
    private static readonly DateTimeOffset Now = new(2024, 5, 6, 7, 8, 9, TimeSpan.Zero);

    [Fact]
    public void Reads_pairs_by_number()
    {
        using var folder = new TempFolder()
            .With("000002_b.up.sql").With("2_other_title.down.sql")
            .With("10_ten.up.sql")
            .With("3_only_down.down.sql")
            .With("1_skipped.sql").With("notes.md").With("sub/4_x.up.sql");

        var read = MigrationFormat.GolangMigrate.Read(folder);

        Assert.Equal(
            [("2", "b", true, true), ("3", "only_down", false, true), ("10", "ten", true, false)],
            read.Migrations.Select(m => (m.Version, m.Name, m.Up is not null, m.Down is not null)));
        Assert.All(read.Migrations, m => Assert.Null(m.Checksum));
        Assert.Equal("golang-migrate ignores 1_skipped.sql, because of its name.", Assert.Single(read.Warnings));
    }

    [Theory]
    [InlineData("1_a.up.sql;01_b.up.sql")]
    [InlineData("1_a.up.sql;1_a.up.sql.bak")]
    [InlineData("1_a.up.sql;1_a.down.sql;1_b.down.sql")]
    public void Duplicates_are_refused_and_both_files_named(string files)
    {
        using var folder = new TempFolder();
        Assert.All(files.Split(';'), f => folder.With(f));
        var error = MigrationFormat.GolangMigrate.Refused(folder);
        Assert.Equal("DuplicateVersion", error.Id);
        Assert.All(files.Split(';').TakeLast(2), f => Assert.Contains(f, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Versions_that_cannot_be_recorded_are_refused()
    {
        using var folder = new TempFolder().With("9223372036854775807_a.up.sql");
        Assert.Equal("9223372036854775807", Assert.Single(MigrationFormat.GolangMigrate.Read(folder).Migrations).Version);
        folder.With("9223372036854775808_b.up.sql");
        var error = MigrationFormat.GolangMigrate.Refused(folder);
        Assert.Equal("VersionTooLarge", error.Id);
        Assert.Contains("9223372036854775808_b.up.sql", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_link_to_nothing_is_unreadable()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows makes links for administrators only.");
        using var folder = new TempFolder();
        File.CreateSymbolicLink(folder["1_a.up.sql"], folder["nowhere"]);
        Assert.Equal("UnreadableFile", MigrationFormat.GolangMigrate.Refused(folder).Id);
    }

    [Fact]
    public void The_users_table_wins()
    {
        var format = MigrationFormats.Of(MigrationFormat.GolangMigrate);
        var target = FormatFor.Target(null, ("x-migrations-table", "mine"));
        var folder = FormatFor.EmptyFolder(MigrationFormat.GolangMigrate);
        Assert.Equal("\"mine\"", format.Journal(folder, null, target).Table.ToString());
        Assert.Equal("\"a\".\"b\"", format.Journal(folder, new JournalTable("a", "b"), target).Table.ToString());
    }

    [Theory]
    [InlineData("", null, "20240506070809_add_users.up.sql;20240506070809_add_users.down.sql")]
    [InlineData("", false, "20240506070809_add_users.up.sql")]
    [InlineData("20230101000000_a.up.sql", null, "20240506070809_add_users.up.sql")]
    [InlineData("20230101000000_a.up.sql", true, "20240506070809_add_users.up.sql;20240506070809_add_users.down.sql")]
    [InlineData(
        "20240506070809_a.up.sql;20240506070809_a.down.sql",
        null, "20240506070810_add_users.up.sql;20240506070810_add_users.down.sql")]
    [InlineData("000007_a.up.pgsql;000007_a.down.pgsql", null, "000008_add_users.up.pgsql;000008_add_users.down.pgsql")]
    [InlineData("9_a.up.sql", null, "10_add_users.up.sql")]
    [InlineData("999_a.up.sql", null, "1000_add_users.up.sql")]
    [InlineData("1600000000_a.up.sql", null, "1714979289_add_users.up.sql")]
    [InlineData("1600000000000000000_a.up.sql", null, "1714979289000000000_add_users.up.sql")]
    [InlineData("20249999000000_a.up.sql", null, "20249999000001_add_users.up.sql")]
    public void Makes_files_in_the_folders_own_style(string files, bool? reversible, string made)
    {
        using var folder = new TempFolder();
        Assert.All(files.Split(';', StringSplitOptions.RemoveEmptyEntries), f => folder.With(f));
        var before = folder.Files();
        var format = MigrationFormats.Of(MigrationFormat.GolangMigrate);

        Assert.Equal(made.Split(';').Select(f => folder[f]), format.Create(folder.Path, "add users", reversible, Now, write: false));
        Assert.Equal(before, folder.Files());
        Assert.Equal(made.Split(';').Select(f => folder[f]), format.Create(folder.Path, "add users", reversible, Now, write: true));
        Assert.Equal(before.Concat(made.Split(';')).Order(StringComparer.Ordinal), folder.Files());
        Assert.All(made.Split(';'), f => Assert.Equal(0, new FileInfo(folder[f]).Length));
    }
}
