using DbMigrate.Engine.Migrations;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Interop.Tests;

public sealed class GolangMigrateTests
{
    private static readonly ForeignTool Tool = ForeignTool.GolangMigrate;

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_applies_what_the_other_left(bool toolFirst)
    {
        Tool.Require();
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Samples.Shop(MigrationFormat.GolangMigrate);
        var ours = new Runs(new MigrationSource(folder.Path, MigrationFormat.GolangMigrate), target);

        if (toolFirst)
        {
            await MigrateAsync(target, folder, "up", "2");
            Assert.Equal("Applied Applied Pending Pending", await ours.StatesAsync());
            Assert.Equal(2, await ours.ApplyAsync());
            Assert.Contains("no change", await MigrateAsync(target, folder, "up"), StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(2, await ours.ApplyAsync(2));
            await MigrateAsync(target, folder, "up");
            Assert.Equal(0, await ours.ApplyAsync());
        }

        Assert.Equal("Applied Applied Applied Applied", await ours.StatesAsync());
        Assert.Equal("4", (await MigrateAsync(target, folder, "version")).Trim());
    }

    [SkippableFact]
    public async Task Each_undoes_what_the_other_applied()
    {
        Tool.Require();
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Samples.Shop(MigrationFormat.GolangMigrate);
        var ours = new Runs(new MigrationSource(folder.Path, MigrationFormat.GolangMigrate), target);
        await MigrateAsync(target, folder, "up");

        Assert.Equal(2, await ours.UndoAsync(2));
        Assert.Equal("2", (await MigrateAsync(target, folder, "version")).Trim());
        await ours.ApplyAsync();
        await MigrateAsync(target, folder, "down", "3");
        Assert.Equal("Applied Pending Pending Pending", await ours.StatesAsync());
        Assert.Equal(1, await ours.UndoAsync(1));
        Assert.Contains("no migration", (await Tool.RunAsync(target, folder.Root, Arguments(target, folder, ["version"]))).Output, StringComparison.Ordinal);
        await MigrateAsync(target, folder, "up");
        Assert.Equal("Applied Applied Applied Applied", await ours.StatesAsync());
    }

    [SkippableFact]
    public async Task A_dirty_state_of_the_tool_is_seen_and_forced()
    {
        Tool.Require();
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Samples.Shop(MigrationFormat.GolangMigrate).Add(5, "broken", ["SELECT 1/0"]);
        var ours = new Runs(new MigrationSource(folder.Path, MigrationFormat.GolangMigrate), target);

        Assert.Equal(1, (await Tool.RunAsync(target, folder.Root, Arguments(target, folder, ["up"]))).ExitCode);
        Assert.EndsWith("Failed", await ours.StatesAsync(), StringComparison.Ordinal);
        Assert.Equal("MigrationFailed", (await Assert.ThrowsAsync<DbMigrateException>(() => ours.ApplyAsync())).Id);

        await ours.ResolveAsync("4", ResolveAction.Force);
        Assert.Equal("4", (await MigrateAsync(target, folder, "version")).Trim());
        folder.Add(5, "broken", ["SELECT 1"]);
        Assert.Equal(1, await ours.ApplyAsync());
        Assert.Equal("5", (await MigrateAsync(target, folder, "version")).Trim());
    }

    [SkippableFact]
    public async Task Our_failure_leaves_the_tool_a_clean_state()
    {
        Tool.Require();
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Samples.Shop(MigrationFormat.GolangMigrate).Add(5, "broken", ["CREATE TABLE half (id int)", "SELECT 1/0"]);
        var ours = new Runs(new MigrationSource(folder.Path, MigrationFormat.GolangMigrate), target);

        await Assert.ThrowsAsync<MigrationFailedException>(() => ours.ApplyAsync());

        Assert.Equal("4", (await MigrateAsync(target, folder, "version")).Trim());
    }

    [SkippableFact]
    public async Task Another_table_in_another_schema_is_shared()
    {
        Tool.Require();
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync("CREATE SCHEMA \"My Schema\"");
        using var folder = Samples.Shop(MigrationFormat.GolangMigrate);
        var ours = new Runs(new MigrationSource(folder.Path, MigrationFormat.GolangMigrate, "\"My Schema\".\"my.table\""), target);
        const string Query = "&x-migrations-table-quoted=1&x-migrations-table=%22My%20Schema%22.%22my.table%22";

        await Tool.SucceedAsync(target, folder.Root, ["-path", folder.Path, "-database", Url(target) + Query, "up", "3"]);

        Assert.Equal("Applied Applied Applied Pending", await ours.StatesAsync());
        Assert.Equal(1, await ours.ApplyAsync());
        await Tool.SucceedAsync(target, folder.Root, ["-path", folder.Path, "-database", Url(target) + Query, "down", "4"]);
        Assert.Equal("Pending Pending Pending Pending", await ours.StatesAsync());
    }

    private static Task<string> MigrateAsync(DbTarget target, TemporaryMigrations folder, params string[] command) =>
        Tool.SucceedAsync(target, folder.Root, Arguments(target, folder, command));

    private static string[] Arguments(DbTarget target, TemporaryMigrations folder, string[] command) =>
        ["-path", folder.Path, "-database", Url(target), .. command];

    private static string Url(DbTarget target) => SandboxFixture.TargetUrl(target) + "?sslmode=disable";
}
