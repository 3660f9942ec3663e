using System.Diagnostics;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Interop.Tests;

/// <summary>A migration tool of somebody else, as it is installed on this machine.</summary>
/// <param name="Name">The program's name on PATH.</param>
public sealed record ForeignTool(string Name)
{
    public static readonly ForeignTool GolangMigrate = new("migrate");
    public static readonly ForeignTool Sqlx = new("sqlx");
    public static readonly ForeignTool Prisma = new("prisma");
    public static readonly ForeignTool Psql = new("psql");
    public static readonly ForeignTool PgDump = new("pg_dump");

    private string? Program => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(d => new[] { Path.Combine(d, Name), Path.Combine(d, Name + ".exe") })
        .FirstOrDefault(File.Exists);

    /// <summary>Skips the test, saying why, where the tool is absent.</summary>
    public void Require() => Skip.If(Program is null, $"SKIPPED: {Name} is not on PATH, so DbMigrate was not tried beside it.");

    /// <summary>Runs the tool to its end.</summary>
    public async Task<(int ExitCode, string Output)> RunAsync(DbTarget target, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(Program!, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder,
        };
        start.Environment["DATABASE_URL"] = SandboxFixture.TargetUrl(target) + "?sslmode=disable";
        var (exitCode, output, errors) = await ChildProcess.RunAsync(start);
        return (exitCode, output + errors);
    }

    /// <summary>Runs the tool, which has to succeed.</summary>
    public async Task<string> SucceedAsync(DbTarget target, string folder, params string[] arguments)
    {
        var (exitCode, output) = await RunAsync(target, folder, arguments);
        Assert.True(exitCode == 0, $"{Name} {string.Join(' ', arguments)} ended with {exitCode}:\n{output}");
        return output;
    }
}
