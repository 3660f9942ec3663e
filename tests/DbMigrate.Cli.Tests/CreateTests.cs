using Xunit;

namespace DbMigrate.Cli.Tests;

public class CreateTests
{
    [Theory]
    [InlineData("sqlx", "migrations", 2, @"^\d{14}_add_order_notes\.(up|down)\.sql$")]
    [InlineData("golang-migrate", "migrations", 2, @"^000013_add_order_notes\.(up|down)\.sql$")]
    [InlineData("prisma", "prisma/migrations", 2, @"^(migration|down)\.sql$")]
    public async Task Makes_files_in_the_folders_own_style_without_a_database(string sample, string folder, int files, string name)
    {
        using var work = new TemporaryFolder();
        Repository.CopySample(sample, Path.Combine(work.Path, folder));
        var before = Files(work.Path);

        // Pairs of up and down files suit SQLx, too.
        string[] create = ["create", "add order notes", .. sample == "golang-migrate" ? ["--format", sample] : Array.Empty<string>()];
        var planned = await CommandRun.OfAsync(null, work.Path, [.. create, "--what-if"]);
        Assert.Equal(0, planned.ExitCode);
        Assert.Equal(files, planned.Lines.Length);
        Assert.Equal(before, Files(work.Path));

        var run = await CommandRun.OfAsync(null, work.Path, [.. create, "--json"]);
        Assert.True(run.ExitCode == 0, run.Error);
        var made = run.Objects.Select(o => o.GetProperty("path").GetString()!).ToList();
        Assert.Equal(files, made.Count);
        Assert.All(made, path => Assert.Matches(name, Path.GetFileName(path)));
        Assert.Equal(made.Order(StringComparer.Ordinal), Files(work.Path).Except(before).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_empty_place_needs_a_format()
    {
        using var work = new TemporaryFolder();
        var without = await CommandRun.OfAsync(null, work.Path, ["create", "init"]);
        Assert.NotEqual(0, without.ExitCode);
        Assert.Empty(Files(work.Path));

        var with = await CommandRun.OfAsync(null, work.Path, ["create", "init", "--format", "sqlx", "--reversible"]);
        Assert.True(with.ExitCode == 0, with.Error);
        Assert.Equal(2, Files(work.Path).Count);
        var one = await CommandRun.OfAsync(null, work.Path, ["create", "second", "--reversible", "false", "--format", "sqlx"]);
        Assert.True(one.ExitCode == 0, one.Error);
        Assert.Equal(3, Files(work.Path).Count);
        Assert.All(Files(work.Path), path => Assert.Equal(Path.Combine(work.Path, "migrations"), Path.GetDirectoryName(path)));
    }

    private static List<string> Files(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToList();
}
