using DbMigrate.Aws.Rds;
using DbMigrate.Testing;

namespace DbMigrate.Aws.Tests;

/// <summary>Point-in-time restore, on a service whose state changes and that takes its defaults for what it is not told.</summary>
public sealed class RdsPointInTimeTests : IDisposable
{
    private readonly FakeRds _account = new();
    private readonly RecordingObserver _observer = new();
    private readonly RdsPointInTime _restore;

    public RdsPointInTimeTests()
    {
        _account.AddProd();
        _account.AddAurora();
        _restore = new RdsPointInTime(FakeAccount.Settings(_account.Server.Url), _observer);
    }

    public void Dispose()
    {
        _restore.Dispose();
        _account.Dispose();
    }

    [Fact]
    public async Task The_plan_is_the_exact_request_and_writes_nothing()
    {
        var time = DateTimeOffset.UtcNow.AddHours(-1);
        var plan = await _restore.PlanAsync("prod", time.ToOffset(TimeSpan.FromHours(2)).AddTicks(1), new RdsRestoreOptions { TargetId = "Back" }, default);

        var lines = plan.ToString().Split('\n');
        Assert.Equal("RestoreDBInstanceToPointInTime", lines[0]);
        string[] expected =
        [
            "SourceDBInstanceIdentifier=prod", "TargetDBInstanceIdentifier=back", $"RestoreTime={time.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}", "DBInstanceClass=db.m6g.large",
            "Port=6432", "DBSubnetGroupName=private", "VpcSecurityGroupIds.VpcSecurityGroupId.1=sg-1", "VpcSecurityGroupIds.VpcSecurityGroupId.2=sg-2",
            "DBParameterGroupName=tuned", "OptionGroupName=audit", "MultiAZ=true", "PubliclyAccessible=false", "StorageType=gp3", "AutoMinorVersionUpgrade=false",
            "CopyTagsToSnapshot=true", "EnableIAMDatabaseAuthentication=true", "DeletionProtection=true", "BackupRetentionPeriod=7", "Tags.Tag.1.Key=team",
            "Tags.Tag.1.Value=shop & co",
        ];
        Assert.Equal(expected, lines.Skip(1).Select(l => l.Trim()).Take(expected.Length));

        // A small gp3 volume has a fixed performance, and AWS's own tags are not ours to write.
        Assert.DoesNotContain(lines, l => l.Contains("Iops", StringComparison.Ordinal) || l.Contains("aws:cloudformation", StringComparison.Ordinal));
        Assert.All(_account.Server.Requests, r => Assert.StartsWith("Describe", r.Action, StringComparison.Ordinal));

        // What is sent is what was shown.
        await _restore.RunAsync(plan, _ => null, default);
        var sent = Assert.Single(_account.Server.Of("RestoreDBInstanceToPointInTime"));
        Assert.Equal(lines.Skip(1).Select(l => l.Trim()), sent.Query.Skip(2).Select(p => $"{p.Key}={p.Value}"));
    }

    [Fact]
    public async Task An_instance_comes_back_with_its_settings_and_its_address()
    {
        _account.Events.Add("Restored from DB instance prod &amp; more");
        _account.InstanceStates = ["creating:10", "creating:60", "available", "backing-up", "available", "available", "storage-optimization"];
        var result = await RunAsync("prod", null, new RdsRestoreOptions { TargetId = "back", Wait = true });

        Assert.Equal(("back", "prod", "storage-optimization"), (result.Id, result.Source, result.Status));
        Assert.Equal("back.x.eu-west-1.rds.amazonaws.com:6432/shop as root, before prod.x.eu-west-1.rds.amazonaws.com", _endpoint);
        Assert.Equal("true", Assert.Single(_account.Server.Of("RestoreDBInstanceToPointInTime"))["UseLatestRestorableTime"]);
        Assert.Empty(_observer.Texts(MessageLevel.Warning));

        // Available counts when it has lasted, and an event is told once.
        Assert.Single(_observer.Texts(MessageLevel.Verbose), t => t.EndsWith("back: Restored from DB instance prod & more", StringComparison.Ordinal));
        Assert.Contains(_observer.ProgressReports, p => p.Percent == 60);
        Assert.Equal("backing-up", _observer.ProgressReports.First(p => p.Status.StartsWith("backing-up", StringComparison.Ordinal)).Status.Split(',')[0]);
    }

