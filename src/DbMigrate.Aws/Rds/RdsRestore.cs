using System.Diagnostics;

namespace DbMigrate.Aws.Rds;

/// <summary>Restores a snapshot or a moment to a new instance or cluster: what both ways have in common.</summary>
internal sealed class RdsRestore(IRds rds, IEngineObserver observer, TimeSpan interval)
{
    // A new instance goes from available to modifying or backing-up and back.
    private const int TimesAvailable = 3;

    private static readonly string[] s_failed =
    [
        "failed", "incompatible-restore", "incompatible-parameters", "incompatible-network", "incompatible-option-group", "incompatible-create",
        "storage-full", "inaccessible-encryption-credentials", "restore-error", "deleting", "deleted", "cloning-failed", "migration-failed",
    ];

    // The backups, the cluster and its members are waited for within one time limit.
    private readonly Stopwatch _time = new();

    /// <summary>What it is called in sentences.</summary>
    public static string Noun(DbSnapshotKind kind) => kind == DbSnapshotKind.Cluster ? "cluster" : "instance";

    /// <summary>Makes the requests. RDS would take its defaults for most settings, so that they are all given.</summary>
    /// <param name="snapshot">The snapshot; null for a moment.</param>
    /// <param name="source">What the settings are taken from; null when it is not there any more.</param>
    /// <param name="time">The moment; null for the latest, and for a snapshot.</param>
    /// <param name="options">Name and class of what is made.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="DbMigrateException"><c>InvalidInstanceName</c>, <c>InstanceExists</c>, <c>TooManyTags</c>.</exception>
    public async Task<RdsRestorePlan> PlanAsync(
        DbSnapshot? snapshot, RdsSource? source, DateTimeOffset? time, RdsRestoreOptions options, CancellationToken cancellationToken)
    {
        var kind = snapshot?.Kind ?? source!.Kind;
        var from = snapshot?.Id ?? source!.Id;
        var target = RdsName.Instance(options.TargetId ?? RdsName.OfRestored(snapshot?.Source ?? from, kind, DateTimeOffset.UtcNow));
        await RefuseExistingAsync(kind, target, cancellationToken);
        var runId = Guid.NewGuid().ToString("N");
        var tags = RdsTags.Of(
            source?.Instance?.Tags ?? source?.Cluster?.Tags ?? new Dictionary<string, string>(),
            (RdsTags.RestoredFrom, from), (RdsTags.Reason, options.Reason), (RdsTags.RunId, runId));
        var plan = new RdsRestorePlan
        {
            Kind = kind,
            Source = from,
            TargetId = target,
            RestoreTime = time,
            Options = options,
            RunId = runId,
            SourceHosts = source is null ? [] : await source.HostsAsync(rds, cancellationToken),
            Remarks = Remarks(source),
        };
        return kind == DbSnapshotKind.Cluster
            ? await ClusterAsync(plan, snapshot, source?.Cluster, tags, cancellationToken)
            : Instance(plan, snapshot, source?.Instance, tags);
    }

    /// <summary>Does it.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="target">Makes the target of the new address.</param>
    /// <param name="cancellationToken">Stops waiting. What AWS has begun it ends; a warning says how to follow it.</param>
    /// <exception cref="DbMigrateException">
    /// <c>InstanceExists</c>, <c>RestoreTimeTooEarly</c>, <c>RestoreTimeTooLate</c>, <c>InstanceRestoreFailed</c>, <c>AwsWaitTimeout</c>, <c>AwsTokenExpired</c>,
    /// <c>InstanceQuotaExceeded</c>, <c>InstanceCapacity</c>; see docs/aws.md.
    /// </exception>
    public async Task<RestoreResult> RunAsync(RdsRestorePlan plan, Func<RdsEndpoint, DbTarget?> target, CancellationToken cancellationToken)
    {
        var startedAt = DateTimeOffset.UtcNow;
        _time.Start();
        if (plan.IsPointInTime)
        {
            // Between the plan and now somebody was asked, and the window has moved on.
            await AwaitWindowAsync(plan, cancellationToken);
        }

        var (status, endpoint) = plan.Kind == DbSnapshotKind.Cluster
            ? await RunClusterAsync(plan, startedAt, cancellationToken)
            : await RunInstanceAsync(plan, startedAt, cancellationToken);
        return new RestoreResult
        {
            Id = plan.TargetId,
            Source = plan.Source,
            Status = status,
            RestoredTo = plan.RestoreTime,
            Duration = _time.Elapsed,
            Target = endpoint is null ? null : target(endpoint),
        };
    }

