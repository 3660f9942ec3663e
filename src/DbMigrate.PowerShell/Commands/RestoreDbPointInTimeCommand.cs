using System.Collections;
using System.Globalization;
using System.Management.Automation;
using DbMigrate.Aws.Rds;
using DbMigrate.Engine.Recovery;

namespace DbMigrate.Commands;

/// <summary>Brings a database back as it was at a moment, beside the one that there is: in RDS, or from a base backup and its archive.</summary>
[Cmdlet(VerbsData.Restore, "DbPointInTime", DefaultParameterSetName = TimeSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(RestoreResult))]
public sealed class RestoreDbPointInTimeCommand : SnapshotCommand
{
    private const string TimeSet = "RestoreTime";
    private const string LatestSet = "Latest";
    private const string BeforeSet = "Before";
    private const string BaseBackupSet = "BaseBackup";

    private static readonly TimeSpan s_patienceWithRds = TimeSpan.FromHours(2);

    private bool _hasInput;
    private RestorePoint? _earliest;
    private DbTarget? _target;

    /// <summary>The RDS instance or cluster, or a member of a cluster: its name or ARN.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = TimeSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = LatestSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = BeforeSet)]
    [Alias("ClusterId", "SourceId")]
    [ValidateNotNullOrEmpty]
    public string InstanceId { get; set; } = "";

    /// <summary>The moment. A time without offset is local.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TimeSet)]
    [Parameter(ParameterSetName = BaseBackupSet)]
    public DateTimeOffset? RestoreTime { get; set; }

    /// <summary>The latest moment there is.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LatestSet)]
    [Parameter(ParameterSetName = BaseBackupSet)]
    public SwitchParameter Latest { get; set; }

    /// <summary>The moment right before a migration or a run: what <c>Invoke-Migration</c> or <c>Get-MigrationRun</c> gave. Of several, before all of them.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = BeforeSet)]
    [Parameter(ValueFromPipeline = true, ParameterSetName = BaseBackupSet)]
    [RestorePointTransformation]
    [AllowNull]
    public RestorePoint? Before { get; set; }

    /// <summary>In RDS: the name of the new instance or cluster.</summary>
    [Parameter(ParameterSetName = TimeSet)]
    [Parameter(ParameterSetName = LatestSet)]
    [Parameter(ParameterSetName = BeforeSet)]
    [ValidateNotNullOrEmpty]
    public string? TargetId { get; set; }

    /// <summary>In RDS: another class than the source's, for the new instance or the cluster's members.</summary>
    [Parameter(ParameterSetName = TimeSet)]
    [Parameter(ParameterSetName = LatestSet)]
    [Parameter(ParameterSetName = BeforeSet)]
    [ValidateNotNullOrEmpty]
    public string? InstanceClass { get; set; }

    /// <summary>In RDS: why; written on what is made as a tag.</summary>
    [Parameter(ParameterSetName = TimeSet)]
    [Parameter(ParameterSetName = LatestSet)]
    [Parameter(ParameterSetName = BeforeSet)]
    [ValidateNotNullOrEmpty]
    public string? Reason { get; set; }

    /// <summary>In RDS: wait until the new database can be used.</summary>
    [Parameter(ParameterSetName = TimeSet)]
    [Parameter(ParameterSetName = LatestSet)]
    [Parameter(ParameterSetName = BeforeSet)]
    public SwitchParameter Wait { get; set; }

    /// <summary>The folder that <c>pg_basebackup</c> wrote.</summary>
    [Parameter(Mandatory = true, ParameterSetName = BaseBackupSet)]
    [ValidateNotNullOrEmpty]
    public string BaseBackup { get; set; } = "";

    /// <summary>The folder with the archived write-ahead log.</summary>
    [Parameter(ParameterSetName = BaseBackupSet)]
    [ValidateNotNullOrEmpty]
    public string? WalArchive { get; set; }

    /// <summary>A command that fetches a file of the write-ahead log, as PostgreSQL's <c>restore_command</c>.</summary>
    [Parameter(ParameterSetName = BaseBackupSet)]
    [ValidateNotNullOrEmpty]
    public string? RestoreCommand { get; set; }

    /// <summary>The new data directory.</summary>
    [Parameter(Mandatory = true, ParameterSetName = BaseBackupSet)]
    [ValidateNotNullOrEmpty]
    public string DataDirectory { get; set; } = "";

    /// <summary>The new server's port on 127.0.0.1.</summary>
    [Parameter(ParameterSetName = BaseBackupSet)]
    [ValidateRange(1, 65535)]
    public int? Port { get; set; }

