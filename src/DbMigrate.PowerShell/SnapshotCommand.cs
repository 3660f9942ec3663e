using System.Management.Automation;
using DbMigrate.Aws;

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
    private protected AwsSettings Aws(string id, string? region = null)
    {
        var settings = new AwsSettings { Profile = ProfileName, Region = Region, EndpointUrl = EndpointUrl }.For(id);
        return settings with { Region = settings.Region ?? region };
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
