using System.Diagnostics;
using DbMigrate.Testing;
using Xunit.Abstractions;

namespace DbMigrate.PowerShell.Tests;

/// <summary>Runs the files of <c>tests/Pester</c> in PowerShell, each in a process of its own, on the module as it is installed.</summary>
public sealed class PesterTests(ITestOutputHelper output)
{
    private const int PesterIsMissing = 3;

    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Pester");

    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Folder, "*.Tests.ps1").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [SkippableTheory]
    [MemberData(nameof(Files))]
    public async Task Passes(string file)
    {
        var pwsh = Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "pwsh.exe" : "pwsh")).FirstOrDefault(File.Exists);
        Skip.If(pwsh is null, "NOT TESTED in PowerShell: there is no pwsh on PATH. Install PowerShell 7.4 or later with Pester 5.");

        var start = new ProcessStartInfo(pwsh!) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        string[] arguments =
        [
            "-NoProfile", "-NonInteractive", "-File", Path.Combine(Folder, "Run.ps1"),
            "-File", Path.Combine(Folder, file), "-Module", Repository.Module, "-OtherAssemblies", Repository.OtherAssemblies,
        ];
        Array.ForEach(arguments, start.ArgumentList.Add);
        var (exitCode, text, errors) = await ChildProcess.RunAsync(start, TimeSpan.FromMinutes(15));
        text += errors;
        output.WriteLine(text);

        Skip.If(exitCode == PesterIsMissing, "NOT TESTED in PowerShell: Pester 5 is not installed (Install-Module Pester).");
        Assert.True(exitCode == 0, text);
    }
}
