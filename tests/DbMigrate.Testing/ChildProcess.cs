using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace DbMigrate.Testing;

/// <summary>A program that a test starts. It is never waited for without end: a test that hangs tells nobody which one it is.</summary>
public static class ChildProcess
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    /// <summary>Runs a program to its end; its standard output and errors are taken if they are redirected.</summary>
    /// <param name="start">The program.</param>
    /// <param name="limit">The longest that it may take; null for four minutes.</param>
    /// <exception cref="TimeoutException">It did not end in time, and was killed with its children; the message has what it said by then.</exception>
    public static async Task<(int ExitCode, string Out, string Error)> RunAsync(ProcessStartInfo start, TimeSpan? limit = null)
    {
        using var process = Process.Start(start)!;
        if (start.RedirectStandardInput)
        {
            process.StandardInput.Close();
        }

        var (output, errors) = (new StringBuilder(), new StringBuilder());
        var reading = Task.WhenAll(
            start.RedirectStandardOutput ? CollectAsync(process.StandardOutput, output) : Task.CompletedTask,
            start.RedirectStandardError ? CollectAsync(process.StandardError, errors) : Task.CompletedTask);
        try
        {
            await Task.WhenAll(reading, process.WaitForExitAsync()).WaitAsync(limit ?? s_limit);
        }
        catch (TimeoutException)
        {
            throw await KillAsync(process, limit ?? s_limit, Text(output) + Text(errors));
        }

        return (process.ExitCode, Text(output), Text(errors));
    }

    /// <summary>Waits for the end of a program.</summary>
    /// <exception cref="TimeoutException">It did not end within four minutes, and was killed with its children.</exception>
    public static async Task EndAsync(this Process process)
    {
        try
        {
            await process.WaitForExitAsync().WaitAsync(s_limit);
        }
        catch (TimeoutException)
        {
            throw await KillAsync(process, s_limit, "");
        }
    }

    /// <summary>What the system shows others of a process's arguments (Linux); empty when it has ended, waited for or not.</summary>
    public static string CommandLine(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/cmdline");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static async Task<TimeoutException> KillAsync(Process process, TimeSpan limit, string said)
    {
        process.Kill(entireProcessTree: true);
        await Task.WhenAny(process.WaitForExitAsync(), Task.Delay(TimeSpan.FromSeconds(10)));
        return new TimeoutException(string.Create(
            CultureInfo.InvariantCulture, $"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} did not end within {limit}. {said}"));
    }

    private static async Task CollectAsync(StreamReader reader, StringBuilder text)
    {
        var buffer = new char[4096];
        for (int count; (count = await reader.ReadAsync(buffer)) > 0;)
        {
            lock (text)
            {
                text.Append(buffer, 0, count);
            }
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
