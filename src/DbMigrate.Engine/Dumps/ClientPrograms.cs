using DbMigrate.Engine.Sandbox;

namespace DbMigrate.Engine.Dumps;

/// <summary>The programs of one installation of PostgreSQL's client.</summary>
/// <param name="Directory">The folder that holds them.</param>
/// <param name="Version">Their version.</param>
internal sealed record ClientPrograms(string Directory, Version Version)
{
    public string PgDump => PostgresPrograms.PathOf(Directory, "pg_dump");

    public string PgRestore => PostgresPrograms.PathOf(Directory, "pg_restore");

    /// <summary>The programs in a folder; null when one is not there, or cannot say its version.</summary>
    public static async Task<ClientPrograms?> InAsync(string directory, CancellationToken cancellationToken)
    {
        var found = new ClientPrograms(Path.GetFullPath(directory), new Version(0, 0));
        if (!IsProgram(found.PgDump) || !IsProgram(found.PgRestore))
        {
            return null;
        }

        try
        {
            var (exitCode, output) = await ChildProgram.RunAsync(found.PgDump, ["--version"], found.Directory, user: null, cancellationToken);
            return exitCode == 0 && PostgresPrograms.ParseVersion(output) is { } version ? found with { Version = version } : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // A file that this system or this user cannot run.
            return null;
        }
    }

    // What Debian has in PATH is a script that goes by the clusters of this machine; the programs themselves are in the package's own folder.
    private static bool IsProgram(string path) =>
        File.Exists(path) && !(File.ResolveLinkTarget(path, returnFinalTarget: true)?.Name.StartsWith("pg_wrapper", StringComparison.Ordinal) ?? false);
}