    private async Task AwaitWindowAsync(RdsRestorePlan plan, CancellationToken cancellationToken)
    {
        var source = plan.Instance?.SourceId ?? plan.Cluster!.SourceId!;
        var window = default(RdsWindow);
        if (!plan.Options.Wait)
        {
            window = await RdsWindow.ReadAsync(rds, plan.Kind, source, cancellationToken);
            window.Check(plan.RestoreTime, canWait: false);
            return;
        }

        var what = $"the backups of {source} (the restore has not begun)";
        var wait = new RdsWait(observer, interval, Left(plan), what, Follow(plan.Kind, source));
        try
        {
            await wait.UntilAsync(
                async token =>
                {
                    window = await RdsWindow.ReadAsync(rds, plan.Kind, source, token);
                    var isWithin = window.Check(plan.RestoreTime, canWait: true);
                    var status = $"they reach to {RdsWindow.Text(window.Latest)}" + (isWithin ? "" : $", and {RdsWindow.Text(plan.RestoreTime)} is wanted");
                    return new RdsLook<RdsWindow>(window, status, null, isWithin);
                },
                times: 1,
                cancellationToken);
        }
        catch (DbMigrateException e) when (e.Id == "AwsWaitTimeout")
        {
            // RestoreTimeTooLate says more, where the window could be read at all.
            window?.Check(plan.RestoreTime, canWait: false);
            throw;
        }
    }

    private static RdsRestorePlan Instance(RdsRestorePlan plan, DbSnapshot? snapshot, RdsInstance? source, Dictionary<string, string> tags)
    {
        var settings = source ?? (plan.Options.InstanceClass is null ? null : new RdsInstance { Id = plan.TargetId, Status = "", UpgradesMinorVersions = true });
        return plan with
        {
            Instance = new RestoreInstanceRequest
            {
                TargetId = plan.TargetId,
                SourceId = snapshot is null ? source!.Id : null,
                RestoreTime = plan.RestoreTime,
                SnapshotId = snapshot?.Id,
                Settings = settings is null ? null : settings with { Class = plan.Options.InstanceClass ?? settings.Class },
                Tags = tags,
            },
        };
    }

    private async Task<RdsRestorePlan> ClusterAsync(
        RdsRestorePlan plan, DbSnapshot? snapshot, RdsCluster? source, Dictionary<string, string> tags, CancellationToken cancellationToken)
    {
        var engine = source?.Engine ?? snapshot?.Engine ?? "aurora-postgresql";
        var settings = source is null ? null : source with { InstanceClass = plan.Options.InstanceClass ?? source.InstanceClass };
        if (source is null && !RdsCluster.IsOfAurora(engine))
        {
            settings = new RdsCluster { Id = plan.TargetId, Status = "", Engine = engine, InstanceClass = ClassOf(plan) };
        }

        var request = new RestoreClusterRequest
        {
            TargetId = plan.TargetId,
            SourceId = snapshot is null ? source!.Id : null,
            RestoreTime = plan.RestoreTime,
            SnapshotId = snapshot?.Id,
            Engine = engine,
            Settings = settings,
            Tags = tags,
        };
        if (!RdsCluster.IsOfAurora(engine))
        {
            return plan with { Cluster = request };
        }

        var members = source is null ? [] : await rds.DescribeDBInstancesAsync(null, source.Id, cancellationToken);
        if (members.Count == 0)
        {
            // Nothing tells any more how big they were.
            members = [new RdsInstance { Id = "", Status = "", Class = ClassOf(plan), UpgradesMinorVersions = true }];
        }

        var wanted = members
            .OrderByDescending(m => m.Id == source?.Writer).ThenBy(m => m.PromotionTier ?? 15).ThenBy(m => m.Id, StringComparer.Ordinal)
            .Select((member, i) => new CreateMemberRequest
            {
                InstanceId = RdsName.Instance(FormattableString.Invariant($"{plan.TargetId}-{i + 1}")),
                ClusterId = plan.TargetId,
                Engine = request.Engine,
                Settings = member with { Class = plan.Options.InstanceClass ?? member.Class },
                Tags = tags,
            }).ToList();
        foreach (var member in wanted)
        {
            await RefuseExistingAsync(DbSnapshotKind.Instance, member.InstanceId, cancellationToken);
        }

        return plan with { Cluster = request, Members = wanted };
    }

    private static string ClassOf(RdsRestorePlan plan) => plan.Options.InstanceClass ?? throw new DbMigrateException(
        "InstanceClassMissing",
        ErrorKind.InvalidArgument,
        $"The cluster that {plan.Source} is of has no members to go by, so the class of the new one has to be named.",
        "Give -InstanceClass, for example db.r6g.large.") { Subject = plan.Source };

