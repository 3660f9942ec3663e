using DbMigrate.Aws.Client;

namespace DbMigrate.Aws.Rds;

/// <summary>Snapshots of RDS instances and of Aurora and Multi-AZ clusters.</summary>
public sealed class RdsSnapshots : IDisposable
{
    private readonly IRds _rds;
    private readonly IEngineObserver _observer;
    private readonly TimeSpan _interval;

    /// <param name="settings">Account, region and address.</param>
    /// <param name="observer">Told of progress.</param>
    /// <exception cref="DbMigrateException"><c>AwsRegionMissing</c>, <c>InvalidRegion</c>, <c>AwsProfileNotFound</c>, <c>InvalidEndpointUrl</c>.</exception>
    public RdsSnapshots(AwsSettings settings, IEngineObserver observer)
        : this(RdsClient.Open(settings), observer, settings.PollInterval)
    {
    }

    internal RdsSnapshots(IRds rds, IEngineObserver observer, TimeSpan interval) => (_rds, _observer, _interval) = (rds, observer, interval);

    /// <summary>
    /// Makes sure that what is named is the database that somebody is connected to: a snapshot of another one is no way back. Of an alias, a tunnel or a proxy it cannot
    /// be told, and a warning says so.
    /// </summary>
    /// <param name="sourceId">The name or ARN of an instance, of a cluster, or of a cluster's member.</param>
    /// <param name="host">The connection's host; several are separated by commas.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="DbMigrateException"><c>SnapshotOfAnother</c>, <c>InstanceNotFound</c>, <c>InvalidInstanceName</c>; see docs/aws.md.</exception>
    public async Task CheckHostAsync(string sourceId, string host, CancellationToken cancellationToken)
    {
        var source = await RdsSource.FindAsync(_rds, sourceId, cancellationToken);
        var its = await source.HostsAsync(_rds, cancellationToken);
        var others = host.Split(',', StringSplitOptions.TrimEntries).Where(address => !its.Contains(Name(address), StringComparer.OrdinalIgnoreCase)).ToList();
        if (others.Count == 0)
        {
            return;
        }

        var noun = RdsRestore.Noun(source.Kind);
        var other = its.Count == 0 ? null : others.Find(address => RdsHost.IsEndpoint(Name(address)));
        if (other is null)
        {
            _observer.Message(
                MessageLevel.Warning,
                $"Nothing tells whether {string.Join(", ", others)} leads to the {noun} {source.Id} in RDS. Make sure that it does: a snapshot of another database is no way back.");
            return;
        }

        throw new DbMigrateException(
            "SnapshotOfAnother",
            ErrorKind.InvalidArgument,
            $"{other} is not the {noun} {source.Id} in {_rds.Region}, which listens at {string.Join(", ", its)}. A snapshot of another database is no way back.",
            host.Contains(',', StringComparison.Ordinal) ? $"Connect to addresses of {source.Id} only; or, if all are of another one, give that with -InstanceId."
                : WayTo(Name(other), source, RdsArn.Parse(sourceId))) { Subject = sourceId };

        static string Name(string address) => address.Split(':')[0].TrimEnd('.');
    }

    private string WayTo(string host, RdsSource asked, RdsArn? arn)
    {
        var named = RdsHost.SourceId(host);
        var region = RdsHost.Region(host);
        var isNamesake = named == asked.Id || asked.Cluster?.Members.Contains(named) == true;
        var isElsewhere = region != _rds.Region;
        var andRegion = isElsewhere && arn is null ? $" and -Region {region}" : "";
        return named is null ? $"Give -InstanceId with the cluster of that endpoint{andRegion}: aws rds describe-db-cluster-endpoints --region {region} shows it."
            : !isNamesake || (isElsewhere && arn is not null) ? $"Give -InstanceId {named}{andRegion}, or leave {(andRegion.Length > 0 ? "both" : "it")} out."
            : isElsewhere ? $"It is in another region: give -Region {region}, or leave it out."
            : "It has the same name in another account: set AWS_PROFILE to that of the database, and see aws sts get-caller-identity.";
    }

    /// <summary>Looks what is to be saved, and how. Writes nothing.</summary>
    /// <param name="sourceId">The name or ARN of an instance, of a cluster, or of a cluster's member: then the cluster is saved.</param>
    /// <param name="options">Name and tags.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="DbMigrateException">
    /// <c>InstanceNotFound</c>, <c>InvalidInstanceName</c>, <c>InvalidSnapshotName</c>, <c>TooManyTags</c>; see docs/aws.md.
    /// </exception>
    public async Task<RdsSnapshotPlan> PlanAsync(string sourceId, RdsSnapshotOptions options, CancellationToken cancellationToken)
    {
        var source = await RdsSource.FindAsync(_rds, sourceId, cancellationToken);
        var name = RdsName.Snapshot(options.SnapshotId ?? DbSnapshot.NewId(DateTimeOffset.UtcNow), source.Kind);
        var tags = RdsTags.Of(
            options.Tags,
            (RdsTags.Reason, options.Reason),
            (RdsTags.RunId, options.RunId ?? Guid.NewGuid().ToString("N")),
            (RdsTags.KeepUntil, QueryRequest.Text(options.KeepUntil)));
        return new RdsSnapshotPlan(new CreateSnapshotRequest(source.Kind, name, source.Id, tags));
    }

