using System.Diagnostics;

namespace DbMigrate.Engine.Sandbox;

/// <summary>Runs a program to its end.</summary>
internal static class ChildProgram
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

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
        cancellationToken.ThrowIfCancellationRequested();
        using var process = new Process { StartInfo = Start(program, arguments, workingDirectory, user) };
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

    /// <summary>
    /// Runs a program whose output may be endless, under our own account; nothing of it is kept here. When cancelled, the program is asked to end,
    /// and made to after five seconds.
    /// </summary>
    /// <param name="program">The program's path.</param>
    /// <param name="arguments">Its arguments; nothing is quoted or expanded.</param>
    /// <param name="environment">Variables to set.</param>
    /// <param name="output">Takes each line of standard output.</param>
    /// <param name="error">Takes each line of standard error. Called from another thread than <paramref name="output"/>.</param>
    /// <param name="cancellationToken">Ends the program.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> StreamAsync(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string> environment,
        Action<string> output,
        Action<string> error,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var start = Start(program, arguments, Path.GetDirectoryName(program)!, user: null);
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = new Process { StartInfo = start };
        process.Start();
        process.StandardInput.Close();
        var reading = Task.WhenAll(ReadAsync(process.StandardOutput, output), ReadAsync(process.StandardError, error));
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            await reading.WaitAsync(cancellationToken);
        }
        catch
        {
            await EndAsync(process);

            // What the program itself has started may hold the outputs open.
            await Task.WhenAny(reading, Task.Delay(s_patience, CancellationToken.None));
            throw;
        }

        return process.ExitCode;
    }

    private static async Task ReadAsync(StreamReader reader, Action<string> take)
    {
        while (await reader.ReadLineAsync(CancellationToken.None) is { } line)
        {
            take(line);
        }
    }

    // PostgreSQL's clients cancel on the server what they are at when they are asked to end, which they cannot do when they are killed.
    private static async Task EndAsync(Process process)
    {
        if (!OperatingSystem.IsWindows() && !process.HasExited && Posix.Kill(process.Id, Posix.Sigterm) == 0)
        {
            using var patience = new CancellationTokenSource(s_patience);
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                // Then it is killed.
            }
        }

        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        await process.WaitForExitAsync(CancellationToken.None);
    }

    private static ProcessStartInfo Start(string program, IEnumerable<string> arguments, string workingDirectory, string? user)
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
        return start;
    }
}
