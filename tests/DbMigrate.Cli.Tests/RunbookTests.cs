using System.Text.RegularExpressions;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Cli.Tests;

public partial class RunbookTests
{
    public static TheoryData<string> Runbooks { get; } = new(
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs", "runbooks"), "*.md")
            .Where(file => Block().IsMatch(File.ReadAllText(file).ReplaceLineEndings("\n")))
            .Select(file => Path.GetFileName(file)!)
            .Order(StringComparer.Ordinal));

    [SkippableTheory]
    [MemberData(nameof(Runbooks))]
    public async Task The_container_steps_run_in_order(string runbook)
    {
        Skip.If(OperatingSystem.IsWindows(), "SKIPPED: the steps are for a Unix shell.");
        var text = (await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "runbooks", runbook))).ReplaceLineEndings("\n");
        var script = string.Concat(Block().Matches(text).Select(m => m.Groups[1].Value));
        Skip.If(
            script.Contains("psql ", StringComparison.Ordinal) && (await Shell.RunAsync(".", null, "command -v psql")).ExitCode != 0,
            "SKIPPED: psql is not installed.");
        var sample = SampleLine().Match(text);
        Assert.True(sample.Success, "The first line must say which sample goes where.");

        using var database = await SampleDatabase.CreateAsync();
        Repository.CopySample(sample.Groups[1].Value, Path.Combine(database.Folder, sample.Groups[2].Value));
        var run = await Shell.RunAsync(database.Folder, SandboxFixture.TargetUrl(database.Target), script);
        Assert.True(run.ExitCode == 0, run.Out + run.Error);
        Assert.Contains("/installed: ", run.Out, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^<!-- sample: (\S+) -> (\S+) -->\n")]
    private static partial Regex SampleLine();

    [GeneratedRegex(@"^```bash\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}
