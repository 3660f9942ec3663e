using System.Management.Automation;
using DbMigrate.Aws;
using DbMigrate.Aws.Rds;

namespace DbMigrate.Commands;

/// <summary>A cmdlet whose work is done in RDS, or by the programs of PostgreSQL on this machine.</summary>
public abstract class SnapshotCommand : TargetCommand
{
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

    /// <summary>Which account, region and address of AWS to ask.</summary>
    /// <param name="id">A name, or an ARN, which has a region.</param>
    /// <param name="region">The region where neither says it.</param>
    private protected AwsSettings Aws(string id, string? region = null) =>
        new AwsSettings { Profile = ProfileName, Region = Region, EndpointUrl = EndpointUrl }.For(id, region);

    /// <summary>Tells what there is to know, asks, and has something restored in RDS.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="what">What is restored, for the question.</param>
    /// <param name="restore">Does it; makes the target of the new address with the function that it is given.</param>
    private protected void RestoreInRds(
        RdsRestorePlan plan, string what, Func<Func<RdsEndpoint, DbTarget?>, CancellationToken, Task<RestoreResult>> restore)
    {
        foreach (var remark in plan.Remarks)
        {
            WriteWarning(remark);
        }

        var description = $"Restoring {what} to the new {plan.TargetId} with\n{plan}";
        if (ShouldProcess(description, description, "Confirm", out _))
        {
            var current = Target ?? Session.Current.Target;
            WriteObject(Await(token => restore(endpoint => RestoredTarget.Of(endpoint, current, Observer), token)));
        }
    }

    /// <summary>Parameters for AWS make no sense where nothing is asked of AWS.</summary>
    private protected void RefuseAwsParameters()
    {
        if ((ProfileName ?? Region ?? EndpointUrl) is not null)
        {
            throw ErrorRecords.AwsParameterUnused();
        }
    }
}
