using System.Globalization;
using DbMigrate.Engine.Sandbox;

namespace DbMigrate.Engine.Recovery;

/// <summary>Whether a recovery can be done, as far as options, base backup and archive tell. Writes nothing.</summary>
internal static class RecoveryChecks
{
    // A clock of an archive may be behind the server's.
    private static readonly TimeSpan s_clocks = TimeSpan.FromMinutes(1);

    /// <summary>What is asked for has to make sense by itself.</summary>
    /// <exception cref="DbMigrateException"><c>InvalidRecoveryOptions</c>.</exception>
    public static void CheckOptions(RecoveryOptions options)
    {
        var targets = new object?[] { options.Time, options.Lsn, options.Name }.Count(t => t is not null);
        var wrong = targets > 1 ? ("More than one moment to recover to is given.", "Give a time, a position in the write-ahead log, or the name of a restore point.")
            : options.WalArchive is null == options.RestoreCommand is null ? ("The write-ahead log is to come from one place.", "Give either -WalArchive or -RestoreCommand.")
            : options.Lsn is { } lsn && Recovery.Lsn.Parse(lsn) is null ? ($"'{lsn}' is no position in the write-ahead log.", "Write it as the server does: 16/B374D848.")
            : options.Name is { Length: 0 or > 63 } ? ("The name of a restore point has 1 to 63 bytes.", "Give the name that pg_create_restore_point() was given.")
            : options.Port is < 1 or > 65535 ? ("A port is a number from 1 to 65535.", "Give another -Port, or none.")
            : options.Settings.ContainsKey("port") ? ("The port is no setting here: the result names it.", "Give -Port.")
            : options.Settings.Keys.FirstOrDefault(name => !RecoverySettings.IsName(name)) is { } name ? ($"'{name}' is no name of a setting.", "Give names as in postgresql.conf.")
            : default;
        if (wrong != default)
        {
            throw new DbMigrateException("InvalidRecoveryOptions", ErrorKind.InvalidArgument, wrong.Item1, wrong.Item2);
        }
    }

    /// <summary>The new data directory has to be one that nobody uses, and that the server's programs can take.</summary>
    /// <exception cref="DbMigrateException"><c>InvalidRecoveryOptions</c>, <c>DataDirectoryNotEmpty</c>.</exception>
    public static void CheckDirectory(string data)
    {
        // pg_ctl hands the names of the log and the folder to a shell, in double quotes.
        char[] refused = OperatingSystem.IsWindows() ? ['"', '%', '\r', '\n'] : ['"', '$', '`', '\\', '\r', '\n'];
        if (data.IndexOfAny(refused) >= 0)
        {
            throw new DbMigrateException(
                "InvalidRecoveryOptions",
                ErrorKind.InvalidArgument,
                $"The name of the new data directory has a character that pg_ctl cannot take: {string.Join(' ', refused.Take(refused.Length - 2))} or a line's end.",
                "Name another folder with -DataDirectory.") { Subject = data };
        }

        if (File.Exists(data) || (Directory.Exists(data) && Directory.EnumerateFileSystemEntries(data).Any()))
        {
            throw RecoveryFailure.NotEmpty(data);
        }
    }

