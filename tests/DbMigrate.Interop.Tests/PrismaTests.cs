using DbMigrate.Engine.Migrations;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Interop.Tests;

public sealed class PrismaTests
{
    private static readonly ForeignTool Tool = ForeignTool.Prisma;

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_applies_what_the_other_left(bool toolFirst)
    {
        Tool.Require();
        var target = await SandboxFixture.NewDatabaseAsync();
        using var project = new PrismaProject(Samples.Shop(MigrationFormat.Prisma));
        var ours = new Runs(new MigrationSource(project.Migrations, MigrationFormat.Prisma), target);

        if (toolFirst)
        {
            project.Hide(3, 4);
            await Tool.SucceedAsync(target, project.Root, "migrate", "deploy");
            project.Show(3, 4);
            Assert.Equal("Applied Applied Pending Pending", await ours.StatesAsync());
            Assert.Equal(2, await ours.ApplyAsync());
        }
        else
        {
            Assert.Equal(2, await ours.ApplyAsync(2));
            await Tool.SucceedAsync(target, project.Root, "migrate", "deploy");
            Assert.Equal(0, await ours.ApplyAsync());
        }

        Assert.Equal("Applied Applied Applied Applied", await ours.StatesAsync());
        Assert.Contains("Database schema is up to date!", await Tool.SucceedAsync(target, project.Root, "migrate", "status"), StringComparison.Ordinal);
        Assert.Contains("No pending migrations", await Tool.SucceedAsync(target, project.Root, "migrate", "deploy"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_failure_of_the_tool_is_seen_and_resolved()
    {
        Tool.Require();
        var target = await SandboxFixture.NewDatabaseAsync();
        using var project = new PrismaProject(Samples.Shop(MigrationFormat.Prisma).Add(5, "broken", ["SELECT 1/0"]));
        var ours = new Runs(new MigrationSource(project.Migrations, MigrationFormat.Prisma), target);
        Assert.NotEqual(0, (await Tool.RunAsync(target, project.Root, "migrate", "deploy")).ExitCode);

        Assert.EndsWith("Failed", await ours.StatesAsync(), StringComparison.Ordinal);
        Assert.Equal("MigrationFailed", (await Assert.ThrowsAsync<DbMigrateException>(() => ours.ApplyAsync())).Id);
        await ours.ResolveAsync(project.Version(5), ResolveAction.RolledBack);
        project.Edit(5, "SELECT 1;\n");
        await Tool.SucceedAsync(target, project.Root, "migrate", "deploy");

        Assert.EndsWith("Applied", await ours.StatesAsync(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task The_tool_resolves_what_we_left_half_way()
    {
        Tool.Require();
        var target = await SandboxFixture.NewDatabaseAsync();
        using var project = new PrismaProject(Samples.Shop(MigrationFormat.Prisma)
            .Add(5, "broken", ["CREATE INDEX CONCURRENTLY items_price ON items (price)", "SELECT 1/0"]));
        var ours = new Runs(new MigrationSource(project.Migrations, MigrationFormat.Prisma), target);

        await Assert.ThrowsAsync<MigrationFailedException>(() => ours.ApplyAsync());
        Assert.Contains("P3009", (await Tool.RunAsync(target, project.Root, "migrate", "deploy")).Output, StringComparison.Ordinal);
        await Tool.SucceedAsync(target, project.Root, "migrate", "resolve", "--applied", project.Version(5));

        Assert.Contains("up to date", await Tool.SucceedAsync(target, project.Root, "migrate", "status"), StringComparison.Ordinal);
        Assert.EndsWith("Applied", await ours.StatesAsync(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task What_we_undo_the_tool_applies_again()
    {
        Tool.Require();
        var target = await SandboxFixture.NewDatabaseAsync();
        using var project = new PrismaProject(Samples.Shop(MigrationFormat.Prisma));
        var ours = new Runs(new MigrationSource(project.Migrations, MigrationFormat.Prisma), target);
        await Tool.SucceedAsync(target, project.Root, "migrate", "deploy");

        Assert.Equal(2, await ours.UndoAsync(2));
        await Tool.SucceedAsync(target, project.Root, "migrate", "deploy");

        Assert.Equal("Applied Applied Applied Applied", await ours.StatesAsync());
    }

    /// <summary>A project as Prisma wants it, around a folder of migrations.</summary>
    private sealed class PrismaProject : IDisposable
    {
        private readonly TemporaryMigrations _folder;
        private readonly string _hidden;

        public PrismaProject(TemporaryMigrations folder)
        {
            _folder = folder;
            Root = Directory.CreateTempSubdirectory("dbmigrate-prisma-").FullName;
            _hidden = Directory.CreateDirectory(Path.Combine(Root, "hidden")).FullName;
            Migrations = Path.Combine(Root, "prisma", "migrations");
            Directory.CreateDirectory(Path.Combine(Root, "prisma"));
            File.WriteAllText(Path.Combine(Root, "prisma", "schema.prisma"), "datasource db {\n  provider = \"postgresql\"\n}\n");
            File.WriteAllText(
                Path.Combine(Root, "prisma.config.ts"),
                "export default { schema: 'prisma/schema.prisma', migrations: { path: 'prisma/migrations' }, datasource: { url: process.env.DATABASE_URL } };\n");
            Directory.Move(folder.Root, Migrations);
            Directory.CreateDirectory(folder.Root);
        }

        public string Root { get; }

        public string Migrations { get; }

        public string Version(int number) => _folder.Version(number);

        public void Hide(params int[] numbers) => Move(numbers, Migrations, _hidden);

        public void Show(params int[] numbers) => Move(numbers, _hidden, Migrations);

        public void Edit(int number, string sql) => File.WriteAllText(Path.Combine(Migrations, Version(number), "migration.sql"), sql);

        public void Dispose()
        {
            _folder.Dispose();
            Directory.Delete(Root, recursive: true);
        }

        private void Move(int[] numbers, string from, string to)
        {
            foreach (var number in numbers)
            {
                Directory.Move(Path.Combine(from, Version(number)), Path.Combine(to, Version(number)));
            }
        }
    }
}