    [Fact]
    public async Task What_RDS_made_otherwise_is_named()
    {
        var plan = await _restore.PlanAsync("prod", null, new RdsRestoreOptions { TargetId = "back", Wait = true }, default);
        plan = plan with { Instance = plan.Instance! with { Settings = plan.Instance.Settings! with { SecurityGroups = [], ParameterGroup = null, IsMultiAZ = false } } };
        await _restore.RunAsync(plan, _ => null, default);

        // Nothing was asked for, so nothing differs.
        Assert.Empty(_observer.Texts(MessageLevel.Warning));

        var wanted = await _restore.PlanAsync("prod", null, new RdsRestoreOptions { TargetId = "other" }, default);
        var made = plan.Instance!.Settings! with { SecurityGroups = ["sg-default"], ParameterGroup = "default.postgres16", ParameterStatus = "pending-reboot", Tags = new Dictionary<string, string>() };
        var differences = RdsDifference.Of(wanted.Instance!.Settings!, made, new Dictionary<string, string> { ["team"] = "shop" });
        Assert.Equal(
            [
                "parameter group is default.postgres16 instead of tuned", "its parameters count only after a reboot", "security groups are sg-default instead of sg-1, sg-2",
                "Multi-AZ is off instead of on", "the tag team is missing",
            ],
            differences);
    }

    [Fact]
    public async Task Aurora_comes_back_with_its_members_the_writer_first()
    {
        var time = DateTimeOffset.UtcNow.AddHours(-1);
        var result = await RunAsync("ledger-a", time, new RdsRestoreOptions { TargetId = "back", Wait = true });

        Assert.Equal(("back", "ledger", "available"), (result.Id, result.Source, result.Status));

        // Whoever is connected to any of its addresses logs in to the restored one in the same way.
        Assert.Equal(
            "back.cluster-x.eu-west-1.rds.amazonaws.com:5432/ledger as root, before ledger-a.x.eu-west-1.rds.amazonaws.com, ledger-b.x.eu-west-1.rds.amazonaws.com, " +
            "ledger.cluster-x.eu-west-1.rds.amazonaws.com, ledger.cluster-ro-x.eu-west-1.rds.amazonaws.com, ledger-reports.cluster-custom-x.eu-west-1.rds.amazonaws.com",
            _endpoint);
        var cluster = Assert.Single(_account.Server.Of("RestoreDBClusterToPointInTime"));
        Assert.Equal(
            ("ledger", $"{time.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}", "tuned16", "0.5", "16", null),
            (cluster["SourceDBClusterIdentifier"], cluster["RestoreToTime"], cluster["DBClusterParameterGroupName"], cluster["ServerlessV2ScalingConfiguration.MinCapacity"],
                cluster["ServerlessV2ScalingConfiguration.MaxCapacity"], cluster["RestoreTime"]));
        Assert.Equal(
            [("back-1", "back", "aurora-postgresql", "db.r6g.xlarge", "member16", "0"), ("back-2", "back", "aurora-postgresql", "db.r6g.large", "member16", "1")],
            _account.Server.Of("CreateDBInstance").Select(r =>
                (r["DBInstanceIdentifier"]!, r["DBClusterIdentifier"]!, r["Engine"]!, r["DBInstanceClass"]!, r["DBParameterGroupName"]!, r["PromotionTier"]!)));
        Assert.Empty(_observer.Texts(MessageLevel.Warning));
    }

