namespace DbMigrate.Aws.Rds;

/// <summary>An Aurora or Multi-AZ cluster, as DescribeDBClusters tells it.</summary>
internal sealed record RdsCluster
{
    public required string Id { get; init; }

    public string? Arn { get; init; }

    /// <inheritdoc cref="RdsInstance.ResourceId"/>
    public string? ResourceId { get; init; }

    public required string Status { get; init; }

    /// <summary>How far a restore is, 0 to 100.</summary>
    public int? Percent { get; init; }

    public string? Engine { get; init; }

    public string? Host { get; init; }

    public string? ReaderHost { get; init; }

    /// <summary>Addresses that lead to some of the members.</summary>
    public IReadOnlyList<string> CustomHosts { get; init; } = [];

    public int? Port { get; init; }

    public string? Database { get; init; }

    public string? MasterUser { get; init; }

    public bool HasManagedSecret { get; init; }

    public string? SubnetGroup { get; init; }

    public IReadOnlyList<string> SecurityGroups { get; init; } = [];

    public string? ParameterGroup { get; init; }

    public bool IsDeletionProtected { get; init; }

    public bool HasIamAuthentication { get; init; }

    public bool CopiesTagsToSnapshot { get; init; }

    public string? StorageType { get; init; }

    public int? Iops { get; init; }

    /// <summary>The class of all members; of Multi-AZ clusters only.</summary>
    public string? InstanceClass { get; init; }

    public bool IsPublic { get; init; }

    /// <summary>Days.</summary>
    public int? BackupRetention { get; init; }

    public string? NetworkType { get; init; }

    public IReadOnlyList<string> LogExports { get; init; } = [];

    /// <summary>In Aurora capacity units; of Aurora Serverless v2 only.</summary>
    public double? MinCapacity { get; init; }

    /// <inheritdoc cref="MinCapacity"/>
    public double? MaxCapacity { get; init; }

    public IReadOnlyList<string> Members { get; init; } = [];

    public string? Writer { get; init; }

    public DateTimeOffset? EarliestRestorableTime { get; init; }

    public DateTimeOffset? LatestRestorableTime { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>Aurora's members are made one by one; those of a Multi-AZ cluster come with it.</summary>
    public bool IsAurora => IsOfAurora(Engine);

    /// <inheritdoc cref="IsAurora"/>
    public static bool IsOfAurora(string? engine) => engine?.StartsWith("aurora", StringComparison.Ordinal) ?? false;
}
