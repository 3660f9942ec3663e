using System.Globalization;

namespace DbMigrate.Engine.Dumps;

/// <summary>The errors about dumps that more than one type gives, and what the programs' own words mean.</summary>
internal static class DumpFailure
{
    private static readonly string[] s_diskFull = ["No space left on device", "Disk quota exceeded", "File too large", "could not write to output file", "could not write to file"];

    /// <summary>Why <c>pg_dump</c> failed.</summary>
    public static DbMigrateException Explain(DbTarget target, string path, DumpOptions options, int exitCode, string output)
    {
        // 128 and the signal's number, as of a shell (manual of bash, 3.7.5): 9 is a kill, 25 a limit of the file's size, on Linux.
        var ended = exitCode > 128
            ? string.Create(CultureInfo.InvariantCulture, $"was ended by signal {exitCode - 128}")
            : string.Create(CultureInfo.InvariantCulture, $"ended with {exitCode}");
        var words = output.Length == 0 ? "" : ":\n" + output;
        if (exitCode == 128 + 25 || Array.Exists(s_diskFull, text => output.Contains(text, StringComparison.Ordinal)))
        {
            return new DbMigrateException(
                "DumpDiskFull",
                ErrorKind.InvalidState,
                $"The dump of {target} does not fit where {path} was to be; pg_dump {ended}{words}",
                "Make room, or name a folder on another disk: -Path, with Invoke-Migration -SnapshotPath. Nothing is left behind.") { Subject = path };
        }

        if (output.Contains("statement timeout", StringComparison.Ordinal) || output.Contains("lock timeout", StringComparison.Ordinal))
        {
            return new DbMigrateException(
                "LockTimeout",
                ErrorKind.Timeout,
                $"A table of {target} stayed locked for {Ages.Text(options.LockTimeout)}, so that pg_dump could not read it{words}",
                "Find-BlockingQuery (dbmigrate blockers) shows who holds it. Try again later, or wait longer with New-DbSnapshot -LockTimeout.") { Subject = target };
        }

        if (output.Contains("permission denied", StringComparison.Ordinal) || output.Contains("row-level security", StringComparison.Ordinal))
        {
            return new DbMigrateException(
                "SqlPermission",
                ErrorKind.Permission,
                $"The role may not read all of {target}, and a dump with gaps is none{words}",
                "Use the role that owns the tables, or have GRANT pg_read_all_data TO the role run (PostgreSQL 14 and newer; BYPASSRLS where there is row-level security).")
            { Subject = target };
        }

        return IsConnection(output)
            ? new DbMigrateException(
                "ConnectionLost",
                ErrorKind.Connection,
                $"pg_dump lost {target}, or did not get through to it{words}",
                "Run again. Nothing is left behind.") { Subject = target }
            : new DbMigrateException(
                "DumpFailed",
                ErrorKind.InvalidState,
                $"pg_dump of {target} {ended}{words}",
                "Mend the cause and run again. Nothing is left behind.") { Subject = target };
    }

    /// <summary>Whether the server behind the address is another one for each connection, so that our snapshot is not known there.</summary>
    public static bool IsOtherServer(string output) =>
        output.Contains("invalid snapshot identifier", StringComparison.Ordinal) || output.Contains("could not import the requested snapshot", StringComparison.Ordinal)
        || (output.Contains("snapshot \"", StringComparison.Ordinal) && output.Contains("does not exist", StringComparison.Ordinal));

    public static bool IsConnection(string output) =>
        output.Contains("connection to server", StringComparison.Ordinal) || output.Contains("connection to database", StringComparison.Ordinal)
        || output.Contains("server closed the connection", StringComparison.Ordinal) || output.Contains("terminating connection", StringComparison.Ordinal)
        || output.Contains("SSL SYSCALL", StringComparison.Ordinal);

    public static DbMigrateException Exists(string path) => new(
        "DumpExists",
        ErrorKind.Exists,
        $"There is already something at {path}.",
        "Choose another name (New-DbSnapshot -Id), or another folder: -Path, with Invoke-Migration -SnapshotPath.") { Subject = path };

    public static DbMigrateException Busy(string path) => new(
        "DumpBusy",
        ErrorKind.Busy,
        $"Another run is just writing {path}.",
        "Wait until it has ended, or choose another name: New-DbSnapshot -Id.") { Subject = path };

    public static DbMigrateException NotFound(string path) => new(
        "DumpNotFound",
        ErrorKind.NotFound,
        $"There is no dump at {path}.",
        "Get-DbSnapshot -Path lists the dumps of a folder. A dump is a file that pg_dump --format=custom wrote, or a folder of --format=directory.") { Subject = path };

    public static DbMigrateException NoDump(string path) => new(
        "DumpNotFound",
        ErrorKind.NotFound,
        $"{path} is no dump, or not only a dump.",
        "A dump is a file that pg_dump --format=custom wrote, or a folder of --format=directory with nothing else in it; Get-DbSnapshot -Path lists those of a folder. " +
        "psql reads what pg_dump wrote as SQL.") { Subject = path };

    public static DbMigrateException Damaged(string path, string why) => new(
        "DumpDamaged",
        ErrorKind.InvalidData,
        $"{path} is not what was dumped: {why}",
        "Take another dump: Get-DbSnapshot -Path … -Verify tells which are whole.") { Subject = path };
}