    /// <summary>Has it taken. AWS does the work; <see cref="WaitAsync"/> waits for it.</summary>
    /// <exception cref="DbMigrateException">
    /// <c>SnapshotExists</c>, <c>InvalidInstanceState</c>, <c>SnapshotQuotaExceeded</c>, <c>InstanceNotFound</c>; see docs/aws.md.
    /// </exception>
    public Task<DbSnapshot> CreateAsync(RdsSnapshotPlan plan, CancellationToken cancellationToken) => RdsOnce.CreateAsync(
        () => _rds.CreateSnapshotAsync(plan.Request, cancellationToken),
        () => _rds.DescribeSnapshotAsync(plan.Kind, plan.SnapshotId, cancellationToken),
        snapshot => snapshot.Tags,
        plan.Request.Tags[RdsTags.RunId],
        _observer,
        $"snapshot {plan.SnapshotId} of {plan.Source}",
        Follow(plan.Kind, plan.SnapshotId),
        cancellationToken);

    /// <summary>Waits until it is available, and verifies that it holds something.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="limit">The longest to wait; zero for ever.</param>
    /// <param name="cancellationToken">Stops waiting, not the work; a warning says how to follow it.</param>
    /// <exception cref="DbMigrateException">
    /// <c>SnapshotFailed</c>, <c>AwsWaitTimeout</c>, <c>SnapshotNotFound</c>, <c>AwsTokenExpired</c>; see docs/aws.md.
    /// </exception>
    public async Task<DbSnapshot> WaitAsync(DbSnapshot snapshot, TimeSpan limit, CancellationToken cancellationToken)
    {
        var wait = new RdsWait(_observer, _interval, limit, $"snapshot {snapshot.Id} of {snapshot.Source}", Follow(snapshot.Kind, snapshot.Id));
        var taken = await wait.UntilAsync(
            async token =>
            {
                var now = await _rds.DescribeSnapshotAsync(snapshot.Kind, snapshot.Id, token);
                return now.Status is "creating" or "copying" or "pending" or "available"
                    ? new RdsLook<DbSnapshot>(now, now.Status, now.Percent, now.Status == "available")
                    : throw Failed(now, $"its status is {now.Status}");
            },
            times: 1,
            cancellationToken);

        // Of Aurora's, RDS does not always tell the size.
        return taken is { Kind: DbSnapshotKind.Instance, Size: null or 0 } ? throw Failed(taken, "it has no size") : taken;
    }

    /// <summary>All of them, manual and automated, of instances and clusters, the newest first; those that are being taken come first of all, copies of unknown age last.</summary>
    /// <param name="sourceId">Only those of this instance or cluster, which need not be there any more; null for all.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="DbMigrateException">See docs/aws.md.</exception>
    public async Task<IReadOnlyList<DbSnapshot>> ListAsync(string? sourceId, CancellationToken cancellationToken) =>
        (await ListWithResourceAsync(sourceId, cancellationToken)).Snapshots;

    /// <summary>
    /// Those that are a way back for what has the name now: not those of a former instance or cluster of the same name. Where RDS does not tell them apart, or nothing has
    /// the name any more, the name decides.
    /// </summary>
    /// <param name="sourceId">The name or ARN of an instance, of a cluster, or of a cluster's member.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="DbMigrateException">See docs/aws.md.</exception>
    public async Task<IReadOnlyList<DbSnapshot>> ListOfPresentAsync(string sourceId, CancellationToken cancellationToken)
    {
        var (resource, all) = await ListWithResourceAsync(sourceId, cancellationToken);
        var its = all.Where(s => resource is null || s.SourceResourceId is null || s.SourceResourceId == resource).ToList();
        var newest = all.FirstOrDefault(s => s.Status == "available");
        if (newest is not null && !its.Contains(newest))
        {
            _observer.Message(
                MessageLevel.Warning,
                $"The snapshot {newest.Id} is of a former {RdsRestore.Noun(newest.Kind)} of the name {newest.Source} ({newest.SourceResourceId}; now it is {resource}): it does not count.");
        }

        return its;
    }

    private async Task<(string? Resource, IReadOnlyList<DbSnapshot> Snapshots)> ListWithResourceAsync(string? sourceId, CancellationToken cancellationToken)
    {
        var resource = default(string);
        var arn = sourceId is null ? null : RdsArn.Parse(sourceId);
        var kinds = new List<(DbSnapshotKind Kind, string? Source)> { (DbSnapshotKind.Instance, sourceId), (DbSnapshotKind.Cluster, sourceId) };
        if (sourceId is not null)
        {
            try
            {
                var source = await RdsSource.FindAsync(_rds, sourceId, cancellationToken);
                kinds = [(source.Kind, source.Id)];
                resource = source.ResourceId;
            }
            catch (DbMigrateException e) when (e.Id == "InstanceNotFound")
            {
                // Snapshots outlive what they are of.
                kinds = arn is null ? kinds : [(arn.Kind, arn.Name.ToLowerInvariant())];
            }
        }

        var found = new List<DbSnapshot>();
        foreach (var (kind, source) in kinds)
        {
            try
            {
                found.AddRange(await _rds.DescribeSnapshotsAsync(kind, source, cancellationToken));
            }
            catch (DbMigrateException e) when (e.Id is "InstanceNotFound" or "SnapshotNotFound")
            {
                // There are none of this kind.
            }
        }

        return (resource,
        [
            .. found.Where(s => arn is null || arn.IsInAccountOf(s.Arn))
                .OrderByDescending(s => s.CreatedAt ?? (s.Status == "available" ? DateTimeOffset.MinValue : DateTimeOffset.MaxValue))
                .ThenBy(s => s.Id, StringComparer.Ordinal),
        ]);
    }

