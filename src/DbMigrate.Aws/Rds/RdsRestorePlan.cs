using DbMigrate.Aws.Client;

namespace DbMigrate.Aws.Rds;

/// <summary>A restore that is to be done: the exact requests.</summary>
public sealed record RdsRestorePlan
{
    internal RdsRestorePlan()
    {
    }

    /// <summary>Instance or cluster.</summary>
    public required DbSnapshotKind Kind { get; init; }

    /// <summary>The instance, cluster or snapshot that is restored.</summary>
    public required string Source { get; init; }

    /// <summary>The name of what is made.</summary>
    public required string TargetId { get; init; }

    /// <summary>The moment that is restored, in UTC, in whole seconds; null for a snapshot, and for the latest moment.</summary>
    public DateTimeOffset? RestoreTime { get; init; }

    /// <summary>What people should know before they say yes.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    internal RdsRestoreOptions Options { get; init; } = new();

    internal string RunId { get; init; } = "";

    internal RestoreInstanceRequest? Instance { get; init; }

    internal RestoreClusterRequest? Cluster { get; init; }

    internal IReadOnlyList<CreateMemberRequest> Members { get; init; } = [];

    internal IReadOnlyList<string> SourceHosts { get; init; } = [];

    internal bool IsPointInTime => (Instance?.SourceId ?? Cluster?.SourceId) is not null;

    private IEnumerable<QueryRequest> Requests => new[] { Instance?.ToQuery(), Cluster?.ToQuery() }.OfType<QueryRequest>().Concat(Members.Select(m => m.ToQuery()));

    /// <summary>The requests to RDS in their order, one parameter a line.</summary>
    public override string ToString() => string.Join("\n", Requests);
}
