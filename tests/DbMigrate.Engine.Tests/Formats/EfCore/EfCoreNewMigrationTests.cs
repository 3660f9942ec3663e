using DbMigrate.Engine.Formats.EfCore;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.EfCore;

public class EfCoreNewMigrationTests
{
    private static readonly DateTimeOffset s_now = new(2027, 1, 2, 3, 4, 5, TimeSpan.FromHours(1));

    [Fact]
    public void A_script_is_added_to_a_folder_of_scripts()
    {
        using var folder = new TemporaryFolder();
        folder.Write("all.sql", EfCoreSamples.Text("ef10/idempotent.sql"));

        var paths = new EfCoreFormat().Create(folder.Path, "add order  dueDate", reversible: true, s_now, write: true);

        Assert.Equal(["20270102020405_AddOrderDueDate.sql", "20270102020405_AddOrderDueDate.down.sql"], paths.Select(p => Path.GetFileName(p)));
        Assert.Equal(
            """
            START TRANSACTION;
            -- Write the SQL of the migration here.

            INSERT INTO "__EFMigrationsHistory" ("MigrationId", "ProductVersion")
            VALUES ('20270102020405_AddOrderDueDate', '10.0.14');

            COMMIT;

            """.ReplaceLineEndings("\n"),
            File.ReadAllText(paths[0]));
        var newest = EfCoreSamples.Read(folder.Path).Migrations[^1];
        Assert.Equal("20270102020405_AddOrderDueDate", newest.Version);
        Assert.Empty(newest.Up!.ReadStatements());
        Assert.Empty(newest.Down!.ReadStatements());
    }

    [Fact]
    public void The_folder_decides_table_and_down_script()
    {
        using var folder = new TemporaryFolder();
        folder.Write("all.sql", EfCoreSamples.Text("ef10/idempotent-custom-table-schema.sql"));

        var path = Assert.Single(new EfCoreFormat().Create(folder.Path, "x", reversible: null, s_now, write: true));

        Assert.Contains("INSERT INTO \"infra\".\"__ef_history\" (", File.ReadAllText(path), StringComparison.Ordinal);
        Assert.Equal(2, EfCoreSamples.Read(folder.Path).Migrations.Count);
    }

    [Fact]
    public void Nothing_is_written_when_it_is_only_asked()
    {
        using var folder = new TemporaryFolder();
        folder.Write("all.sql", EfCoreSamples.Text("ef10/idempotent.sql"));
        folder.Write("down.sql", EfCoreSamples.Text("ef10/plain-down-to-0.sql"));

        Assert.Equal(2, new EfCoreFormat().Create(folder.Path, "x", reversible: null, s_now, write: false).Count);
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public void The_new_one_comes_after_the_newest()
    {
        using var folder = new TemporaryFolder();
        folder.Write("all.sql", EfCoreSamples.Text("ef10/idempotent.sql"));

        var path = Assert.Single(new EfCoreFormat().Create(folder.Path, "x", reversible: false, new DateTimeOffset(2026, 11, 21, 15, 44, 49, TimeSpan.Zero), write: false));

        Assert.Equal("20261121154450_X.sql", Path.GetFileName(path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-- '")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Names_without_letters_or_too_long_are_refused(string name)
    {
        using var folder = new TemporaryFolder();
        folder.Write("all.sql", EfCoreSamples.Text("ef10/idempotent.sql"));

        Assert.Equal("InvalidName", Assert.Throws<DbMigrateException>(() => new EfCoreFormat().Create(folder.Path, name, null, s_now, write: true)).Id);
    }

    [Fact]
    public void Elsewhere_EF_Core_itself_makes_migrations()
    {
        using var folder = new TemporaryFolder();
        foreach (var path in new[] { folder.Path, Path.Combine(folder.Path, "new") })
        {
            var error = Assert.Throws<DbMigrateException>(() => new EfCoreFormat().Create(path, "x", null, s_now, write: true));
            Assert.Equal("EfCoreMigrationInCode", error.Id);
            Assert.Contains("dotnet ef migrations add", error.NextStep, StringComparison.Ordinal);
        }
    }
}
