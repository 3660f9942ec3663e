using System.Globalization;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Sandbox;

/// <summary>The programs of one PostgreSQL installation that a sandbox needs.</summary>
/// <param name="Directory">The folder that holds them.</param>
internal sealed partial record PostgresPrograms(string Directory)
{
    private static readonly string[] s_needed = ["initdb", "pg_ctl", "postgres"];

    public string Initdb => PathOf(Directory, "initdb");

    public string PgCtl => PathOf(Directory, "pg_ctl");

    public string Postgres => PathOf(Directory, "postgres");

    /// <summary>The installation in a folder, or null when one of the programs is not there.</summary>
    public static PostgresPrograms? In(string directory)
    {
        // PATH often holds links to the programs, and a link to initdb alone says where the others are.
        var initdb = PathOf(directory, "initdb");
        if (!File.Exists(initdb))
        {
            return null;
        }

        var real = Path.GetDirectoryName(File.ResolveLinkTarget(initdb, returnFinalTarget: true)?.FullName);
        return new[] { real, Path.GetFullPath(directory) }
            .OfType<string>()
            .Where(d => s_needed.All(name => File.Exists(PathOf(d, name))))
            .Select(d => new PostgresPrograms(d))
            .FirstOrDefault();
    }

    /// <summary>Asks <c>postgres --version</c>, which says <c>postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)</c>.</summary>
    public async Task<Version> ReadVersionAsync(CancellationToken cancellationToken)
    {
        var (exitCode, output) = await ChildProgram.RunAsync(Postgres, ["--version"], Directory, user: null, cancellationToken);
        if (exitCode != 0 || ParseVersion(output) is not { } version)
        {
            throw new DbMigrateException(
                "SandboxStartFailed",
                ErrorKind.InvalidState,
                $"{Postgres} --version ended with {exitCode}: {output.Trim()}",
                "Repair that PostgreSQL installation, or name another one in the environment variable DBMIGRATE_PG_BIN.");
        }

        return version;
    }

    /// <summary>The version that a program of PostgreSQL says with <c>--version</c>; null when it says something else.</summary>
    public static Version? ParseVersion(string output)
    {
        var match = VersionPattern().Match(output);
        var minor = match.Groups["minor"].Success ? int.Parse(match.Groups["minor"].ValueSpan, CultureInfo.InvariantCulture) : 0;
        return match.Success ? new Version(int.Parse(match.Groups["major"].ValueSpan, CultureInfo.InvariantCulture), minor) : null;
    }

    /// <summary>The path of a program in a folder.</summary>
    public static string PathOf(string directory, string program) =>
        Path.Combine(directory, OperatingSystem.IsWindows() ? program + ".exe" : program);

    [GeneratedRegex(@"\(PostgreSQL\) (?<major>\d+)(\.(?<minor>\d+))?")]
    private static partial Regex VersionPattern();
}
