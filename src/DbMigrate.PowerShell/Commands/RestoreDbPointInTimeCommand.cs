using System.Globalization;
using System.Management.Automation;
using DbMigrate.Aws;
using DbMigrate.Aws.Rds;

namespace DbMigrate.Commands;

/// <summary>Restores an RDS instance or an Aurora cluster, as it was at a moment, to a new one.</summary>
[Cmdlet(
    VerbsData.Restore,
    "DbPointInTime",
    DefaultParameterSetName = TimeSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(RestoreResult))]
public sealed class RestoreDbPointInTimeCommand : EngineCommand
{
    private const string TimeSet = "RestoreTime";
    private const string LatestSet = "Latest";
    private const string BeforeSet = "Before";

    /// <summary>The instance or cluster, or a member of a cluster: its name or ARN.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = TimeSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = LatestSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = BeforeSet)]
    [Alias("ClusterId", "SourceId")]
    [ValidateNotNullOrEmpty]
    public string InstanceId { get; set; } = "";

    /// <summary>The moment. A time without offset is local.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TimeSet)]
    public DateTimeOffset RestoreTime { get; set; }

    /// <summary>The latest moment there is.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LatestSet)]
    public SwitchParameter Latest { get; set; }

    /// <summary>The moment right before a migration: a result of <c>Invoke-Migration</c>. Of several, before all of them.</summary>
    [Parameter(Mandatory = true, ParameterSetName = BeforeSet)]
    [RestorePointTransformation]
    [ValidateNotNull]
    public RestorePoint? Before { get; set; }

    /// <summary>The name of the new instance or cluster.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TargetId { get; set; }

    /// <summary>Another class than the source's, for the new instance or the cluster's members.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? InstanceClass { get; set; }

    /// <summary>Why; written on what is made as a tag.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Reason { get; set; }

    /// <summary>Wait until the new database can be used.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>The longest to wait; 0 for ever.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromHours(2);

    /// <summary>A profile of the AWS configuration files.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ProfileName { get; set; }

    /// <summary>The AWS region.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Region { get; set; }

    /// <summary>The address of RDS, where it is not the region's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? EndpointUrl { get; set; }

    private DateTimeOffset? Time => Latest ? null : Before?.At ?? RestoreTime;

    /// <inheritdoc/>
    protected override void Process()
    {
        var settings = new AwsSettings { Profile = ProfileName, Region = Region, EndpointUrl = EndpointUrl }.For(InstanceId);
        using var rds = new RdsPointInTime(settings, Observer);
        var options = new RdsRestoreOptions { TargetId = TargetId, InstanceClass = InstanceClass, Reason = Reason, Wait = Wait, Timeout = Timeout };
        var plan = Await(token => rds.PlanAsync(InstanceId, Time, options, token));
        foreach (var remark in plan.Remarks)
        {
            WriteWarning(remark);
        }

        var description = $"Restoring {plan.Source} as it was at {Moment(plan)} to the new {plan.TargetId} with\n{plan}";
        if (!ShouldProcess(description, description, "Confirm", out _))
        {
            return;
        }

        var current = Session.Current.Target;
        WriteObject(Await(token => rds.RunAsync(plan, endpoint => RestoredTarget.Of(endpoint, current), token)));
    }

    // RDS knows whole seconds; what was typed may be local.
    private string Moment(RdsRestorePlan plan)
    {
        if (plan.RestoreTime is not { } time)
        {
            return "the latest restorable time";
        }

        var typed = Time!.Value;
        var local = typed.Offset == TimeSpan.Zero ? "" : string.Create(CultureInfo.InvariantCulture, $" ({typed:yyyy-MM-dd HH:mm:ss zzz})");
        return string.Create(CultureInfo.InvariantCulture, $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z{local}");
    }
}