    /// <summary>A copy into itself would never end, and an archive holds nothing but the log.</summary>
    public static void CheckPlace(string data, string folder, string what)
    {
        var comparison = OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        if (data.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, comparison))
        {
            throw new DbMigrateException(
                "InvalidRecoveryOptions",
                ErrorKind.InvalidArgument,
                $"The new data directory {data} lies in {what}, {folder}.",
                "Name a folder elsewhere with -DataDirectory.") { Subject = data };
        }
    }

    /// <summary>A position, and a clock, of another server mean nothing here.</summary>
    /// <exception cref="DbMigrateException"><c>RestorePointForeign</c>.</exception>
    public static void CheckOrigin(RecoveryPlan plan, ulong? systemId)
    {
        var found = systemId?.ToString(CultureInfo.InvariantCulture);
        if (plan.Options.SystemId is { } wanted && found is not null && found != wanted)
        {
            throw new DbMigrateException(
                "RestorePointForeign",
                ErrorKind.InvalidArgument,
                $"The restore point is of another server ({wanted}) than the base backup {plan.Backup.Folder} ({found}), in whose log it means nothing.",
                "Name a base backup of the server that was migrated, or the moment itself with -RestoreTime.") { Subject = plan.Backup.Folder };
        }
    }

    /// <summary>Before the end of the backup there is nothing that is whole.</summary>
    public static void CheckReach(RecoveryPlan plan)
    {
        var (options, backup) = (plan.Options, plan.Backup);
        if (options.Lsn is { } text && Recovery.Lsn.Parse(text) < (backup.End ?? backup.Label.Start))
        {
            throw RecoveryFailure.TooEarly(plan, backup.End is { } end ? $"it ends at {end}." : $"it begins at {backup.Label.Start}.");
        }

        var (at, what) = plan.Archive?.BackupEnd(backup.Label) is { } stop ? (stop, "ended") : (backup.Label.StartTime, "began");
        if (options.Time < at)
        {
            throw RecoveryFailure.TooEarly(plan, string.Create(CultureInfo.InvariantCulture, $"it {what} at {at:yyyy-MM-dd HH:mm:ss}Z."));
        }
    }

    /// <summary>The archive has to be the same server's, readable, and to hold what is asked for.</summary>
    /// <exception cref="DbMigrateException"><c>WalArchiveForeign</c>, <c>UnreadableFolder</c>, <c>RecoveryTargetTooLate</c>, <c>WalSegmentMissing</c>.</exception>
    public static async Task CheckArchiveAsync(RecoveryPlan plan, WalArchive archive, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var (options, backup, size) = (plan.Options, plan.Backup, archive.SegmentSize);
        if (backup.SystemId is { } system && system != archive.SystemId)
        {
            throw new DbMigrateException(
                "WalArchiveForeign",
                ErrorKind.InvalidData,
                string.Create(CultureInfo.InvariantCulture, $"{archive.Folder} is the archive of another server ({archive.SystemId}) than the base backup {backup.Folder} ({system})."),
                "Name the archive of the server that the backup is of.") { Subject = archive.Folder };
        }

        await CheckAccessAsync(archive.Folder, "The WAL archive", cancellationToken);

        // To the server a file that it may not read is one that is not there: the recovery would end before it, and with -Latest look like a success.
        await CheckAccessAsync(archive.Find(archive.Newest)!, "The archived file", cancellationToken);
        if (options.Lsn is { } text && Recovery.Lsn.Parse(text) > archive.Newest.End(size))
        {
            throw RecoveryFailure.TooLate(plan, $"it ends with {archive.Newest.Name(size)}, at {archive.Newest.End(size)}.{Others(archive)}");
        }

        if (options.Time > archive.NewestAt + s_clocks)
        {
            throw RecoveryFailure.TooLate(
                plan, string.Create(CultureInfo.InvariantCulture, $"its last file, {archive.Newest.Name(size)}, was written at {archive.NewestAt:yyyy-MM-dd HH:mm:ss}Z.{Others(archive)}"));
        }

        var needed = backup.End is { } end ? WalSegment.Of(backup.Label.Timeline, new Lsn(end.Value - 1), size) : WalSegment.Parse(backup.Label.StartSegment, size)!.Value;
        for (var segment = WalSegment.Parse(backup.Label.StartSegment, size)!.Value; segment.Number <= Math.Max(needed.Number, archive.Newest.Number); segment = segment.Next)
        {
            if (archive.Find(segment) is not null || backup.Wal.Contains(segment.Name(size)))
            {
                continue;
            }

            if (segment.Number <= needed.Number)
            {
                throw RecoveryFailure.Missing(plan, segment.Name(size), "the base backup is not whole without it.");
            }

            observer.Message(MessageLevel.Warning, $"{archive.Folder} lacks {segment.Name(size)}: nothing behind it can be recovered.");
            return;
        }
    }

    private static string Others(WalArchive archive) => archive.HasOthers
        ? string.Create(CultureInfo.InvariantCulture, $" That is timeline {archive.Newest.Timeline}; -Setting @{{ recovery_target_timeline = '…' }} names another one that the archive has.")
        : "";

    /// <summary>Where root runs the server under another account, that one has to get in.</summary>
    public static async Task CheckAccessAsync(string path, string what, CancellationToken cancellationToken)
    {
        if (ServerAccount.Name is not { } account)
        {
            return;
        }

        var (exitCode, output) = File.Exists(path)
            ? await ChildProgram.RunAsync("head", ["-c", "1", "--", path], "/", account, cancellationToken)
            : await ChildProgram.RunAsync("ls", ["-U", "--", path], "/", account, cancellationToken);
        if (exitCode != 0)
        {
            throw new DbMigrateException(
                "UnreadableFolder",
                ErrorKind.Permission,
                $"{what} {path} cannot be read by '{account}', under which the server runs: {output.Trim().Split('\n')[0]}",
                $"Give that account the right to read it and to pass through the folders above, or run this as another user than root.") { Subject = path };
        }
    }
}
