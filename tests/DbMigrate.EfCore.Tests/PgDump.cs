using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.EfCore.Tests;

/// <summary>pg_dump, for comparing what two ways of migrating built.</summary>
internal static class PgDump
{
    private static readonly string? s_program = new[] { Environment.GetEnvironmentVariable("DBMIGRATE_PG_BIN") }
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        .Concat(Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Order().Reverse().Select(d => Path.Combine(d, "bin")) : [])
        .Where(d => !string.IsNullOrEmpty(d))
        .Select(d => Path.Combine(d!, OperatingSystem.IsWindows() ? "pg_dump.exe" : "pg_dump"))
        .FirstOrDefault(File.Exists);

    /// <summary>The whole database, schema and data, without what differs between two dumps of the same.</summary>
    public static async Task<string> OfAsync(DbTarget target)
    {
        Skip.If(s_program is null, "SKIPPED: there is no pg_dump, so the schemas were not compared.");
        var address = new Uri(SandboxFixture.TargetUrl(target));
        string[] arguments = ["--no-owner", "--inserts", "--host", address.Host, "--port", address.Port.ToString(CultureInfo.InvariantCulture), "--username", "postgres", target.Database];
        var start = new ProcessStartInfo(s_program!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PGPASSWORD"] = Uri.UnescapeDataString(address.UserInfo.Split(':')[1]);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
        return Regex.Replace(await output, @"^\\(un)?restrict .*$", "", RegexOptions.Multiline);
    }
}
