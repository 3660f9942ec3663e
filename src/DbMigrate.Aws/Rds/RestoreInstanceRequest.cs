using DbMigrate.Aws.Client;

namespace DbMigrate.Aws.Rds;

/// <summary>
/// RestoreDBInstanceToPointInTime or RestoreDBInstanceFromDBSnapshot: the settings of the new instance are those of <see cref="Settings"/>,
/// where RDS would take its defaults.
/// </summary>
internal sealed record RestoreInstanceRequest
{
    /// <summary>The new instance.</summary>
    public required string TargetId { get; init; }

    /// <summary>The source of a point-in-time restore; null for a snapshot.</summary>
    public string? SourceId { get; init; }

    /// <summary>The moment; null for the latest one.</summary>
    public DateTimeOffset? RestoreTime { get; init; }

    /// <summary>The snapshot; null for a point in time.</summary>
    public string? SnapshotId { get; init; }

    /// <summary>What the new instance is to be like; null for RDS's defaults.</summary>
    public RdsInstance? Settings { get; init; }

    /// <summary>The new instance's tags.</summary>
    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    /// <summary>As it goes over the wire.</summary>
    public QueryRequest ToQuery()
    {
        var query = SnapshotId is not null
            ? new QueryRequest("RestoreDBInstanceFromDBSnapshot", TargetId) { { "DBInstanceIdentifier", TargetId }, { "DBSnapshotIdentifier", SnapshotId } }
            : new QueryRequest("RestoreDBInstanceToPointInTime", TargetId)
            {
                { "SourceDBInstanceIdentifier", SourceId },
                { "TargetDBInstanceIdentifier", TargetId },
                { "RestoreTime", RestoreTime },
                { "UseLatestRestorableTime", RestoreTime is null ? true : null },
            };
        if (Settings is { } settings)
        {
            Add(query, settings);
            query.Add("MaxAllocatedStorage", SnapshotId is null ? settings.MaxAllocatedStorage : null);
        }

        query.Add(Tags);
        return query;
    }

    private static void Add(QueryRequest query, RdsInstance settings)
    {
        query.Add("DBInstanceClass", settings.Class);
        query.Add("Port", settings.Port);
        query.Add("DBSubnetGroupName", settings.SubnetGroup);
        query.Add("VpcSecurityGroupIds", "VpcSecurityGroupId", settings.SecurityGroups);
        query.Add("DBParameterGroupName", settings.ParameterGroup);

        // RDS takes the default one by itself; named, it would have to be that of the version.
        query.Add("OptionGroupName", settings.OptionGroup?.StartsWith("default:", StringComparison.Ordinal) == true ? null : settings.OptionGroup);
        query.Add("MultiAZ", settings.IsMultiAZ);
        query.Add("PubliclyAccessible", settings.IsPublic);
        query.Add("StorageType", settings.StorageType);

        // Below 400 GiB gp3 has a fixed performance, which RDS shows and refuses to be told (RDS user guide, Amazon RDS DB instance storage).
        if (settings.StorageType is "io1" or "io2" || (settings.StorageType == "gp3" && settings.AllocatedStorage >= 400))
        {
            query.Add("Iops", settings.Iops);
            query.Add("StorageThroughput", settings.StorageType == "gp3" ? settings.StorageThroughput : null);
        }

        query.Add("AutoMinorVersionUpgrade", settings.UpgradesMinorVersions);
        query.Add("CopyTagsToSnapshot", settings.CopiesTagsToSnapshot);
        query.Add("EnableIAMDatabaseAuthentication", settings.HasIamAuthentication);
        query.Add("DeletionProtection", settings.IsDeletionProtected);
        query.Add("BackupRetentionPeriod", settings.BackupRetention);
        query.Add("CACertificateIdentifier", settings.CertificateAuthority);
        query.Add("NetworkType", settings.NetworkType);
        query.Add("EnableCloudwatchLogsExports", "member", settings.LogExports);
    }
}
