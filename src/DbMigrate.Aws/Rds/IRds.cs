namespace DbMigrate.Aws.Rds;

/// <summary>
/// The operations of Amazon RDS that are used, under RDS's names; paging is the implementation's affair. AWSSDK.RDS's client could take the
/// place of <see cref="RdsClient"/> as one class that maps these records to its own.
/// </summary>
/// <exception cref="DbMigrateException">Every operation: see <c>AwsFailure</c>.</exception>
internal interface IRds : IDisposable
{
    /// <summary>The region that is asked.</summary>
    string Region { get; }

    /// <summary>DescribeDBInstances; with an id that one, or <c>InstanceNotFound</c>; with a cluster its members.</summary>
    Task<IReadOnlyList<RdsInstance>> DescribeDBInstancesAsync(string? instanceId, string? clusterId, CancellationToken cancellationToken);

    /// <summary>DescribeDBClusters, of one cluster, or <c>InstanceNotFound</c>.</summary>
    Task<RdsCluster> DescribeDBClusterAsync(string clusterId, CancellationToken cancellationToken);

    /// <summary>DescribeDBInstanceAutomatedBackups: the earliest time that an instance can be taken back to; null when RDS does not say.</summary>
    Task<DateTimeOffset?> DescribeEarliestRestorableTimeAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>DescribeDBSnapshots or DescribeDBClusterSnapshots: manual and automated, of all sources or one.</summary>
    Task<IReadOnlyList<DbSnapshot>> DescribeSnapshotsAsync(DbSnapshotKind kind, string? sourceId, CancellationToken cancellationToken);

    /// <summary>DescribeDBSnapshots or DescribeDBClusterSnapshots, of one snapshot, or <c>SnapshotNotFound</c>.</summary>
    Task<DbSnapshot> DescribeSnapshotAsync(DbSnapshotKind kind, string snapshotId, CancellationToken cancellationToken);

    /// <summary>DescribeEvents of an instance (<c>db-instance</c>) or cluster (<c>db-cluster</c>) since then, the oldest first.</summary>
    Task<IReadOnlyList<RdsEvent>> DescribeEventsAsync(DbSnapshotKind kind, string sourceId, DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>CreateDBSnapshot or CreateDBClusterSnapshot.</summary>
    Task<DbSnapshot> CreateSnapshotAsync(CreateSnapshotRequest request, CancellationToken cancellationToken);

    /// <summary>DeleteDBSnapshot or DeleteDBClusterSnapshot.</summary>
    Task DeleteSnapshotAsync(DbSnapshotKind kind, string snapshotId, CancellationToken cancellationToken);

    /// <summary>RestoreDBInstanceToPointInTime or RestoreDBInstanceFromDBSnapshot.</summary>
    Task<RdsInstance> RestoreDBInstanceAsync(RestoreInstanceRequest request, CancellationToken cancellationToken);

    /// <summary>RestoreDBClusterToPointInTime or RestoreDBClusterFromSnapshot.</summary>
    Task<RdsCluster> RestoreDBClusterAsync(RestoreClusterRequest request, CancellationToken cancellationToken);

    /// <summary>CreateDBInstance, of a member of an Aurora cluster.</summary>
    Task<RdsInstance> CreateDBInstanceAsync(CreateMemberRequest request, CancellationToken cancellationToken);
}
