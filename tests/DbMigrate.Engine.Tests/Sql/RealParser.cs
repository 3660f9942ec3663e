using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DbMigrate.Engine.Tests.Sql;

/// <summary>
/// PostgreSQL 17's own parser, compiled to WASM: the npm package <c>@libpg-query/parser</c>, run by node and kept in the user's cache folder.
/// </summary>
internal sealed class RealParser : IDisposable
{
    private const string Package = "@libpg-query/parser";
    private const string Version = "17.6.10";

    private readonly Process _node;

    private RealParser(Process node) => _node = node;

    /// <summary>Starts it, after installing it where it is not yet.</summary>
    /// <param name="say">Takes what a person should know.</param>
    /// <param name="reason">Why there is none.</param>
    /// <returns>Null where there is no node or npm, or npm cannot install it.</returns>
    public static RealParser? Start(Action<string> say, out string reason)
    {
        var home = Install(say, out reason);
        if (home is null)
        {
            return null;
        }

        var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(SqlTestFolder.Path, "real-parser.cjs"));
        start.ArgumentList.Add(home);
        return new RealParser(Process.Start(start)!);
    }

    /// <summary>Has a file parsed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="pieces">What we take for its statements.</param>
    public Answer Parse(string path, IEnumerable<int[]> pieces)
    {
        _node.StandardInput.WriteLine(JsonSerializer.Serialize(new { path, pieces }));
        _node.StandardInput.Flush();
        var line = _node.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"node ended at {path}.");
        return JsonSerializer.Deserialize<Answer>(line)!;
    }

    public void Dispose()
    {
        _node.StandardInput.Close();
        _node.WaitForExit();
        _node.Dispose();
    }

    private static string? Install(Action<string> say, out string reason)
    {
        reason = "";
        var cache = OperatingSystem.IsWindows()
            ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Environment.GetEnvironmentVariable("XDG_CACHE_HOME")
                ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var home = Path.Combine(cache, "dbmigrate-tests", "libpg-query-" + Version);
        if (Directory.Exists(home))
        {
            return Runs("node", ["--version"], out reason) ? home : null;
        }

        // Two test runs may install at once: each into its own folder, and the first to finish gives it the name.
        var fresh = home + "." + Guid.NewGuid().ToString("N");
        Directory.CreateDirectory(fresh);
        say($"Installing the npm package {Package} {Version} in {home}.");
        var npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
        if (!Runs("node", ["--version"], out reason)
            || !Runs(npm, ["install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund", $"{Package}@{Version}"], out reason))
        {
            Directory.Delete(fresh, recursive: true);
            return null;
        }

        try
        {
            Directory.Move(fresh, home);
        }
        catch (IOException) when (Directory.Exists(home))
        {
            Directory.Delete(fresh, recursive: true);
        }

        return home;
    }

    private static bool Runs(string program, IEnumerable<string> arguments, out string reason)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            process.OutputDataReceived += static (_, _) => { };
            process.BeginOutputReadLine();
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            reason = $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {error}";
            return process.ExitCode == 0;
        }
        catch (Win32Exception exception)
        {
            reason = $"{program} cannot be started: {exception.Message}";
            return false;
        }
    }

    /// <summary>What the parser makes of a file; see real-parser.cjs.</summary>
    public sealed record Answer(
        [property: JsonPropertyName("statements")] int[][]? Statements,
        [property: JsonPropertyName("tokens")] int[][]? Tokens,
        [property: JsonPropertyName("counts")] int[]? Counts);
}
