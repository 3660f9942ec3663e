using DbMigrate.Aws.Client;

namespace DbMigrate.Aws.Rds;

/// <summary>RestoreDBClusterToPointInTime or RestoreDBClusterFromSnapshot. The time has another name here than for an instance.</summary>
internal sealed record RestoreClusterRequest
{
    /// <summary>The new cluster.</summary>
    public required string TargetId { get; init; }

    /// <summary>The source of a point-in-time restore; null for a snapshot.</summary>
    public string? SourceId { get; init; }

    /// <summary>The moment; null for the latest one.</summary>
    public DateTimeOffset? RestoreTime { get; init; }

    /// <summary>The snapshot; null for a point in time.</summary>
    public string? SnapshotId { get; init; }

    /// <summary>The engine, which a restore from a snapshot wants to be told.</summary>
    public string? Engine { get; init; }

    /// <summary>What the new cluster is to be like; null for RDS's defaults.</summary>
    public RdsCluster? Settings { get; init; }

    /// <summary>The new cluster's tags.</summary>
    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    /// <summary>As it goes over the wire.</summary>
    public QueryRequest ToQuery()
    {
        var query = SnapshotId is not null
            ? new QueryRequest("RestoreDBClusterFromSnapshot", TargetId)
            {
                { "DBClusterIdentifier", TargetId }, { "SnapshotIdentifier", SnapshotId }, { "Engine", Engine },
            }
            : new QueryRequest("RestoreDBClusterToPointInTime", TargetId)
            {
                { "SourceDBClusterIdentifier", SourceId },
                { "DBClusterIdentifier", TargetId },
                { "RestoreToTime", RestoreTime },
                { "UseLatestRestorableTime", RestoreTime is null ? true : null },
            };
        if (Settings is { } settings)
        {
            Add(query, settings);
        }

        query.Add(Tags);
        return query;
    }

    private static void Add(QueryRequest query, RdsCluster settings)
    {
        query.Add("Port", settings.Port);
        query.Add("DBSubnetGroupName", settings.SubnetGroup);
        query.Add("VpcSecurityGroupIds", "VpcSecurityGroupId", settings.SecurityGroups);
        query.Add("DBClusterParameterGroupName", settings.ParameterGroup);
        query.Add("CopyTagsToSnapshot", settings.CopiesTagsToSnapshot);
        query.Add("EnableIAMDatabaseAuthentication", settings.HasIamAuthentication);
        query.Add("DeletionProtection", settings.IsDeletionProtected);
        query.Add("BackupRetentionPeriod", settings.BackupRetention);
        query.Add("StorageType", settings.StorageType);
        query.Add("NetworkType", settings.NetworkType);
        query.Add("ServerlessV2ScalingConfiguration.MinCapacity", settings.MinCapacity);
        query.Add("ServerlessV2ScalingConfiguration.MaxCapacity", settings.MaxCapacity);
        query.Add("EnableCloudwatchLogsExports", "member", settings.LogExports);
        if (!settings.IsAurora)
        {
            query.Add("DBClusterInstanceClass", settings.InstanceClass);
            query.Add("Iops", settings.StorageType is "io1" or "io2" ? settings.Iops : null);
            query.Add("PubliclyAccessible", settings.IsPublic);
        }
    }
}
