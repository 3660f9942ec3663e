using System.Diagnostics;

namespace DbMigrate.Cli.Tests;

/// <summary>A script in bash, with the built program as <c>dbmigrate</c>, and <c>docker run … dbmigrate</c> standing for it.</summary>
internal static class Shell
{
    private const string Prelude = """
        set -e
        dbmigrate() { dotnet "$DBMIGRATE_DLL" "$@"; }
        docker() { while [ "$1" != dbmigrate ]; do shift; done; "$@"; }

        """;

    public static async Task<CommandRun> RunAsync(string folder, string? databaseUrl, string script)
    {
        var start = new ProcessStartInfo("bash", ["-c", Prelude + script])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DBMIGRATE_DLL"] = Path.Combine(AppContext.BaseDirectory, "dbmigrate.dll");
        start.Environment["DATABASE_URL"] = databaseUrl;
        using var process = Process.Start(start)!;
        var stdout = process.StandardOutput.ReadToEndAsync();
        var stderr = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new CommandRun(process.ExitCode, await stdout, await stderr);
    }
}
