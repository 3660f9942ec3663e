using DbMigrate.Engine.Formats;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats;

/// <summary>What all folders have in common.</summary>
public sealed class FolderTests
{
    [Theory]
    [InlineData(MigrationFormat.Sqlx)]
    [InlineData(MigrationFormat.GolangMigrate)]
    [InlineData(MigrationFormat.Prisma)]
    public void A_folder_has_to_be_there(MigrationFormat format)
    {
        using var folder = new TempFolder().With("file");
        Assert.Equal("FolderNotFound", Read(folder["nowhere"]).Id);
        Assert.Equal("NotAFolder", Read(folder["file"]).Id);
        Assert.Contains(folder["nowhere"], Read(folder["nowhere"]).Message, StringComparison.Ordinal);

        DbMigrateException Read(string path) =>
            Assert.Throws<DbMigrateException>(() => MigrationFormats.Of(format).Read(path, FormatFor.NoOptions));
    }

    [SkippableFact]
    public void A_link_to_a_file_is_followed()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows makes links for administrators only.");
        using var folder = new TempFolder().With("../0001_a.sql", "SELECT 1;\n").With("dir_a.sql/x");
        File.CreateSymbolicLink(folder["0002_b.sql"], folder["../0001_a.sql"]);
        Directory.CreateSymbolicLink(folder["link_a.sql"], folder["dir_a.sql"]);

        var migration = Assert.Single(MigrationFormat.Sqlx.Read(folder).Migrations);

        Assert.Equal(("2", "b", folder["0002_b.sql"]), (migration.Version, migration.Name, migration.Up!.Path));
    }

    [SkippableFact]
    public void A_link_to_nothing_stops_SQLx()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows makes links for administrators only.");
        using var folder = new TempFolder().With("0001_a.sql");
        File.CreateSymbolicLink(folder["notes.txt"], folder["nowhere"]);

        var error = MigrationFormat.Sqlx.Refused(folder);

        Assert.Equal("BrokenLink", error.Id);
        Assert.Contains(folder["notes.txt"], error.Message, StringComparison.Ordinal);
        Assert.Empty(MigrationFormat.GolangMigrate.Read(folder).Migrations);
    }

    [SkippableFact]
    public void Prisma_passes_over_links_to_directories()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows makes links for administrators only.");
        using var folder = new TempFolder().With("20240101000000_a/migration.sql").With("../elsewhere/migration.sql");
        Directory.CreateSymbolicLink(folder["20240102000000_b"], folder["../elsewhere"]);

        var read = MigrationFormat.Prisma.Read(folder);

        Assert.Equal(["20240101000000_a"], read.Migrations.Select(m => m.Version));
        Assert.Contains("20240102000000_b", Assert.Single(read.Warnings), StringComparison.Ordinal);
    }
}
