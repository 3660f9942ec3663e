using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace DbMigrate.Cli.Tests;

/// <summary>The built program, run as users run it: a process with arguments, an environment and two streams.</summary>
internal sealed record CommandRun(int ExitCode, string Out, string Error)
{
    public string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd('\r')).ToArray();

    public JsonElement[] Objects => Lines.Select(l => JsonDocument.Parse(l).RootElement).ToArray();

    public static Task<CommandRun> OfAsync(params string[] arguments) => OfAsync(null, null, arguments);

    public static async Task<CommandRun> OfAsync(
        string? databaseUrl, string? folder, string[] arguments, Func<Process, Task>? meanwhile = null, string? temporaryFolder = null)
    {
        using var process = new Process { StartInfo = Start(databaseUrl, folder, arguments) };
        if (temporaryFolder is not null)
        {
            process.StartInfo.Environment["TMPDIR"] = temporaryFolder;
        }

        var stdout = new StringBuilder();
        var stderr = new StringBuilder();
        process.OutputDataReceived += (_, e) => Append(stdout, e.Data);
        process.ErrorDataReceived += (_, e) => Append(stderr, e.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        try
        {
            if (meanwhile is not null)
            {
                await meanwhile(process).WaitAsync(limit.Token);
            }

            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        return new CommandRun(process.ExitCode, stdout.ToString(), stderr.ToString());
    }

    private static ProcessStartInfo Start(string? databaseUrl, string? folder, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "dbmigrate.dll"), .. arguments])
        {
            WorkingDirectory = folder ?? AppContext.BaseDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("PG", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment.Remove("DATABASE_URL");
        if (databaseUrl is not null)
        {
            start.Environment["DATABASE_URL"] = databaseUrl;
        }

        return start;
    }

    private static void Append(StringBuilder to, string? line)
    {
        if (line is not null)
        {
            lock (to)
            {
                to.Append(line).Append('\n');
            }
        }
    }
}
