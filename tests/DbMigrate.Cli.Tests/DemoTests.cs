using Xunit;

namespace DbMigrate.Cli.Tests;

public class DemoTests
{
    [Fact]
    public async Task Tells_the_whole_story_for_each_tool_and_cleans_up()
    {
        var run = await CommandRun.OfAsync("demo");
        Assert.True(run.ExitCode == 0, run.Out + run.Error);
        foreach (var title in new[] { "=== SQLx", "=== golang-migrate", "=== Prisma Migrate", "=== EF Core" })
        {
            Assert.Contains(title, run.Out, StringComparison.Ordinal);
        }

        foreach (var cmdlet in new[] { "Get-MigrationStatus", "Invoke-Migration", "Undo-Migration", "Resolve-Migration" })
        {
            Assert.Contains("PS> " + cmdlet, run.Out, StringComparison.Ordinal);
        }

        // 12 and those taken back, for each; then the repaired one.
        Assert.Equal(
            (12 + 2 + 1) + (12 + 2 + 1) + (12 + 2 + 1) + (12 + 3 + 1),
            run.Lines.Count(l => l.Contains("/installed: ", StringComparison.Ordinal) && l.EndsWith(')')));
        Assert.Equal(2 + 2 + 2 + 3, run.Lines.Count(l => l.Contains("/undone: ", StringComparison.Ordinal)));
        Assert.Equal(4, run.Error.Split('\n').Count(l => l.StartsWith("error: ", StringComparison.Ordinal)));
        Assert.Equal(4, run.Error.Split('\n').Count(l => l.TrimStart().StartsWith("| ", StringComparison.Ordinal) && l.EndsWith('^')));
        Assert.Equal(4, run.Error.Split('\n').Count(l => l.StartsWith("Next: ", StringComparison.Ordinal)));
        Assert.StartsWith("Done in ", run.Lines[^2], StringComparison.Ordinal);
    }
}
