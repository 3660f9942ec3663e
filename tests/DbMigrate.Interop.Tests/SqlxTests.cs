using DbMigrate.Engine.Migrations;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Interop.Tests;

public sealed class SqlxTests
{
    private static readonly ForeignTool Tool = ForeignTool.Sqlx;

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_applies_what_the_other_left(bool toolFirst)
    {
        Tool.Require();
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Samples.Shop(MigrationFormat.Sqlx);
        var ours = new Runs(new MigrationSource(folder.Path, MigrationFormat.Sqlx), target);

        if (toolFirst)
        {
            await SqlxAsync(target, folder, "run", "--target-version", "2");
            Assert.Equal("Applied Applied Pending Pending", await ours.StatesAsync());
            Assert.Equal(2, await ours.ApplyAsync());
            Assert.Empty(await SqlxAsync(target, folder, "run"));
        }
        else
        {
            Assert.Equal(2, await ours.ApplyAsync(2));
            await SqlxAsync(target, folder, "run");
            Assert.Equal(0, await ours.ApplyAsync());
        }

        Assert.Equal("Applied Applied Applied Applied", await ours.StatesAsync());
        var info = await SqlxAsync(target, folder, "info");
        Assert.Equal(["1/installed items", "2/installed seed", "3/installed index", "4/installed function"], info.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [SkippableFact]
    public async Task Each_undoes_what_the_other_applied()
    {
        Tool.Require();
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Samples.Shop(MigrationFormat.Sqlx);
        var ours = new Runs(new MigrationSource(folder.Path, MigrationFormat.Sqlx), target);
        await SqlxAsync(target, folder, "run");

        Assert.Equal(2, await ours.UndoAsync(2));
        Assert.Contains("3/pending index", await SqlxAsync(target, folder, "info"), StringComparison.Ordinal);
        await ours.ApplyAsync();
        await SqlxAsync(target, folder, "revert", "--target-version", "1");
        Assert.Equal("Applied Pending Pending Pending", await ours.StatesAsync());
        await SqlxAsync(target, folder, "run");
        Assert.Equal("Applied Applied Applied Applied", await ours.StatesAsync());
    }

    [SkippableFact]
    public async Task Both_see_an_edited_file()
    {
        Tool.Require();
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Samples.Shop(MigrationFormat.Sqlx);
        var ours = new Runs(new MigrationSource(folder.Path, MigrationFormat.Sqlx), target);
        await ours.ApplyAsync();
        await File.AppendAllTextAsync(folder.UpFile(2), "\r\n");

        Assert.Equal("Applied Modified Applied Applied", await ours.StatesAsync());
        Assert.Contains("2/installed (different checksum) seed", await SqlxAsync(target, folder, "info"), StringComparison.Ordinal);
        Assert.Contains("has been modified", (await Tool.RunAsync(target, folder.Root, "migrate", "run", "--source", folder.Path)).Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task What_we_resolve_the_tool_accepts()
    {
        Tool.Require();
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Samples.Shop(MigrationFormat.Sqlx);
        var ours = new Runs(new MigrationSource(folder.Path, MigrationFormat.Sqlx), target);
        await target.RunAsync("CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price numeric(10, 2))");

        await ours.ResolveAsync("1", ResolveAction.Applied);
        await SqlxAsync(target, folder, "run");
        await ours.ResolveAsync("4", ResolveAction.RolledBack);
        await target.RunAsync("DROP FUNCTION total()");
        await SqlxAsync(target, folder, "run");

        Assert.Equal("Applied Applied Applied Applied", await ours.StatesAsync());
    }

    private static Task<string> SqlxAsync(DbTarget target, TemporaryMigrations folder, string command, params string[] more) =>
        Tool.SucceedAsync(target, folder.Root, ["migrate", command, "--source", folder.Path, .. more]);
}
