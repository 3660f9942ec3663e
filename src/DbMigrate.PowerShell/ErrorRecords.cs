using System.Management.Automation;
using System.Text;

namespace DbMigrate.Commands;

/// <summary>Makes every error record of the module. Ids are documented in <c>docs/errors.md</c>.</summary>
internal static class ErrorRecords
{
    private const int MaxListed = 10;

    private static readonly MigrationOutcome[] Told =
        [MigrationOutcome.Applied, MigrationOutcome.Undone, MigrationOutcome.AlreadyApplied, MigrationOutcome.NotRun];

    /// <summary>The error record of an error of the engine.</summary>
    public static ErrorRecord From(DbMigrateException error) => new(error, "DbMigrate." + error.Id, Category(error.Kind), error.Subject)
    {
        ErrorDetails = new ErrorDetails(error is MigrationFailedException failed ? Describe(failed) : error.Message)
        {
            RecommendedAction = error.NextStep,
        },
    };

    /// <summary>A <c>-Path</c> that is not in the file system.</summary>
    public static DbMigrateException NotFileSystem(string path) => new(
        "NotFileSystemPath",
        ErrorKind.InvalidArgument,
        $"'{path}' is not a path of the file system.",
        "Give the path of a folder or a file, on a drive of the file system.")
    { Subject = path };

    /// <summary>A <c>-Path</c> with wildcards that no folder fits.</summary>
    public static DbMigrateException NoMatch(string path) => new(
        "FolderNotFound",
        ErrorKind.NotFound,
        $"No folder fits '{path}'.",
        "Check the path. If [, ], * and ? are part of the name, use -LiteralPath.")
    { Subject = path };

    /// <summary>VACUUM FULL that nobody has said yes to.</summary>
    public static DbMigrateException FullNotConfirmed(string table, long size) => new(
        "FullNotConfirmed",
        ErrorKind.InvalidArgument,
        $"VACUUM FULL of {table} keeps everybody out of it, and needs up to {ByteSize.Text(size)} of free disk for the copy.",
        "Give -Confirm:$false if that is meant, or -Confirm to be asked for each table. Without -Full the table stays usable.")
    { Subject = table };

    /// <summary>Parameters for AWS, and nothing that is asked of AWS.</summary>
    public static DbMigrateException AwsParameterUnused() => new(
        "AwsParameterUnused",
        ErrorKind.InvalidArgument,
        "-ProfileName, -Region and -EndpointUrl say which AWS account, region and address to ask, and nothing is asked of AWS.",
        "Leave them out. Connect-DbTarget asks AWS with -Iam or -SecretId, the cmdlets of snapshots with -InstanceId.");

    /// <summary>A parameter for dumps with a snapshot in RDS, or the other way round.</summary>
    public static DbMigrateException RestoreParameterUnused(string parameter, DbSnapshot snapshot) => new(
        "RestoreParameterUnused",
        ErrorKind.InvalidArgument,
        snapshot.Kind == DbSnapshotKind.Dump
            ? $"-{parameter} is for snapshots in RDS, and {snapshot} is a dump."
            : $"-{parameter} is for dumps, and {snapshot} is a snapshot in RDS, which is restored as a whole to a new instance or cluster.",
        snapshot.Kind == DbSnapshotKind.Dump ? "Leave it out; -Database and -Target say where a dump is restored." : "Leave it out; -TargetId names what is made.")
    { Subject = snapshot };

    /// <summary>A snapshot that anybody might remove at once, although it is said to be kept.</summary>
    public static DbMigrateException KeepUntilOver(DateTimeOffset until) => new(
        "KeepUntilOver",
        ErrorKind.InvalidArgument,
        FormattableString.Invariant($"The snapshot is to be kept until {until.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z, and that is over."),
        "Give a -KeepUntil in the future, or -KeepFor 7d.");

    /// <summary>A secret that holds user and password, and not where the database is.</summary>
    public static DbMigrateException SecretIncomplete(string secretId, string missing, string parameter) => new(
        "SecretIncomplete",
        ErrorKind.InvalidArgument,
        $"The secret '{secretId}' does not say which {missing}. The secrets that RDS keeps of its master users hold user and password only.",
        $"Give {parameter}.")
    { Subject = secretId };

