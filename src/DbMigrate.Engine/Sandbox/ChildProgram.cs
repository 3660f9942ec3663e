using System.Diagnostics;

namespace DbMigrate.Engine.Sandbox;

/// <summary>Runs a program to its end.</summary>
internal static class ChildProgram
{
    /// <summary>Runs a program; ends it, with all it started, when cancelled.</summary>
    /// <param name="program">The program's path.</param>
    /// <param name="arguments">Its arguments; nothing is quoted or expanded.</param>
    /// <param name="workingDirectory">A folder that <paramref name="user"/> can enter.</param>
    /// <param name="user">The account to run under; null for our own. Only root can name one.</param>
    /// <param name="cancellationToken">Ends the program.</param>
    /// <returns>The exit code, and what it wrote to both outputs.</returns>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string program, IEnumerable<string> arguments, string workingDirectory, string? user, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        if (user is not null)
        {
            start.UserName = user;
        }

        // PGDATA, PGPORT and the like steer PostgreSQL's programs, and a translated message cannot be recognised.
        foreach (var variable in start.Environment.Keys.Where(k => k.StartsWith("PG", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(variable);
        }

        start.Environment["LC_ALL"] = "C";

        cancellationToken.ThrowIfCancellationRequested();
        using var process = new Process { StartInfo = start };
        process.Start();
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        // On Windows a server that pg_ctl started holds our pipes open as long as it runs.
        var ended = Task.WhenAll(output, error);
        var patience = OperatingSystem.IsWindows() && process.ExitCode == 0 ? TimeSpan.FromMilliseconds(200) : Timeout.InfiniteTimeSpan;
        await Task.WhenAny(ended, Task.Delay(patience, cancellationToken));
        return (process.ExitCode, ended.IsCompletedSuccessfully ? output.Result + error.Result : "");
    }
}