    [Fact]
    public async Task A_member_that_cannot_be_made_says_that_the_cluster_is_there()
    {
        _account.Fail("CreateDBInstance", FakeReply.Error("InstanceQuotaExceeded", 400, "too many"));
        var error = await FailAsync("ledger", null, new RdsRestoreOptions { TargetId = "back" });
        Assert.Equal("InstanceQuotaExceeded", error.Id);
        Assert.Contains("The cluster back is restored, but its member back-1 could not be made", error.Message, StringComparison.Ordinal);
        Assert.Contains("aws rds create-db-instance --db-cluster-identifier back --db-instance-identifier back-1", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_window_is_checked_before_anything_is_asked()
    {
        Assert.Equal("RestoreTimeTooLate", (await FailAsync("prod", DateTimeOffset.UtcNow.AddMinutes(-2))).Id);
        var future = await FailAsync("ledger", DateTimeOffset.UtcNow.AddHours(1));
        Assert.Equal("RestoreTimeTooLate", future.Id);
        Assert.Contains("A time without offset is local", future.NextStep, StringComparison.Ordinal);
        Assert.Equal("RestoreTimeTooEarly", (await FailAsync("prod", DateTimeOffset.UtcNow.AddDays(-8))).Id);

        _account.Latest = null;
        Assert.Equal("PointInTimeRestoreOff", (await FailAsync("prod", DateTimeOffset.UtcNow.AddHours(-1))).Id);
        Assert.Equal("PointInTimeRestoreOff", (await FailAsync("prod", null)).Id);
        _account.Latest = DateTimeOffset.UtcNow;
        _account.Add("DBInstance", "dev", ("DBInstanceStatus", "available"), ("Engine", "postgres"), ("BackupRetentionPeriod", "0"));
        Assert.Contains("retention 0", (await FailAsync("dev", null)).Message, StringComparison.Ordinal);
        Assert.All(_account.Server.Requests, r => Assert.StartsWith("Describe", r.Action, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_window_is_checked_again_after_the_question()
    {
        var plan = await _restore.PlanAsync("prod", DateTimeOffset.UtcNow.AddDays(-6), new RdsRestoreOptions { TargetId = "back" }, default);
        _account.Earliest = DateTimeOffset.UtcNow.AddDays(-5);
        Assert.Equal("RestoreTimeTooEarly", (await Assert.ThrowsAsync<DbMigrateException>(() => _restore.RunAsync(plan, _ => null, default))).Id);
        Assert.Empty(_account.Server.Of("RestoreDBInstanceToPointInTime"));
    }

    [Fact]
    public async Task A_moment_that_the_backups_have_not_reached_is_waited_for_when_that_is_asked()
    {
        var time = DateTimeOffset.UtcNow.AddMinutes(-1);
        var options = new RdsRestoreOptions { TargetId = "back", Wait = true, Timeout = TimeSpan.FromSeconds(30) };
        var plan = await _restore.PlanAsync("prod", time, options, default);
        Assert.Contains("it is waited for", Assert.Single(plan.Remarks), StringComparison.Ordinal);
        var running = _restore.RunAsync(plan, _ => null, default);
        await Eventually.IsTrueAsync(
            () => _observer.ProgressReports.Any(p => p.Activity.StartsWith("Waiting for the backups of prod", StringComparison.Ordinal)), running);

        Assert.Empty(_account.Server.Of("RestoreDBInstanceToPointInTime"));
        _account.Latest = time.AddSeconds(1);
        Assert.Equal("available", (await running).Status);

        // Not for ever, and not for a time that has not come.
        var late = options with { TargetId = "late", Timeout = TimeSpan.FromMilliseconds(50) };
        Assert.Equal("RestoreTimeTooLate", (await FailAsync("prod", DateTimeOffset.UtcNow, late)).Id);
        Assert.Equal("RestoreTimeTooLate", (await FailAsync("prod", DateTimeOffset.UtcNow.AddHours(1), late)).Id);
    }

    [Fact]
    public async Task The_members_of_a_Multi_AZ_cluster_come_by_themselves()
    {
        _account.Add(
            "DBCluster", "multi", ("Status", "available"), ("Engine", "postgres"), ("Port", "5432"), ("DBClusterInstanceClass", "db.m6gd.large"), ("StorageType", "io1"), ("Iops", "3000"));
        var plan = await _restore.PlanAsync("multi", null, new RdsRestoreOptions { TargetId = "back" }, default);
        Assert.Contains("\n  DBClusterInstanceClass=db.m6gd.large\n  Iops=3000\n  PubliclyAccessible=false\n", plan.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("CreateDBInstance", plan.ToString(), StringComparison.Ordinal);
        Assert.Equal("creating", (await _restore.RunAsync(plan, _ => null, default)).Status);
    }

    [Fact]
    public async Task Where_RDS_does_not_tell_the_earliest_time_it_decides_itself()
    {
        _account.Earliest = null;
        _account.Fail("RestoreDBInstanceToPointInTime", FakeReply.Error("InvalidParameterValue", 400, "The specified instance cannot be restored to a time earlier than X"));
        var error = await FailAsync("prod", DateTimeOffset.UtcNow.AddDays(-30), new RdsRestoreOptions { TargetId = "back" });
        Assert.Equal("AwsRefused", error.Id);
        Assert.Contains("earlier than X", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("incompatible-network")]
    [InlineData("incompatible-parameters")]
    [InlineData("failed")]
    [InlineData("storage-full")]
    public async Task A_state_that_never_gets_good_ends_the_wait(string state)
    {
        _account.Events.Add("The subnet group is gone");
        _account.InstanceStates = ["creating", state];
        var error = await FailAsync("prod", null, new RdsRestoreOptions { TargetId = "back", Wait = true });
        Assert.Equal("InstanceRestoreFailed", error.Id);
        Assert.Contains($"its status is {state}. RDS says: The subnet group is gone", error.Message, StringComparison.Ordinal);
        Assert.Contains("delete-db-instance --db-instance-identifier back", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_reply_is_settled_by_the_runs_tag()
    {
        _account.Lose("RestoreDBInstanceToPointInTime", new FakeReply(503, "busy"));
        var result = await RunAsync("prod", null, new RdsRestoreOptions { TargetId = "back", Wait = true });
        Assert.Equal("available", result.Status);
        Assert.Equal(2, _account.Server.Of("RestoreDBInstanceToPointInTime").Count);
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused_before_anything_is_asked()
    {
        Assert.Equal("InstanceExists", (await FailAsync("prod", null, new RdsRestoreOptions { TargetId = "prod" })).Id);
        Assert.Equal("InstanceExists", (await FailAsync("ledger", null, new RdsRestoreOptions { TargetId = "ledger" })).Id);
        Assert.Equal("InvalidInstanceName", (await FailAsync("prod", null, new RdsRestoreOptions { TargetId = "a--b" })).Id);
        Assert.Equal("InstanceNotFound", (await FailAsync("nothing", null)).Id);
        Assert.All(_account.Server.Requests, r => Assert.StartsWith("Describe", r.Action, StringComparison.Ordinal));

        // Somebody may take it between the look and the request.
        var plan = await _restore.PlanAsync("prod", null, new RdsRestoreOptions { TargetId = "back" }, default);
        _account.Add("DBInstance", "back", ("DBInstanceStatus", "available"));
        Assert.Equal("InstanceExists", (await Assert.ThrowsAsync<DbMigrateException>(() => _restore.RunAsync(plan, _ => null, default))).Id);
    }

    [Fact]
    public async Task A_name_is_made_and_fits_however_long_the_sources_is()
    {
        var plan = await _restore.PlanAsync("prod", null, new RdsRestoreOptions(), default);
        Assert.Matches("^prod-restored-[0-9]{14}$", plan.TargetId);
        var made = RdsName.OfRestored(string.Concat(Enumerable.Repeat("abc-", 15)) + "xyz", DbSnapshotKind.Instance, DateTimeOffset.UtcNow);
        Assert.Equal(made, RdsName.Instance(made));
    }

    [Fact]
    public async Task Without_waiting_the_result_has_no_address()
    {
        var result = await RunAsync("prod", null, new RdsRestoreOptions { TargetId = "back" });
        Assert.Equal("creating", result.Status);
        Assert.Null(_endpoint);
        Assert.Single(_account.Server.Of("DescribeDBInstances"), r => r["DBInstanceIdentifier"] == "back");
    }

    [Fact]
    public async Task Cancel_and_the_time_limit_leave_it_going()
    {
        _account.InstanceStates = ["creating"];
        var late = await FailAsync("prod", null, new RdsRestoreOptions { TargetId = "late", Wait = true, Timeout = TimeSpan.FromMilliseconds(100) });
        Assert.Equal("AwsWaitTimeout", late.Id);
        Assert.Contains("--db-instance-identifier late", late.NextStep, StringComparison.Ordinal);

        using var cancel = new CancellationTokenSource();
        var plan = await _restore.PlanAsync("prod", null, new RdsRestoreOptions { TargetId = "back", Wait = true }, default);
        var running = _restore.RunAsync(plan, _ => null, cancel.Token);
        await Eventually.IsTrueAsync(
            () => _observer.ProgressReports.Any(p => p.Activity.StartsWith("Waiting for instance back", StringComparison.Ordinal)), running);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Contains("AWS goes on with instance back", _observer.Texts(MessageLevel.Warning)[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancel_while_the_request_is_under_way_says_that_it_may_be_there()
    {
        using var cancel = new CancellationTokenSource();
        var making = RdsOnce.CreateAsync<string>(
            async () =>
            {
                await Task.Delay(Timeout.Infinite, cancel.Token);
                return "";
            },
            () => Task.FromResult(""),
            _ => new Dictionary<string, string>(),
            "run1",
            _observer,
            "instance back",
            "aws look back",
            cancel.Token);
        Assert.Empty(_observer.Texts(MessageLevel.Warning));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => making);
        var warning = Assert.Single(_observer.Texts(MessageLevel.Warning));
        Assert.Contains("instance back", warning, StringComparison.Ordinal);
        Assert.Contains("aws look back", warning, StringComparison.Ordinal);

        // Before it was sent there is nothing to look for.
        var plan = await _restore.PlanAsync("prod", null, new RdsRestoreOptions { TargetId = "never" }, default);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _restore.RunAsync(plan, _ => null, cancel.Token));
        Assert.Single(_observer.Texts(MessageLevel.Warning));
    }

    [Fact]
    public async Task A_cluster_that_is_not_waited_for_to_the_end_says_how_its_members_are_made()
    {
        const string Second = "aws rds create-db-instance --db-cluster-identifier back --db-instance-identifier back-2 --engine aurora-postgresql " +
            "--db-instance-class db.r6g.large --db-parameter-group-name member16 --promotion-tier 1 --no-publicly-accessible --auto-minor-version-upgrade";
        _account.ClusterStates = ["creating"];
        var late = await FailAsync("ledger", null, new RdsRestoreOptions { TargetId = "late", Wait = true, Timeout = TimeSpan.FromMilliseconds(100) });
        Assert.Equal("AwsWaitTimeout", late.Id);
        Assert.Contains(Second.Replace("back", "late", StringComparison.Ordinal), late.NextStep, StringComparison.Ordinal);
        Assert.Contains("--db-instance-identifier late-1", late.NextStep, StringComparison.Ordinal);

        using var cancel = new CancellationTokenSource();
        var plan = await _restore.PlanAsync("ledger", null, new RdsRestoreOptions { TargetId = "back" }, default);
        var running = _restore.RunAsync(plan, _ => null, cancel.Token);
        await Eventually.IsTrueAsync(
            () => _observer.ProgressReports.Any(p => p.Activity.StartsWith("Waiting for cluster back", StringComparison.Ordinal)), running);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Contains(Second, _observer.Texts(MessageLevel.Warning)[^1], StringComparison.Ordinal);
        Assert.Empty(_account.Server.Of("CreateDBInstance"));
    }

    [Fact]
    public async Task The_names_of_a_long_clusters_members_fit()
    {
        var cluster = new string('a', 45);
        _account.Add("DBCluster", cluster, ("Status", "available"), ("Engine", "aurora-postgresql"));
        for (var i = 0; i < 16; i++)
        {
            _account.Add(
                "DBInstance", $"m{i}", ("DBInstanceStatus", "available"), ("Engine", "aurora-postgresql"), ("DBClusterIdentifier", cluster), ("DBInstanceClass", "db.r6g.large"));
        }

        var plan = await _restore.PlanAsync(cluster, null, new RdsRestoreOptions(), default);
        Assert.Equal(RdsName.MaxLength, plan.Members[^1].InstanceId.Length);
        Assert.EndsWith("-16", plan.Members[^1].InstanceId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_members_name_that_is_taken_is_refused_before_the_cluster_is_restored()
    {
        _account.Add("DBInstance", "back-2", ("DBInstanceStatus", "available"));
        var error = await FailAsync("ledger", null, new RdsRestoreOptions { TargetId = "back" });
        Assert.Equal("InstanceExists", error.Id);
        Assert.Contains("'back-2'", error.Message, StringComparison.Ordinal);
        Assert.Empty(_account.Server.Of("RestoreDBClusterToPointInTime"));
    }

    [Fact]
    public async Task The_wait_for_the_backups_outlives_throttling()
    {
        var plan = await _restore.PlanAsync(
            "prod", DateTimeOffset.UtcNow.AddMinutes(-10), new RdsRestoreOptions { TargetId = "back", Wait = true, Timeout = TimeSpan.FromMinutes(1) }, default);
        _account.Fail("DescribeDBInstances", FakeReply.Error("Throttling", 400, "Rate exceeded"), 3);
        Assert.Equal("available", (await _restore.RunAsync(plan, _ => null, default)).Status);
        Assert.Contains(_observer.Texts(MessageLevel.Verbose), t => t.Contains("Looking again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_class_is_taken_everywhere()
    {
        Assert.Contains("DBInstanceClass=db.t4g.micro", (await _restore.PlanAsync("prod", null, new RdsRestoreOptions { InstanceClass = "db.t4g.micro" }, default)).ToString(), StringComparison.Ordinal);
        var aurora = await _restore.PlanAsync("ledger", null, new RdsRestoreOptions { InstanceClass = "db.t4g.large" }, default);
        Assert.Equal(2, aurora.ToString().Split("DBInstanceClass=db.t4g.large").Length - 1);
        Assert.DoesNotContain("r6g", aurora.ToString(), StringComparison.Ordinal);
    }

    private string? _endpoint;

    private async Task<RestoreResult> RunAsync(string source, DateTimeOffset? time, RdsRestoreOptions options)
    {
        var plan = await _restore.PlanAsync(source, time, options, default);
        return await _restore.RunAsync(
            plan,
            e =>
            {
                _endpoint = $"{e.Host}:{e.Port}/{e.Database} as {e.User}, before {string.Join(", ", e.SourceHosts)}";
                return null;
            },
            default);
    }

    private Task<DbMigrateException> FailAsync(string source, DateTimeOffset? time, RdsRestoreOptions? options = null) =>
        Assert.ThrowsAsync<DbMigrateException>(() => RunAsync(source, time, options ?? new RdsRestoreOptions()));
}