    /// <summary>A whole folder of dumps, and nothing that says which.</summary>
    public static DbMigrateException SnapshotsNotNamed(string folder) => new(
        "SnapshotsNotNamed",
        ErrorKind.InvalidArgument,
        $"{folder} is a folder with dumps, and nothing says which of them to remove.",
        "Add -OlderThan, 7d for example, or pipe in what Get-DbSnapshot gives.")
    { Subject = folder };

    /// <summary>A server that is not in RDS, and nothing that says where its snapshots are.</summary>
    public static DbMigrateException SnapshotPlaceMissing(string host) => new(
        "SnapshotPlaceMissing",
        ErrorKind.InvalidArgument,
        $"{host} is no address of an instance or cluster in RDS, so it is not known where its snapshots are.",
        "Give -InstanceId for one in RDS; for dumps give New-DbSnapshot -Method Dump, and Invoke-Migration -SnapshotPath.")
    { Subject = host };

    /// <summary>No moment to recover to, or several.</summary>
    public static DbMigrateException NotOneMoment(int given) => new(
        "InvalidRecoveryOptions",
        ErrorKind.InvalidArgument,
        given == 0 ? "Nothing says how far to recover." : "More than one moment to recover to is given.",
        "Give one of -RestoreTime, -Lsn, -RestorePointName, -Before and -Latest.");

    /// <summary>Nothing came through the pipe, or nothing of use: a script must not go on as if there was a restored database now.</summary>
    public static DbMigrateException NothingToRestoreTo() => new(
        "InvalidRecoveryOptions",
        ErrorKind.InvalidArgument,
        "Nothing that has a restore point was given, so nothing was restored.",
        "Look at what -Before got: Get-MigrationRun lists the runs that are recorded, and -RestoreTime takes a time.");

    /// <summary>Something with a pid was piped in that does not say which session of that pid is meant.</summary>
    public static DbMigrateException BackendStartMissing(int[] pids) => new(
        "BackendStartMissing",
        ErrorKind.InvalidArgument,
        $"What was piped in has the pid {string.Join(", ", pids)} but no BackendStart. The pid may belong to another session by now, so nobody was stopped.",
        "Pipe what Find-BlockingQuery gives, or name the pid itself with -ProcessId. What others' sessions do shows only a role with pg_monitor.")
    { Subject = pids };

    private static ErrorCategory Category(ErrorKind kind) => kind switch
    {
        ErrorKind.InvalidArgument => ErrorCategory.InvalidArgument,
        ErrorKind.InvalidData => ErrorCategory.InvalidData,
        ErrorKind.NotFound => ErrorCategory.ObjectNotFound,
        ErrorKind.Exists => ErrorCategory.ResourceExists,
        ErrorKind.InvalidState => ErrorCategory.InvalidOperation,
        ErrorKind.Connection => ErrorCategory.ConnectionError,
        ErrorKind.Authentication => ErrorCategory.AuthenticationError,
        ErrorKind.Permission => ErrorCategory.PermissionDenied,
        ErrorKind.Busy => ErrorCategory.ResourceBusy,
        ErrorKind.Timeout => ErrorCategory.OperationTimeout,
        ErrorKind.Sql => ErrorCategory.InvalidResult,
        ErrorKind.NotInstalled => ErrorCategory.NotInstalled,
        _ => ErrorCategory.NotSpecified,
    };

    // The engine's message has the server's words with their place in the file; this adds what the run did before and did not do after.
    private static string Describe(MigrationFailedException error)
    {
        var text = new StringBuilder(error.Message);
        foreach (var outcome in Told)
        {
            var names = error.Results.Where(r => r.Outcome == outcome)
                .Select(r => r.Name.Length == 0 ? r.Version : $"{r.Version} {r.Name}").ToList();
            if (names.Count > 0)
            {
                text.AppendLine().Append(Title(outcome)).Append(": ").AppendJoin(", ", names.Take(MaxListed));
                text.Append(names.Count > MaxListed ? $" and {names.Count - MaxListed} more." : ".");
            }
        }

        return text.ToString();
    }

    private static string Title(MigrationOutcome outcome) => outcome switch
    {
        MigrationOutcome.AlreadyApplied => "Applied by another runner",
        MigrationOutcome.NotRun => "Not run",
        _ => outcome.ToString(),
    };
}
