namespace DbMigrate.Aws.Rds;

/// <summary>What a name leads to: an instance that stands alone, or a cluster, named itself or by a member.</summary>
/// <param name="Kind">Instance or cluster.</param>
/// <param name="Instance">The instance; null for a cluster.</param>
/// <param name="Cluster">The cluster; null for an instance.</param>
internal sealed record RdsSource(DbSnapshotKind Kind, RdsInstance? Instance, RdsCluster? Cluster)
{
    /// <summary>Its name.</summary>
    public string Id => Instance?.Id ?? Cluster!.Id;

    /// <inheritdoc cref="RdsInstance.ResourceId"/>
    public string? ResourceId => Instance?.ResourceId ?? Cluster?.ResourceId;

    /// <summary>All host names that RDS gave it: of a cluster also those of its members. Of what is not there yet, none.</summary>
    public async Task<IReadOnlyList<string>> HostsAsync(IRds rds, CancellationToken cancellationToken)
    {
        if (Cluster is null)
        {
            return Instance!.Host is { } host ? [host] : [];
        }

        var members = await rds.DescribeDBInstancesAsync(null, Cluster.Id, cancellationToken);
        return [.. members.Select(member => member.Host).Concat([Cluster.Host, Cluster.ReaderHost]).OfType<string>().Concat(Cluster.CustomHosts)];
    }

    /// <summary>Looks it up.</summary>
    /// <param name="rds">RDS.</param>
    /// <param name="id">The name or the ARN.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="DbMigrateException"><c>InstanceNotFound</c>, <c>InvalidInstanceName</c>, <c>AwsRegionMismatch</c>; see <c>AwsFailure</c>.</exception>
    public static async Task<RdsSource> FindAsync(IRds rds, string id, CancellationToken cancellationToken)
    {
        var arn = RdsArn.Parse(id);
        if (arn is not null && arn.Region != rds.Region)
        {
            throw new DbMigrateException(
                "AwsRegionMismatch",
                ErrorKind.InvalidArgument,
                $"'{id}' is in {arn.Region}, and {rds.Region} is to be asked.",
                $"Leave -Region away, or give {arn.Region}.") { Subject = id };
        }

        // The whole ARN is asked for: its name alone may be that of another thing in this account.
        var name = arn is null ? RdsName.Instance(id) : arn.With(RdsName.Instance(arn.Name)).ToString();
        if (arn is { Kind: DbSnapshotKind.Cluster })
        {
            return await ClusterAsync(name);
        }

        try
        {
            var instance = (await rds.DescribeDBInstancesAsync(name, null, cancellationToken))[0];
            RdsArn.Check(arn, instance.Arn, id);
            return instance.ClusterId is { } cluster ? await ClusterAsync(cluster) : new RdsSource(DbSnapshotKind.Instance, instance, null);
        }
        catch (DbMigrateException e) when (e.Id == "InstanceNotFound" && arn is null)
        {
            return await ClusterAsync(name);
        }

        async Task<RdsSource> ClusterAsync(string cluster)
        {
            var found = await rds.DescribeDBClusterAsync(cluster, cancellationToken);
            RdsArn.Check(arn, found.Arn, id);
            return new RdsSource(DbSnapshotKind.Cluster, null, found);
        }
    }
}
