using System.Globalization;
using DbMigrate.Engine.Sandbox;

namespace DbMigrate.Engine.Dumps;

/// <summary>Finds <c>pg_dump</c> and <c>pg_restore</c>.</summary>
/// <param name="environment">Reads an environment variable; null where it is not set.</param>
/// <param name="folders">Folders to look in where <c>DBMIGRATE_PG_BIN</c> names none.</param>
internal sealed class ClientProgramLocator(Func<string, string?> environment, IEnumerable<string> folders)
{
    /// <summary>Looks in <c>DBMIGRATE_PG_BIN</c>, else in PATH and where packages put PostgreSQL on this system.</summary>
    public static ClientProgramLocator Usual() => new(Environment.GetEnvironmentVariable, PostgresLocator.UsualFolders());

    /// <summary>The oldest programs that are not older than <paramref name="major"/>: a newer <c>pg_restore</c> sends what an older server does not know.</summary>
    /// <param name="major">A major version of PostgreSQL.</param>
    /// <param name="what">What is of that version, for the error.</param>
    /// <param name="cancellationToken">Stops looking.</param>
    /// <exception cref="DbMigrateException"><c>DumpProgramNotFound</c>, <c>DumpProgramTooOld</c>.</exception>
    public async Task<ClientPrograms> FindAsync(int major, string what, CancellationToken cancellationToken)
    {
        var found = new List<ClientPrograms>();
        var named = environment(PostgresLocator.Variable) is { Length: > 0 } folder ? folder : null;
        foreach (var directory in named is null ? folders.Distinct(StringComparer.Ordinal) : [named])
        {
            if (await ClientPrograms.InAsync(directory, cancellationToken) is { } programs)
            {
                found.Add(programs);
            }
        }

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

        throw new DbMigrateException(
            "DumpProgramNotFound",
            ErrorKind.NotInstalled,
            named is null
                ? "pg_dump and pg_restore are not installed: they are neither in PATH nor in the usual folders."
                : $"{PostgresLocator.Variable} names '{named}', which does not hold pg_dump and pg_restore that run.",
            install);
    }
}
