using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.EfCore.Tests;

/// <summary>PostgreSQL's own programs, for comparing with what they build and see.</summary>
internal static class PostgresTools
{
    /// <summary>The whole database, schema and data, without what differs between two dumps of the same.</summary>
    public static async Task<string> DumpAsync(DbTarget target) => Regex.Replace(
        await RunAsync(target, "pg_dump", "--no-owner", "--inserts"), @"^\\(un)?restrict .*$", "", RegexOptions.Multiline);

    /// <summary>Runs a script as a person would who has no other tool.</summary>
    public static Task PsqlAsync(DbTarget target, string script) => RunAsync(target, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script);

    private static async Task<string> RunAsync(DbTarget target, string name, params string[] arguments)
    {
        var program = Find(name);
        Skip.If(program is null, $"SKIPPED: there is no {name}, so DbMigrate's work was not compared with PostgreSQL's.");
        var address = new Uri(SandboxFixture.TargetUrl(target));
        string[] login = ["--host", address.Host, "--port", address.Port.ToString(CultureInfo.InvariantCulture), "--username", "postgres", "--dbname", target.Database];
        var start = new ProcessStartInfo(program!, [.. login, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PGPASSWORD"] = Uri.UnescapeDataString(address.UserInfo.Split(':')[1]);
        start.Environment["PGCLIENTENCODING"] = "UTF8";
        var (exitCode, output, errors) = await ChildProcess.RunAsync(start);
        Assert.True(exitCode == 0, errors);
        return output;
    }

    private static string? Find(string program) => new[] { Environment.GetEnvironmentVariable("DBMIGRATE_PG_BIN") }
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        .Concat(Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(d => Path.Combine(d, "bin")) : [])
        .Where(d => !string.IsNullOrEmpty(d))
        .Select(d => Path.Combine(d!, OperatingSystem.IsWindows() ? program + ".exe" : program))
        .FirstOrDefault(File.Exists);
}
