namespace DbMigrate.Aws.Rds;

/// <summary>What a name leads to: an instance that stands alone, or a cluster, named itself or by a member.</summary>
/// <param name="Kind">Instance or cluster.</param>
/// <param name="Instance">The instance; null for a cluster.</param>
/// <param name="Cluster">The cluster; null for an instance.</param>
internal sealed record RdsSource(DbSnapshotKind Kind, RdsInstance? Instance, RdsCluster? Cluster)
{
    /// <summary>Its name.</summary>
    public string Id => Instance?.Id ?? Cluster!.Id;

    /// <summary>Looks it up.</summary>
    /// <param name="rds">RDS.</param>
    /// <param name="id">The name or the ARN.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="DbMigrateException"><c>InstanceNotFound</c>, <c>InvalidInstanceName</c>; see <c>AwsFailure</c>.</exception>
    public static async Task<RdsSource> FindAsync(IRds rds, string id, CancellationToken cancellationToken)
    {
        // arn:aws:rds:eu-west-1:123456789012:cluster:prod
        var arn = id.Split(':');
        var isCluster = arn is ["arn", _, "rds", _, _, "cluster", _];
        var name = RdsName.Instance(isCluster || arn is ["arn", _, "rds", _, _, "db", _] ? arn[^1] : id);
        if (isCluster)
        {
            return await ClusterAsync(name);
        }

        try
        {
            var instance = (await rds.DescribeDBInstancesAsync(name, null, cancellationToken))[0];
            return instance.ClusterId is { } cluster ? await ClusterAsync(cluster) : new RdsSource(DbSnapshotKind.Instance, instance, null);
        }
        catch (DbMigrateException e) when (e.Id == "InstanceNotFound" && arn.Length == 1)
        {
            return await ClusterAsync(name);
        }

        async Task<RdsSource> ClusterAsync(string cluster) =>
            new(DbSnapshotKind.Cluster, null, await rds.DescribeDBClusterAsync(cluster, cancellationToken));
    }
}
