using System.Globalization;
using System.Management.Automation;
using DbMigrate.Aws.Rds;
using DbMigrate.Engine.Dumps;

namespace DbMigrate.Commands;

/// <summary>Restores what was saved, beside what there is: a dump into a database, a snapshot to a new instance or cluster in RDS.</summary>
[Cmdlet(VerbsData.Restore, "DbSnapshot", DefaultParameterSetName = InputSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(RestoreResult))]
public sealed class RestoreDbSnapshotCommand : SnapshotCommand
{
    private const string InputSet = "InputObject";
    private const string PathSet = "Path";

    /// <summary>What <c>New-DbSnapshot</c> or <c>Get-DbSnapshot</c> gave.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputSet, ValueFromPipeline = true)]
    [ValidateNotNull]
    public DbSnapshot? InputObject { get; set; }

    /// <summary>The dump: a file or a folder.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Of a dump: the database to make, or an empty one; without it the target itself.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Database { get; set; }

    /// <summary>Of a dump: how many sessions write at once.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int Jobs { get; set; } = 1;

    /// <summary>Of a dump: all or nothing.</summary>
    [Parameter]
    public SwitchParameter SingleTransaction { get; set; }

    /// <summary>Of a dump: everything is to belong to the role that restores.</summary>
    [Parameter]
    public SwitchParameter NoOwner { get; set; }

    /// <summary>Of a dump: grant nothing.</summary>
    [Parameter]
    public SwitchParameter NoPrivileges { get; set; }

    /// <summary>In RDS: the name of the new instance or cluster.</summary>
    [Parameter(ParameterSetName = InputSet)]
    [ValidateNotNullOrEmpty]
    public string? TargetId { get; set; }

    /// <summary>In RDS: another class than the source's.</summary>
    [Parameter(ParameterSetName = InputSet)]
    [ValidateNotNullOrEmpty]
    public string? InstanceClass { get; set; }

    /// <summary>In RDS: why; written on what is made as a tag.</summary>
    [Parameter(ParameterSetName = InputSet)]
    [ValidateNotNullOrEmpty]
    public string? Reason { get; set; }

    /// <summary>In RDS: wait until the new database can be used.</summary>
    [Parameter(ParameterSetName = InputSet)]
    public SwitchParameter Wait { get; set; }

    /// <summary>In RDS: the longest to wait; 0 for ever.</summary>
    [Parameter(ParameterSetName = InputSet)]
    [DurationTransformation]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromHours(2);

    /// <inheritdoc/>
    protected override void Process()
    {
        if (InputObject is { } snapshot && snapshot.Kind != DbSnapshotKind.Dump)
        {
            Refuse(snapshot, [nameof(Database), nameof(Jobs), nameof(SingleTransaction), nameof(NoOwner), nameof(NoPrivileges)]);
            RestoreInRds(snapshot);
        }
        else
        {
            if (InputObject is not null)
            {
                Refuse(InputObject, [nameof(TargetId), nameof(InstanceClass), nameof(Reason), nameof(Wait), nameof(Timeout)]);
            }

            RestoreDump(InputObject?.Path ?? InputObject?.Id ?? FileSystemPath(Path!));
        }
    }

    /// <summary>What cannot be heeded is not passed over: it may be what the restore was to be safe by.</summary>
    private void Refuse(DbSnapshot snapshot, IEnumerable<string> parameters)
    {
        if (parameters.FirstOrDefault(MyInvocation.BoundParameters.ContainsKey) is { } parameter)
        {
            throw ErrorRecords.RestoreParameterUnused(parameter, snapshot);
        }
    }

    private void RestoreDump(string path)
    {
        RefuseAwsParameters();
        var server = TargetOrDefault();
        var options = new RestoreOptions
        {
            Database = Database, Jobs = Jobs, SingleTransaction = SingleTransaction, NoOwner = NoOwner, NoPrivileges = NoPrivileges,
        };
        var plan = Await(token => DumpRestore.PlanAsync(path, server, options, Observer, token));
        var action = string.Create(
            CultureInfo.InvariantCulture, $"{(plan.Creates ? "Create the database and restore" : "Restore")} {plan.Tables} tables from {plan.Path}");
        if (ShouldProcess(plan.Target.ToString(), action))
        {
            WriteObject(Await(token => DumpRestore.RunAsync(plan, Observer, token)));
        }
    }

    private void RestoreInRds(DbSnapshot snapshot)
    {
        using var rds = new RdsSnapshots(Aws(snapshot.Id, snapshot.Region), Observer);
        var options = new RdsRestoreOptions { TargetId = TargetId, InstanceClass = InstanceClass, Reason = Reason, Wait = Wait, Timeout = Timeout };
        var plan = Await(token => rds.PlanRestoreAsync(snapshot, options, token));
        RestoreInRds(plan, $"the snapshot {plan.Source}", (target, token) => rds.RestoreAsync(plan, target, token));
    }
}