    /// <summary>The snapshot of that name, whatever it is of.</summary>
    /// <exception cref="DbMigrateException"><c>SnapshotNotFound</c>; see docs/aws.md.</exception>
    public async Task<DbSnapshot> FindAsync(string snapshotId, CancellationToken cancellationToken)
    {
        try
        {
            return await _rds.DescribeSnapshotAsync(DbSnapshotKind.Instance, snapshotId, cancellationToken);
        }
        catch (DbMigrateException e) when (e.Id == "SnapshotNotFound")
        {
            return await _rds.DescribeSnapshotAsync(DbSnapshotKind.Cluster, snapshotId, cancellationToken);
        }
    }

    /// <summary>Removes it, after looking once more at what it is now.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="force">Also one that is not ours, or that is to be kept.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="DbMigrateException">As <see cref="DbSnapshot.CheckRemovable"/>; <c>SnapshotNotFound</c>, <c>InvalidSnapshotState</c>; see docs/aws.md.</exception>
    public async Task RemoveAsync(DbSnapshot snapshot, bool force, CancellationToken cancellationToken)
    {
        (await _rds.DescribeSnapshotAsync(snapshot.Kind, snapshot.Id, cancellationToken)).CheckRemovable(force);
        await _rds.DeleteSnapshotAsync(snapshot.Kind, snapshot.Id, cancellationToken);
    }

    /// <summary>Looks how it would be restored to a new instance or cluster. Writes nothing.</summary>
    /// <param name="snapshot">The snapshot. What it is of gives the settings, if it is still there.</param>
    /// <param name="options">Name and class of what is made.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="DbMigrateException">
    /// <c>InvalidSnapshotState</c>, <c>InstanceExists</c>, <c>InvalidInstanceName</c>, <c>SnapshotNotFound</c>, <c>TooManyTags</c>; see docs/aws.md.
    /// </exception>
    public async Task<RdsRestorePlan> PlanRestoreAsync(DbSnapshot snapshot, RdsRestoreOptions options, CancellationToken cancellationToken)
    {
        var now = await _rds.DescribeSnapshotAsync(snapshot.Kind, snapshot.Id, cancellationToken);
        if (now.Status != "available")
        {
            throw new DbMigrateException(
                "InvalidSnapshotState",
                ErrorKind.InvalidState,
                $"The snapshot '{now.Id}' cannot be restored: its status is {now.Status}.",
                "Wait until Get-DbSnapshot shows it as available, or take another one.") { Subject = now };
        }

        var source = default(RdsSource);
        try
        {
            source = await RdsSource.FindAsync(_rds, now.Source, cancellationToken);
        }
        catch (DbMigrateException e) when (e.Id is "InstanceNotFound" or "InvalidInstanceName")
        {
            // The settings are those of RDS.
        }

        // A cluster's name may since have been given to an instance, and the other way round.
        source = source?.Kind == now.Kind ? source : null;
        if (source is null)
        {
            _observer.Message(
                MessageLevel.Warning,
                $"{now.Source} is not there any more: the restored {RdsRestore.Noun(now.Kind)} gets the default subnet group, " +
                "security group and parameter group of RDS.");
        }

        return await new RdsRestore(_rds, _observer, _interval).PlanAsync(now, source, null, options, cancellationToken);
    }

    /// <summary>Restores it.</summary>
    /// <inheritdoc cref="RdsRestore.RunAsync"/>
    public Task<RestoreResult> RestoreAsync(RdsRestorePlan plan, Func<RdsEndpoint, DbTarget?> target, CancellationToken cancellationToken) =>
        new RdsRestore(_rds, _observer, _interval).RunAsync(plan, target, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _rds.Dispose();

    private static string Follow(DbSnapshotKind kind, string id) => kind == DbSnapshotKind.Cluster
        ? $"aws rds describe-db-cluster-snapshots --db-cluster-snapshot-identifier {id}"
        : $"aws rds describe-db-snapshots --db-snapshot-identifier {id}";

    private static DbMigrateException Failed(DbSnapshot snapshot, string why) => new(
        "SnapshotFailed",
        ErrorKind.InvalidState,
        $"The snapshot {snapshot.Id} of {snapshot.Source} is no way back: {why}.",
        $"See the events of {snapshot.Source} in the console; remove the snapshot, and take another one.") { Subject = snapshot };
}
