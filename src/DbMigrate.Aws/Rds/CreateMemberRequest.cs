using DbMigrate.Aws.Client;

namespace DbMigrate.Aws.Rds;

/// <summary>CreateDBInstance, of a member of an Aurora cluster: without one nobody can connect to the cluster.</summary>
internal sealed record CreateMemberRequest
{
    /// <summary>The new member.</summary>
    public required string InstanceId { get; init; }

    /// <summary>Its cluster.</summary>
    public required string ClusterId { get; init; }

    /// <summary>The cluster's engine.</summary>
    public required string Engine { get; init; }

    /// <summary>What it is to be like.</summary>
    public required RdsInstance Settings { get; init; }

    /// <summary>Its tags.</summary>
    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    /// <summary>What makes the same with the AWS command line, but for the tags.</summary>
    public string Command => string.Join(
        ' ',
        new[]
        {
            $"aws rds create-db-instance --db-cluster-identifier {ClusterId} --db-instance-identifier {InstanceId} --engine {Engine} --db-instance-class {Settings.Class}",
            Settings.ParameterGroup is { } group ? $"--db-parameter-group-name {group}" : null,
            Settings.PromotionTier is { } tier ? FormattableString.Invariant($"--promotion-tier {tier}") : null,
            Settings.IsPublic ? "--publicly-accessible" : "--no-publicly-accessible",
            Settings.UpgradesMinorVersions ? "--auto-minor-version-upgrade" : "--no-auto-minor-version-upgrade",
        }.OfType<string>());

    /// <summary>As it goes over the wire.</summary>
    public QueryRequest ToQuery() => new QueryRequest("CreateDBInstance", InstanceId)
    {
        { "DBInstanceIdentifier", InstanceId },
        { "DBClusterIdentifier", ClusterId },
        { "Engine", Engine },
        { "DBInstanceClass", Settings.Class },
        { "DBParameterGroupName", Settings.ParameterGroup },
        { "PromotionTier", Settings.PromotionTier },
        { "PubliclyAccessible", Settings.IsPublic },
        { "AutoMinorVersionUpgrade", Settings.UpgradesMinorVersions },
        Tags,
    };
}
