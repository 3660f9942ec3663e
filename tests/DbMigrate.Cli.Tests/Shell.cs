using System.Diagnostics;
using DbMigrate.Testing;

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
        var (exitCode, output, errors) = await ChildProcess.RunAsync(start);
        return new CommandRun(exitCode, output, errors);
    }
}
