namespace DbMigrate.Aws.Rds;

/// <summary>How something is to be restored.</summary>
public sealed record RdsRestoreOptions
{
    /// <summary>The name of the new instance or cluster; null for the source's with <c>-restored-</c> and the time in UTC.</summary>
    public string? TargetId { get; init; }

    /// <summary>The class of the new instance or of the cluster's members, as <c>db.r6g.large</c>; null for the source's.</summary>
    public string? InstanceClass { get; init; }

    /// <summary>Whether to wait until it can be used. For Aurora the cluster is waited for in any case: its members cannot be made before.</summary>
    public bool Wait { get; init; }

    /// <summary>The longest to wait; zero for ever. A restore of a big database takes hours.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromHours(2);

    /// <summary>Why; written as a tag.</summary>
    public string? Reason { get; init; }
}
