using System.Diagnostics;
using Xunit.Abstractions;

namespace DbMigrate.PowerShell.Tests;

/// <summary>Runs the files of <c>tests/Pester</c> in PowerShell, each in a process of its own, on the module as it is installed.</summary>
public sealed class PesterTests(ITestOutputHelper output)
{
    /// <summary>The examples of all help pages, which take as long as a third of the others: a class of its own runs beside this one.</summary>
    private const string Examples = "Help.Tests.ps1";

    private const int PesterIsMissing = 3;

    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Pester");

    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Folder, "*.Tests.ps1").Select(file => Path.GetFileName(file)).Where(file => file != Examples).Order(StringComparer.Ordinal)];

    [SkippableTheory]
    [MemberData(nameof(Files))]
    public Task Passes(string file) => RunAsync(file, output);

    /// <summary>What <see cref="PesterTests"/> leaves out.</summary>
    public sealed class OfExamples(ITestOutputHelper output)
    {
        [SkippableTheory]
        [InlineData(Examples)]
        public Task Passes(string file) => RunAsync(file, output);
    }

    private static async Task RunAsync(string file, ITestOutputHelper output)
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
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var text = await process.StandardOutput.ReadToEndAsync() + await errors;
        await process.WaitForExitAsync();
        output.WriteLine(text);

        Skip.If(process.ExitCode == PesterIsMissing, "NOT TESTED in PowerShell: Pester 5 is not installed (Install-Module Pester).");
        Assert.True(process.ExitCode == 0, text);
    }
}
