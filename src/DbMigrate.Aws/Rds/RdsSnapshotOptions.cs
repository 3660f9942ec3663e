namespace DbMigrate.Aws.Rds;

/// <summary>How a snapshot is to be taken.</summary>
public sealed record RdsSnapshotOptions
{
    /// <summary>Its name; null for <c>pre-migration-</c> and the time in UTC.</summary>
    public string? SnapshotId { get; init; }

    /// <summary>Why it is taken; written on it as a tag. Characters that RDS does not take become underscores.</summary>
    public string? Reason { get; init; }

    /// <summary>The run that it is taken for; written on it as a tag. Null for one of its own.</summary>
    public string? RunId { get; init; }

    /// <summary>Until when it is not to be removed; null when nobody says.</summary>
    public DateTimeOffset? KeepUntil { get; init; }

    /// <summary>More tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();
}
