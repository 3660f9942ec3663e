using System.Globalization;

namespace DbMigrate.Engine.Recovery;

/// <summary>Says what a recovery that failed could not find or do.</summary>
internal static class RecoveryFailure
{
    public static DbMigrateException TooEarly(RecoveryPlan plan, string what) => new(
        "RecoveryTargetTooEarly",
        ErrorKind.InvalidArgument,
        $"What was asked for, {plan.Goal}, is before the end of the base backup {plan.Backup.Folder}: {what}",
        "Recover from an older base backup, or to a later moment.") { Subject = plan.Backup.Folder };

    public static DbMigrateException TooLate(RecoveryPlan plan, string what) => new(
        "RecoveryTargetTooLate",
        ErrorKind.InvalidArgument,
        $"What was asked for, {plan.Goal}, is not in the archive: {what}",
        "Let the server archive what it is at (SELECT pg_switch_wal()), or copy the files of its pg_wal folder into the archive, or recover as far as there is: -Latest.")
    { Subject = plan.Archive?.Folder ?? plan.Backup.Folder };

    public static DbMigrateException Missing(RecoveryPlan plan, string segment, string what) => new(
        "WalSegmentMissing",
        ErrorKind.NotFound,
        $"{plan.Archive?.Folder ?? "The archive"} lacks {segment}: {what}",
        "Look for that file where the archive is kept, or in the server's pg_wal folder, and put it there.") { Subject = segment };

    public static DbMigrateException NotEmpty(string data) => new(
        "DataDirectoryNotEmpty",
        ErrorKind.Exists,
        $"{data} is not empty; a recovery never writes over anything.",
        File.Exists(Path.Combine(data, "postmaster.pid"))
            ? "A server may run in it, as one does whose recovery was killed: pg_ctl stop --pgdata ends it. Name a new folder with -DataDirectory."
            : "Name a new folder with -DataDirectory.") { Subject = data };

    public static DbMigrateException NotStarted(RecoveryPlan plan, string why) => new(
        "RecoveryFailed",
        ErrorKind.InvalidState,
        $"The server in {plan.DataDirectory} could not be started: {why}",
        "Look at its log, and remove the folder before the next try.") { Subject = plan.DataDirectory };

    public static DbMigrateException NotFollowed(RecoveryPlan plan, Exception cause) => new(
        "RecoveryFailed",
        ErrorKind.InvalidState,
        $"The server in {plan.DataDirectory} was stopped, because its log {plan.Log} cannot be read: {cause.Message}",
        "Let your user read it, and remove the folder before the next try.",
        cause) { Subject = plan.DataDirectory };

    public static DbMigrateException NotStopped(RecoveryPlan plan, string why) => new(
        "RecoveryFailed",
        ErrorKind.InvalidState,
        $"The server in {plan.DataDirectory} could not be stopped, and its files are left: {why}",
        $"Stop it, and remove the folder: {plan.StopCommand}") { Subject = plan.DataDirectory };

    /// <summary>A server takes what it cannot read for the end of the log, and comes up there. What to warn of; null when it went as far as there is.</summary>
    public static string? Short(RecoveryPlan plan, RecoveryLog log)
    {
        if (plan.Archive is not { } archive)
        {
            return log.Segment is null ? $"restore_command gave no file of the write-ahead log: what is there now is the state of the base backup. See {plan.Log}." : null;
        }

        var last = WalSegment.Parse(log.Segment ?? "", archive.SegmentSize);
        return last is { } reached && (reached.Timeline, reached.Number).CompareTo((archive.Newest.Timeline, archive.Newest.Number)) >= 0
            ? null
            : $"The replay ended {(log.Segment is null ? "with the base backup" : $"within {log.Segment}")}, although the archive goes on to {archive.Newest.Name(archive.SegmentSize)}: " +
              $"a file may be damaged. What came later is not there. See {plan.Log}.";
    }

    /// <summary>Why the server ended, or did not come to what was asked for.</summary>
    public static DbMigrateException Explain(RecoveryPlan plan, RecoveryLog log)
    {
        var fatal = log.Fatal ?? "";
        var left = $" {plan.DataDirectory} is left as it is, with the log in {Path.GetFileName(plan.Log)}; remove it before the next try.";
        if (fatal.Contains("is before consistent recovery point", StringComparison.Ordinal))
        {
            return TooEarly(plan, $"the server stopped with '{fatal}'.{left}");
        }

        if (fatal.Contains("recovery ended before configured recovery target was reached", StringComparison.Ordinal) || (fatal.Length == 0 && log.Stop is null))
        {
            var last = log.LastCommit is { } time
                ? string.Create(CultureInfo.InvariantCulture, $"the last transaction that could be replayed was at {time:yyyy-MM-dd HH:mm:ss.FFFFFF}Z")
                : "no transaction could be replayed";
            return NextMissing(plan, log) is { } missing
                ? Missing(plan, missing, $"it is followed by others, and without it {last}, before what was asked for ({plan.Goal}).{left}")
                : TooLate(plan, $"it ends {(log.Segment is { } segment ? $"with {segment}" : "with the base backup")}, and {last}.{left}");
        }

        if (fatal.Contains("required checkpoint record", StringComparison.Ordinal) || fatal.Contains("WAL ends before end of online backup", StringComparison.Ordinal)
            || fatal.Contains("could not find redo location", StringComparison.Ordinal) || fatal.Contains("backup_label", StringComparison.Ordinal))
        {
            return Missing(plan, NextMissing(plan, log) ?? plan.Backup.Label.StartSegment, $"the base backup is not whole without it ('{fatal}').{left}");
        }

        return new DbMigrateException(
            "RecoveryFailed",
            ErrorKind.InvalidState,
            $"The server in {plan.DataDirectory} did not come up{(fatal.Length > 0 ? ": " + fatal : "")}.{left}\n{SecretText.WithoutPasswords(log.Tail)}",
            "Mend what the log names; a library that the original preloads can be given: -Setting @{ shared_preload_libraries = '…' }.") { Subject = plan.DataDirectory };
    }

    /// <summary>The file that stopped the replay: the next one, where later ones are there.</summary>
    private static string? NextMissing(RecoveryPlan plan, RecoveryLog log)
    {
        if (plan.Archive is not { } archive || WalSegment.Parse(log.Segment ?? plan.Backup.Label.StartSegment, archive.SegmentSize) is not { } last)
        {
            return null;
        }

        var next = log.Segment is null ? last : last.Next;
        return archive.Find(next) is null && archive.Newest.Number > next.Number ? next.Name(archive.SegmentSize) : null;
    }
}
