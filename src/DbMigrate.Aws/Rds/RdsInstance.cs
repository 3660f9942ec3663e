namespace DbMigrate.Aws.Rds;

/// <summary>An instance, as DescribeDBInstances tells it.</summary>
internal sealed record RdsInstance
{
    public required string Id { get; init; }

    public string? Arn { get; init; }

    /// <summary>Never given again, as a name may be.</summary>
    public string? ResourceId { get; init; }

    public required string Status { get; init; }

    /// <summary>How far a restore is, 0 to 100.</summary>
    public int? Percent { get; init; }

    public string? ClusterId { get; init; }

    public string? Engine { get; init; }

    public string? Class { get; init; }

    public string? Host { get; init; }

    public int? Port { get; init; }

    public string? Database { get; init; }

    public string? MasterUser { get; init; }

    public bool HasManagedSecret { get; init; }

    public string? SubnetGroup { get; init; }

    public IReadOnlyList<string> SecurityGroups { get; init; } = [];

    public string? ParameterGroup { get; init; }

    public string? ParameterStatus { get; init; }

    public string? OptionGroup { get; init; }

    public bool IsMultiAZ { get; init; }

    public bool IsPublic { get; init; }

    public string? StorageType { get; init; }

    /// <summary>In GiB.</summary>
    public int? AllocatedStorage { get; init; }

    /// <summary>In GiB: how far it may grow by itself; null where it may not.</summary>
    public int? MaxAllocatedStorage { get; init; }

    public int? Iops { get; init; }

    /// <summary>In MiB/s.</summary>
    public int? StorageThroughput { get; init; }

    public bool IsDeletionProtected { get; init; }

    public bool HasIamAuthentication { get; init; }

    public bool CopiesTagsToSnapshot { get; init; }

    public bool UpgradesMinorVersions { get; init; }

    /// <summary>Days; 0 for no automated backups.</summary>
    public int? BackupRetention { get; init; }

    public string? CertificateAuthority { get; init; }

    public string? NetworkType { get; init; }

    public IReadOnlyList<string> LogExports { get; init; } = [];

    public int? PromotionTier { get; init; }

    /// <summary>Null where there is no backup yet, and of a cluster's member.</summary>
    public DateTimeOffset? LatestRestorableTime { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();
}