    /// <summary>A position in the write-ahead log.</summary>
    [Parameter(ParameterSetName = BaseBackupSet)]
    [ValidateNotNullOrEmpty]
    public string? Lsn { get; set; }

    /// <summary>The name that <c>pg_create_restore_point()</c> was given.</summary>
    [Parameter(ParameterSetName = BaseBackupSet)]
    [ValidateNotNullOrEmpty]
    public string? RestorePointName { get; set; }

    /// <summary>Take along what was committed at exactly that moment.</summary>
    [Parameter(ParameterSetName = BaseBackupSet)]
    public SwitchParameter Inclusive { get; set; }

    /// <summary>Stop there and let others look, before it is decided.</summary>
    [Parameter(ParameterSetName = BaseBackupSet)]
    public SwitchParameter Pause { get; set; }

    /// <summary>Settings of the new server.</summary>
    [Parameter(ParameterSetName = BaseBackupSet)]
    [ValidateNotNull]
    public Hashtable? Setting { get; set; }

    /// <summary>The longest that it may take; 0 for ever.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan? Timeout { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        // What is piped in is one restore: to before the first of all that is to be gone.
        _hasInput = true;
        _earliest = _earliest is { } earliest && Before is { } point ? RestorePoint.Earlier(earliest, point) : _earliest ?? Before;
        _target ??= Target;
    }

    /// <inheritdoc/>
    protected override void Finish()
    {
        if (!_hasInput)
        {
            throw ErrorRecords.NothingToRestoreTo();
        }

        (Before, Target) = (_earliest, _target);
        if (BaseBackup.Length > 0)
        {
            Recover();
        }
        else if (Before is null && RestoreTime is null && !Latest)
        {
            throw ErrorRecords.NothingToRestoreTo();
        }
        else
        {
            RestoreInRds();
        }
    }

    private void RestoreInRds()
    {
        using var rds = new RdsPointInTime(Aws(InstanceId), Observer);
        var options = new RdsRestoreOptions { TargetId = TargetId, InstanceClass = InstanceClass, Reason = Reason, Wait = Wait, Timeout = Timeout ?? s_patienceWithRds };
        var time = Latest ? null : Before?.At ?? RestoreTime;
        var plan = Await(token => rds.PlanAsync(InstanceId, time, options, token));
        RestoreInRds(plan, $"{plan.Source} as it was at {Moment(plan.RestoreTime, time)}", (target, token) => rds.RunAsync(plan, target, token));
    }

    // RDS knows whole seconds; what was typed may be local.
    private static string Moment(DateTimeOffset? restored, DateTimeOffset? typed)
    {
        if (restored is not { } time)
        {
            return "the latest restorable time";
        }

        var local = typed is null || typed.Value.Offset == TimeSpan.Zero ? "" : string.Create(CultureInfo.InvariantCulture, $" ({typed:yyyy-MM-dd HH:mm:ss zzz})");
        return string.Create(CultureInfo.InvariantCulture, $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z{local}");
    }

    private void Recover()
    {
        RefuseAwsParameters();
        var given = new object?[] { RestoreTime, Lsn, RestorePointName, Before, Latest ? true : null }.Count(moment => moment is not null);
        if (given != 1)
        {
            throw ErrorRecords.NotOneMoment(given);
        }

        var options = new RecoveryOptions
        {
            BaseBackup = FileSystemPath(BaseBackup),
            WalArchive = WalArchive is null ? null : FileSystemPath(WalArchive),
            RestoreCommand = RestoreCommand,
            DataDirectory = FileSystemPath(DataDirectory),
            Port = Port,

            // The position is exact; clocks and commits may have come in another order.
            Time = RestoreTime ?? (Before?.Lsn is null ? Before?.At : null),
            Lsn = Lsn ?? Before?.Lsn,
            Name = RestorePointName,
            Inclusive = Inclusive,
            Pause = Pause,
            Timeout = Timeout > TimeSpan.Zero ? Timeout : null,
            SystemId = Before?.SystemId,
            Login = Target,
            Database = Before?.Database,
            Settings = ParameterTable.Texts(Setting),
        };
        if (Target is null && Before?.Database is null)
        {
            WriteWarning("Without -Target the result's address is the database postgres, as superuser on the new server's socket. Give -Target to have it name yours.");
        }

        var plan = Await(token => PointInTimeRecovery.PlanAsync(options, Observer, token));
        var action = string.Create(CultureInfo.InvariantCulture, $"Recover {options.BaseBackup} ({ByteSize.Text(plan.Size)}) {plan.Goal}, and start it on port {plan.Port}");
        if (ShouldProcess(plan.DataDirectory, action))
        {
            WriteObject(Await(token => PointInTimeRecovery.RunAsync(plan, Observer, token)));
        }
    }
}
