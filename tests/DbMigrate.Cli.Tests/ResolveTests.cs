using Xunit;

namespace DbMigrate.Cli.Tests;

public class ResolveTests
{
    [Fact]
    public async Task Records_and_takes_back_without_running_anything()
    {
        using var database = await SampleDatabase.CreateAsync();
        database.Write("1_a.sql", "CREATE TABLE a (id int);\n");
        database.Write("2_b.sql", "CREATE TABLE b (id int);\n");
        Assert.Equal(0, (await database.RunAsync("migrate", "--count", "1")).ExitCode);
        var before = await database.SnapshotAsync();

        var applied = await database.RunAsync("resolve", "2", "--applied");
        Assert.Equal(0, applied.ExitCode);
        Assert.Equal("2/installed: b", Assert.Single(applied.Lines));
        Assert.DoesNotContain("relation r public.b", await database.SnapshotAsync(), StringComparison.Ordinal);

        var back = await database.RunAsync("resolve", "migrations", "2", "--rolled-back", "--json");
        Assert.Equal(0, back.ExitCode);
        Assert.Equal("pending", Assert.Single(back.Objects).GetProperty("state").GetString());
        Assert.Equal(before, await database.SnapshotAsync());
    }

    [Fact]
    public async Task Forces_a_version_as_golang_migrate_does()
    {
        using var database = await SampleDatabase.CreateAsync();
        Repository.CopySample("golang-migrate", database.Migrations);
        Assert.Equal(0, (await database.RunAsync("resolve", "5", "--force", "--format", "golang-migrate")).ExitCode);
        var info = await database.RunAsync("migrate-info");
        Assert.Equal(5, info.Lines.Count(line => line.Contains("/installed: ", StringComparison.Ordinal)));

        Assert.Equal(0, (await database.RunAsync("resolve", "-1", "--force")).ExitCode);
        Assert.All((await database.RunAsync("migrate-info")).Lines, line => Assert.EndsWith("(NEW)", line, StringComparison.Ordinal));
    }
}
