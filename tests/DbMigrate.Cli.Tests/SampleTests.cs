using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Cli.Tests;

public class SampleTests
{
    [Theory]
    [InlineData("sqlx", 7)]
    [InlineData("golang-migrate", 12)]
    [InlineData("prisma", 2)]
    [InlineData("efcore", 3)]
    public async Task Applies_undoes_and_applies_again_to_the_same_schema(string sample, int undo)
    {
        using var database = await SampleDatabase.CreateAsync();
        var folder = Path.Combine(Repository.Samples, sample);
        // Pairs of up and down files suit SQLx, too, until something is recorded.
        string[] format = sample == "golang-migrate" ? ["--format", sample] : [];
        var before = await database.RunAsync(["migrate-info", folder, .. format]);
        Assert.Equal(12, before.Lines.Length);
        Assert.All(before.Lines, line => Assert.EndsWith("(NEW)", line, StringComparison.Ordinal));

        var applied = await database.RunAsync(["migrate", folder, .. format]);
        Assert.True(applied.ExitCode == 0, applied.Error);
        Assert.Equal("", applied.Error);
        await AssertAllInstalledAsync(database, folder);
        Assert.Equal(0, await database.Target.ScalarAsync<long>("SELECT count(*) FROM pg_index WHERE NOT indisvalid"));
        var schema = await SchemaAsync(database);

        var undone = await database.RunAsync("undo", folder, "--count", $"{undo}");
        Assert.True(undone.ExitCode == 0, undone.Error);
        Assert.Equal(undo, undone.Lines.Count(line => line.Contains("/undone: ", StringComparison.Ordinal)));
        Assert.NotEqual(schema, await SchemaAsync(database));
        var pending = await database.RunAsync("migrate-info", folder);
        Assert.Equal(undo, pending.Lines.Count(line => line.Contains("/pending: ", StringComparison.Ordinal)));

        var again = await database.RunAsync("migrate", folder);
        Assert.True(again.ExitCode == 0, again.Error);
        await AssertAllInstalledAsync(database, folder);
        Assert.Equal(schema, await SchemaAsync(database));
    }

    [Theory]
    [InlineData("prisma")]
    [InlineData("efcore")]
    public async Task What_has_no_down_script_is_refused_before_anything_is_undone(string sample)
    {
        using var database = await SampleDatabase.CreateAsync();
        var folder = Path.Combine(Repository.Samples, sample);
        Assert.Equal(0, (await database.RunAsync("migrate", folder)).ExitCode);
        var before = await database.SnapshotAsync();
        var run = await database.RunAsync("undo", folder, "--to", "0");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Next: ", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, await database.SnapshotAsync());
    }

    private static async Task AssertAllInstalledAsync(SampleDatabase database, string folder)
    {
        var run = await database.RunAsync("migrate-info", folder);
        Assert.Equal(12, run.Lines.Length);
        Assert.All(run.Lines, line => Assert.Matches(@"^\S+/installed: \S+$", line));
    }

    // Rows have identities and times of their own.
    private static async Task<string> SchemaAsync(SampleDatabase database) =>
        string.Join('\n', (await database.SnapshotAsync()).Split('\n').Where(line => !line.Contains(": {", StringComparison.Ordinal)));
}
