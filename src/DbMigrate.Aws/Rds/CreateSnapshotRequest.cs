using DbMigrate.Aws.Client;

namespace DbMigrate.Aws.Rds;

/// <summary>CreateDBSnapshot or CreateDBClusterSnapshot.</summary>
internal sealed record CreateSnapshotRequest(
    DbSnapshotKind Kind, string SnapshotId, string SourceId, IReadOnlyDictionary<string, string> Tags)
{
    /// <summary>As it goes over the wire.</summary>
    public QueryRequest ToQuery() => Kind == DbSnapshotKind.Cluster
        ? new QueryRequest("CreateDBClusterSnapshot", SnapshotId) { { "DBClusterSnapshotIdentifier", SnapshotId }, { "DBClusterIdentifier", SourceId }, Tags }
        : new QueryRequest("CreateDBSnapshot", SnapshotId) { { "DBSnapshotIdentifier", SnapshotId }, { "DBInstanceIdentifier", SourceId }, Tags };
}
