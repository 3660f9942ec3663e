namespace DbMigrate.Aws.Rds;

/// <summary>A snapshot that is to be taken.</summary>
public sealed class RdsSnapshotPlan
{
    internal RdsSnapshotPlan(CreateSnapshotRequest request) => Request = request;

    /// <summary>Its name.</summary>
    public string SnapshotId => Request.SnapshotId;

    /// <summary>Whether it is of an instance or a cluster.</summary>
    public DbSnapshotKind Kind => Request.Kind;

    /// <summary>The instance or cluster.</summary>
    public string Source => Request.SourceId;

    internal CreateSnapshotRequest Request { get; }

    /// <summary>The request to RDS, one parameter a line.</summary>
    public override string ToString() => Request.ToQuery().ToString();
}
