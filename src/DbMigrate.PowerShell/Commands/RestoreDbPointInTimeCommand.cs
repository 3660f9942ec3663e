using System.Collections;
using System.Globalization;
using System.Management.Automation;
using DbMigrate.Engine.Recovery;

namespace DbMigrate.Commands;

/// <summary>Brings a server back as it was at a moment, beside the one that there is.</summary>
[Cmdlet(VerbsData.Restore, "DbPointInTime", DefaultParameterSetName = BaseBackupSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(RestoreResult))]
public sealed class RestoreDbPointInTimeCommand : EngineCommand
{
    private const string BaseBackupSet = "BaseBackup";

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

    /// <summary>Whose user, password and database the result's address has.</summary>
    [Parameter(ParameterSetName = BaseBackupSet)]
    [TargetTransformation]
    [ValidateNotNull]
    public DbTarget? Target { get; set; }

    /// <summary>The moment; a time without zone is a local one.</summary>
    [Parameter]
    public DateTimeOffset? RestoreTime { get; set; }

    /// <summary>The moment before a run.</summary>
    [Parameter]
    [ValidateNotNull]
    public RestorePoint? Before { get; set; }

    /// <summary>As far as there is something.</summary>
    [Parameter]
    public SwitchParameter Latest { get; set; }

    /// <summary>The longest that it may take.</summary>
    [Parameter]
    [AgeTransformation]
    public TimeSpan? Timeout { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
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
            Timeout = Timeout,
            Login = Target,
            Settings = (Setting ?? []).Cast<DictionaryEntry>().ToDictionary(
                e => Convert.ToString(e.Key, CultureInfo.InvariantCulture)!, e => Convert.ToString(e.Value, CultureInfo.InvariantCulture) ?? ""),
        };
        var plan = Await(token => PointInTimeRecovery.PlanAsync(options, Observer, token));
        var action = string.Create(CultureInfo.InvariantCulture, $"Recover {options.BaseBackup} ({ByteSize.Text(plan.Size)}) {plan.Goal}, and start it on port {plan.Port}");
        if (ShouldProcess(plan.DataDirectory, action))
        {
            WriteObject(Await(token => PointInTimeRecovery.RunAsync(plan, Observer, token)));
        }
    }
}