    private static List<string> Remarks(RdsSource? source) => source?.Instance?.HasManagedSecret == true || source?.Cluster?.HasManagedSecret == true
        ? [$"{source.Id} keeps its master password in Secrets Manager; what is restored has the password of that time, and no secret of its own."]
        : [];

    private async Task RefuseExistingAsync(DbSnapshotKind kind, string target, CancellationToken cancellationToken)
    {
        try
        {
            _ = kind == DbSnapshotKind.Cluster
                ? (object)await rds.DescribeDBClusterAsync(target, cancellationToken)
                : await rds.DescribeDBInstancesAsync(target, null, cancellationToken);
        }
        catch (DbMigrateException e) when (e.Id == "InstanceNotFound")
        {
            return;
        }

        throw new DbMigrateException(
            "InstanceExists",
            ErrorKind.Exists,
            $"There is an instance or cluster '{target}' already.",
            "Give another name with -TargetId. A restore always makes a new instance.") { Subject = target };
    }

    private async Task<(string Status, RdsEndpoint? Endpoint)> RunInstanceAsync(RdsRestorePlan plan, DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        var made = await RdsOnce.CreateAsync(
            () => rds.RestoreDBInstanceAsync(plan.Instance!, cancellationToken),
            () => InstanceAsync(plan.TargetId, cancellationToken),
            instance => instance.Tags,
            plan.RunId,
            observer,
            $"instance {plan.TargetId}, restored from {plan.Source}",
            Follow(DbSnapshotKind.Instance, plan.TargetId),
            cancellationToken);
        if (!plan.Options.Wait)
        {
            return (made.Status, null);
        }

        made = await WaitForInstanceAsync(plan, plan.TargetId, startedAt, cancellationToken);
        Report(plan.TargetId, plan.Instance!.Settings is { } wanted ? RdsDifference.Of(wanted, made, plan.Instance.Tags) : []);
        return (made.Status, Endpoint(plan, made.Host, made.Port, made.Database, made.MasterUser));
    }

    private async Task<(string Status, RdsEndpoint? Endpoint)> RunClusterAsync(RdsRestorePlan plan, DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var missing = new Queue<CreateMemberRequest>(plan.Members);
        RdsCluster made;
        try
        {
            made = await RdsOnce.CreateAsync(
                () => rds.RestoreDBClusterAsync(plan.Cluster!, cancellationToken),
                () => rds.DescribeDBClusterAsync(plan.TargetId, cancellationToken),
                cluster => cluster.Tags,
                plan.RunId,
                observer,
                $"cluster {plan.TargetId}, restored from {plan.Source}",
                Follow(DbSnapshotKind.Cluster, plan.TargetId),
                cancellationToken);
            if (!plan.Options.Wait && plan.Members.Count == 0)
            {
                return (made.Status, null);
            }

            await FillClusterAsync(plan, missing, startedAt, cancellationToken);
        }
        catch (OperationCanceledException) when (missing.Count > 0)
        {
            observer.Message(MessageLevel.Warning, MissingMembers(plan, missing));
            throw;
        }

        if (!plan.Options.Wait)
        {
            return ("creating", null);
        }

        foreach (var member in plan.Members)
        {
            var instance = await WaitForInstanceAsync(plan, member.InstanceId, startedAt, cancellationToken);
            Report(member.InstanceId, RdsDifference.OfMember(member.Settings, instance));
        }

        made = await rds.DescribeDBClusterAsync(plan.TargetId, cancellationToken);
        Report(plan.TargetId, plan.Cluster!.Settings is { } wanted ? RdsDifference.Of(wanted, made, plan.Cluster.Tags) : []);
        return (made.Status, Endpoint(plan, made.Host, made.Port, made.Database, made.MasterUser));
    }

    /// <summary>Waits for the cluster, and makes its members; those that are made it takes off the queue.</summary>
    private async Task FillClusterAsync(
        RdsRestorePlan plan, Queue<CreateMemberRequest> missing, DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        try
        {
            await WaitForClusterAsync(plan, startedAt, cancellationToken);
        }
        catch (DbMigrateException e) when (e.Id != "InstanceRestoreFailed" && missing.Count > 0)
        {
            throw new DbMigrateException(e.Id, e.Kind, e.Message, $"{e.NextStep} {MissingMembers(plan, missing)}") { Subject = e.Subject };
        }

        while (missing.TryPeek(out var member))
        {
            try
            {
                await RdsOnce.CreateAsync(
                    () => rds.CreateDBInstanceAsync(member, cancellationToken),
                    () => InstanceAsync(member.InstanceId, cancellationToken),
                    instance => instance.Tags,
                    plan.RunId,
                    observer,
                    $"instance {member.InstanceId} of cluster {plan.TargetId}",
                    Follow(DbSnapshotKind.Instance, member.InstanceId),
                    cancellationToken);
                missing.Dequeue();
            }
            catch (DbMigrateException e)
            {
                // The cluster is there, and without members it is of no use.
                throw new DbMigrateException(
                    e.Id,
                    e.Kind,
                    $"The cluster {plan.TargetId} is restored, but its member {member.InstanceId} could not be made: {e.Message}",
                    $"{e.NextStep} {MissingMembers(plan, missing)}") { Subject = member.InstanceId };
            }
        }
    }

