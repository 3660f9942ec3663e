using System.Collections;
using System.Globalization;
using System.Management.Automation;
using DbMigrate.Aws.Rds;
using DbMigrate.Engine.Dumps;

namespace DbMigrate.Commands;

/// <summary>Saves a database before something is done to it: a snapshot in RDS, or a dump.</summary>
[Cmdlet(VerbsCommon.New, "DbSnapshot", DefaultParameterSetName = RdsSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(DbSnapshot))]
public sealed class NewDbSnapshotCommand : SnapshotCommand
{
    private const string RdsSet = "Rds";
    private const string DumpSet = "Dump";

    /// <summary>The RDS instance or cluster, or a member of a cluster: its name or ARN; without it that of the target's address.</summary>
    [Parameter(Position = 0, ParameterSetName = RdsSet)]
    [Alias("ClusterId", "SourceId")]
    [ValidateNotNullOrEmpty]
    public string? InstanceId { get; set; }

    /// <summary>Wait until the snapshot is available, and verify that it holds something.</summary>
    [Parameter(ParameterSetName = RdsSet)]
    public SwitchParameter Wait { get; set; }

    /// <summary>The longest to wait; 0 for ever.</summary>
    [Parameter(ParameterSetName = RdsSet)]
    [DurationTransformation]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromHours(2);

    /// <summary>Tags to write on the snapshot beside ours.</summary>
    [Parameter(ParameterSetName = RdsSet)]
    [ValidateNotNull]
    public Hashtable? Tag { get; set; }

    /// <summary>Not in RDS: with the real <c>pg_dump</c>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = DumpSet)]
    [ValidateSet("Dump")]
    public string Method { get; set; } = "";

    /// <summary>The folder for the dump; made when it is not there.</summary>
    [Parameter(Position = 0, ParameterSetName = DumpSet)]
    [Alias("Folder")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = ".";

    /// <summary>One file, or a folder.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    public DumpFormat Format { get; set; }

    /// <summary>How many sessions read at once.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    [ValidateRange(1, 64)]
    public int Jobs { get; set; } = 1;

    /// <summary>Only these tables.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[]? Table { get; set; }

    /// <summary>Only these schemas.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    [ValidateNotNullOrEmpty]
    public string[]? Schema { get; set; }

    /// <summary>How long a table may stay locked by somebody else; 0 for ever.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    [DurationTransformation]
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Its name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <summary>Why it is taken.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Reason { get; set; }

    /// <summary>Until when it is not to be removed.</summary>
    [Parameter]
    public DateTimeOffset? KeepUntil { get; set; }

    /// <summary>How long it is not to be removed; wins over <see cref="KeepUntil"/>.</summary>
    [Parameter]
    [AgeTransformation]
    public TimeSpan? KeepFor { get; set; }

    private DateTimeOffset? Kept =>
        KeepFor is { } time ? DateTimeOffset.UtcNow + time : KeepUntil < DateTimeOffset.UtcNow ? throw ErrorRecords.KeepUntilOver(KeepUntil.Value) : KeepUntil;

    /// <inheritdoc/>
    protected override void Process()
    {
        if (Method.Length > 0)
        {
            Dump();
        }
        else
        {
            TakeInRds();
        }
    }

    private void Dump()
    {
        RefuseAwsParameters();
        var target = TargetOrDefault();
        var options = new DumpOptions
        {
            Folder = FileSystemPath(Path),
            Id = Id,
            Format = Format,
            Jobs = Jobs,
            Tables = Table ?? [],
            Schemas = Schema ?? [],
            LockTimeout = LockTimeout,
            Reason = Reason,
            KeepUntil = Kept,
        };
        var plan = Await(token => DatabaseDump.PlanAsync(target, options, Observer, token));
        var size = plan.DatabaseSize is { } bytes ? $" of {ByteSize.Text(bytes)}" : "";
        if (ShouldProcess(target.ToString(), string.Create(CultureInfo.InvariantCulture, $"Dump {plan.Tables} tables{size} to {plan.Path}")))
        {
            WriteObject(Await(token => DatabaseDump.RunAsync(plan, Observer, token)));
        }
    }

    private void TakeInRds()
    {
        var options = new RdsSnapshotOptions { SnapshotId = Id, Reason = Reason, KeepUntil = Kept, Tags = ParameterTable.Texts(Tag) };

        // The session's database is not meant where an instance is named.
        var host = InstanceId is null ? TargetOrDefault().Host : Target?.Host ?? "";
        var source = InstanceId ?? RdsHost.SourceId(host) ?? throw ErrorRecords.SnapshotPlaceMissing(host);
        using var rds = new RdsSnapshots(Aws(source, RdsHost.Region(host)), Observer);
        if (host.Length > 0)
        {
            Await(token => rds.CheckHostAsync(source, host, token));
        }

        var plan = Await(token => rds.PlanAsync(source, options, token));
        var description = $"Taking the snapshot {plan.SnapshotId} of {plan.Source} with\n{plan}";
        if (!ShouldProcess(description, description, "Confirm", out _))
        {
            return;
        }

        var snapshot = Await(token => rds.CreateAsync(plan, token));
        WriteObject(Wait ? Await(token => rds.WaitAsync(snapshot, Timeout, token)) : snapshot);
    }
}
