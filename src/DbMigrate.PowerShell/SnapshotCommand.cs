using System.Globalization;
using System.Management.Automation;
using System.Net;
using DbMigrate.Aws;
using DbMigrate.Aws.Rds;
using DbMigrate.Engine.Targets;

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

    /// <summary>The address of what was restored. Whoever is connected to what it was restored from logs in to the new one in the same way.</summary>
    private protected static DbTarget Restored(RdsEndpoint endpoint, DbTarget? current)
    {
        if (current is not null && endpoint.SourceHost is { } source && string.Equals(current.Host, source, StringComparison.OrdinalIgnoreCase))
        {
            return TargetResolver.Elsewhere(current, endpoint.Host, endpoint.Port);
        }

        var address = string.Create(
            CultureInfo.InvariantCulture,
            $"postgresql:///{Uri.EscapeDataString(endpoint.Database ?? "postgres")}?host={Uri.EscapeDataString(endpoint.Host)}&port={endpoint.Port}");
        return TargetResolver.Resolve(address, Environment.GetEnvironmentVariable, new NetworkCredential(endpoint.User, ""));
    }
}
