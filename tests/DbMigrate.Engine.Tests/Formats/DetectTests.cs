using DbMigrate.Engine.Formats;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats;

public sealed class DetectTests
{
    private const string EfCore = "CREATE TABLE IF NOT EXISTS \"__EFMigrationsHistory\" (\"MigrationId\" text, \"ProductVersion\" text);";

    [Theory]
    [InlineData("1_a.sql", "Sqlx")]
    [InlineData("1_a.sql;2_b.up.sql;2_b.down.sql", "Sqlx")]
    [InlineData("1_a.up.sql;1_a.down.sql", "Sqlx GolangMigrate")]
    [InlineData("1_a.up.sql", "Sqlx GolangMigrate")]
    [InlineData("1_a.up.sql;../sqlx.toml", "Sqlx")]
    [InlineData("../sqlx.toml", "Sqlx")]
    [InlineData("1_a.up.sql;1_a.down.sql;2_b.up.pgsql", "GolangMigrate")]
    [InlineData("1_a.up.json", "GolangMigrate")]
    [InlineData("1_a.up.sql;1_a.up.sql.bak", "Sqlx GolangMigrate")]
    [InlineData("1_a.up.sql;README_notes.sql", "GolangMigrate")]
    [InlineData("1_a.sql;README_notes.sql", "Sqlx")]
    [InlineData("README_notes.sql;schema.sql", "")]
    [InlineData("V1__a.sql", "")]
    [InlineData("migration_lock.toml", "Prisma")]
    [InlineData("20240101000000_a/migration.sql", "Prisma")]
    [InlineData("x/y/migration.sql", "")]
    [InlineData("migration.sql", "")]
    [InlineData("migrations/20240101000000_a/migration.sql", "")]
    [InlineData("", "")]
    public void Tells_the_tools_that_a_folder_may_be_of(string files, string formats)
    {
        using var folder = new TempFolder();
        foreach (var file in files.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            folder.With(file);
        }

        Assert.Equal(formats, Formats(folder.Path));
    }

    [Fact]
    public void An_EF_Core_script_is_not_SQLx()
    {
        using var folder = new TempFolder().With("20240101000000_Init.sql", EfCore);
        Assert.DoesNotContain("Sqlx", Formats(folder.Path), StringComparison.Ordinal);
        folder.With("20240101000001_more.sql", "SELECT 1;");
        Assert.Contains("Sqlx", Formats(folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void Neither_a_file_nor_nothing_is_a_folder()
    {
        using var folder = new TempFolder().With("1_a.sql");
        Assert.DoesNotContain("Sqlx", Formats(folder["1_a.sql"]), StringComparison.Ordinal);
        Assert.Equal("", Formats(folder["nowhere"]));
    }

    [Fact]
    public void Thousands_of_other_files_are_no_migrations()
    {
        using var folder = new TempFolder();
        for (var i = 0; i < 5000; i++)
        {
            folder.With($"photo_{i}.jpg");
        }

        Assert.Equal("", Formats(folder.Path));
        Assert.Empty(MigrationFormat.Sqlx.Read(folder).Migrations);
        Assert.Empty(MigrationFormat.GolangMigrate.Read(folder).Migrations);
        Assert.Empty(MigrationFormat.Prisma.Read(folder).Migrations);
    }

    // EF Core has tests of its own.
    private static string Formats(string path) =>
        string.Join(' ', MigrationFormats.Detect(path).Select(f => f.Format).Where(f => f != MigrationFormat.EfCore));
}