    // AWS makes the cluster to its end, but nobody makes its members.
    private static string MissingMembers(RdsRestorePlan plan, IEnumerable<CreateMemberRequest> missing) =>
        $"{plan.TargetId} lacks members, without which nobody can connect. When it is available: {string.Join("; ", missing.Select(m => m.Command))}";

    private static string Follow(DbSnapshotKind kind, string id) => kind == DbSnapshotKind.Cluster
        ? $"aws rds describe-db-clusters --db-cluster-identifier {id}"
        : $"aws rds describe-db-instances --db-instance-identifier {id}";

    private async Task<RdsInstance> InstanceAsync(string id, CancellationToken cancellationToken) =>
        (await rds.DescribeDBInstancesAsync(id, null, cancellationToken))[0];

    private Task<RdsInstance> WaitForInstanceAsync(RdsRestorePlan plan, string id, DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        var events = new RdsEventLog(rds, observer, DbSnapshotKind.Instance, id, startedAt);
        return Wait(plan, $"instance {id}", Follow(DbSnapshotKind.Instance, id)).UntilAsync(
            async token =>
            {
                var now = await InstanceAsync(id, token);
                await events.ReadAsync(token);
                Refuse(now.Status, id, $"aws rds delete-db-instance --db-instance-identifier {id} --skip-final-snapshot", events.Last);

                // While storage is being optimised the instance is in full use, which takes hours.
                return new RdsLook<RdsInstance>(now, now.Status, now.Percent, now.Status is "available" or "storage-optimization" && now.Host is not null);
            },
            TimesAvailable,
            cancellationToken);
    }

    private Task<RdsCluster> WaitForClusterAsync(RdsRestorePlan plan, DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        var id = plan.TargetId;
        var events = new RdsEventLog(rds, observer, DbSnapshotKind.Cluster, id, startedAt);
        return Wait(plan, $"cluster {id}", Follow(DbSnapshotKind.Cluster, id)).UntilAsync(
            async token =>
            {
                var now = await rds.DescribeDBClusterAsync(id, token);
                await events.ReadAsync(token);
                Refuse(now.Status, id, $"aws rds delete-db-cluster --db-cluster-identifier {id} --skip-final-snapshot", events.Last);
                return new RdsLook<RdsCluster>(now, now.Status, now.Percent, now.Status == "available");
            },
            plan.Members.Count == 0 ? TimesAvailable : 1,
            cancellationToken);
    }

    private RdsWait Wait(RdsRestorePlan plan, string what, string follow) =>
        new(observer, interval, Left(plan), $"{what}, restored from {plan.Source}", follow);

    // Zero would be for ever.
    private TimeSpan Left(RdsRestorePlan plan) => plan.Options.Timeout <= TimeSpan.Zero ? TimeSpan.Zero
        : plan.Options.Timeout > _time.Elapsed ? plan.Options.Timeout - _time.Elapsed : TimeSpan.FromTicks(1);

    private static void Refuse(string status, string id, string delete, string? lastEvent)
    {
        if (s_failed.Contains(status))
        {
            throw new DbMigrateException(
                "InstanceRestoreFailed",
                ErrorKind.InvalidState,
                $"The restored {id} cannot be used: its status is {status}.{(lastEvent is null ? "" : " RDS says: " + lastEvent)}",
                $"See its events in the console. It costs money while it is there; remove it with: {delete}") { Subject = id };
        }
    }

    private void Report(string id, IReadOnlyList<string> differences)
    {
        if (differences.Count > 0)
        {
            observer.Message(MessageLevel.Warning, $"{id} is not as what it was restored from: {string.Join("; ", differences)}.");
        }
    }

    private static RdsEndpoint? Endpoint(RdsRestorePlan plan, string? host, int? port, string? database, string? user) =>
        host is null ? null : new RdsEndpoint(host, port ?? 5432, database, user, plan.SourceHosts);
}
