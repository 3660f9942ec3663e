using System.Globalization;
using DbMigrate.Engine.Sandbox;

namespace DbMigrate.Engine.Dumps;

/// <summary>Finds <c>pg_dump</c> and <c>pg_restore</c>.</summary>
/// <param name="environment">Reads an environment variable; null where it is not set.</param>
/// <param name="folders">Folders to look in where <c>DBMIGRATE_PG_BIN</c> names none.</param>
internal sealed class ClientProgramLocator(Func<string, string?> environment, IEnumerable<string> folders)
{
    private string? Named => environment(PostgresLocator.Variable) is { Length: > 0 } folder ? folder : null;

    /// <summary>Looks in <c>DBMIGRATE_PG_BIN</c>, else in PATH and where packages put PostgreSQL on this system.</summary>
    public static ClientProgramLocator Usual() => new(Environment.GetEnvironmentVariable, PostgresLocator.UsualFolders());

    /// <summary>The oldest programs that are not older than <paramref name="major"/>: a newer <c>pg_restore</c> sends what an older server does not know.</summary>
    /// <param name="major">A major version of PostgreSQL.</param>
    /// <param name="what">What is of that version, for the error.</param>
    /// <param name="cancellationToken">Stops looking.</param>
    /// <exception cref="DbMigrateException"><c>DumpProgramNotFound</c>, <c>DumpProgramTooOld</c>.</exception>
    public async Task<ClientPrograms> FindAsync(int major, string what, CancellationToken cancellationToken)
    {
        var found = await FindAllAsync(cancellationToken);
        if (found.Where(p => p.Version.Major >= major).MinBy(p => p.Version.Major) is { } fitting)
        {
            return fitting;
        }

        var install = string.Create(
            CultureInfo.InvariantCulture,
            $"Install PostgreSQL's client programs of version {major} (Debian: apt-get install postgresql-client-{major}), or name their folder in {PostgresLocator.Variable}.");
        if (found.Count > 0)
        {
            throw new DbMigrateException(
                "DumpProgramTooOld",
                ErrorKind.NotInstalled,
                $"{what} is of version {major}, and pg_dump here is older: {string.Join(", ", found.Select(p => $"{p.Version} in {p.Directory}"))}.",
                install);
        }

        throw NotFound(install);
    }

    /// <summary>The newest programs: they read the dumps of all older ones.</summary>
    /// <exception cref="DbMigrateException"><c>DumpProgramNotFound</c>.</exception>
    public async Task<ClientPrograms> FindNewestAsync(CancellationToken cancellationToken) =>
        (await FindAllAsync(cancellationToken)).MaxBy(p => p.Version)
        ?? throw NotFound($"Install PostgreSQL's client programs (Debian: apt-get install postgresql-client), or name their folder in {PostgresLocator.Variable}.");

    private async Task<List<ClientPrograms>> FindAllAsync(CancellationToken cancellationToken)
    {
        var found = new List<ClientPrograms>();
        foreach (var directory in Named is { } named ? [named] : folders.Distinct(StringComparer.Ordinal))
        {
            if (await ClientPrograms.InAsync(directory, cancellationToken) is { } programs)
            {
                found.Add(programs);
            }
        }

        return found;
    }

    private DbMigrateException NotFound(string install) => new(
        "DumpProgramNotFound",
        ErrorKind.NotInstalled,
        Named is { } named
            ? $"{PostgresLocator.Variable} names '{named}', which does not hold pg_dump and pg_restore that run."
            : "pg_dump and pg_restore are not installed: they are neither in PATH nor in the usual folders.",
        install);
}
