using System.Text.RegularExpressions;
using DbMigrate.Aws.Rds;
using DbMigrate.Testing;

namespace DbMigrate.Aws.Tests;

/// <summary>Snapshots, on a service whose state changes.</summary>
public sealed class RdsSnapshotsTests : IDisposable
{
    private readonly FakeRds _account = new();
    private readonly RecordingObserver _observer = new();
    private readonly RdsSnapshots _snapshots;

    public RdsSnapshotsTests()
    {
        _account.AddProd();
        _account.AddAurora();
        _snapshots = new RdsSnapshots(FakeAccount.Settings(_account.Server.Url), _observer);
    }

    public void Dispose()
    {
        _snapshots.Dispose();
        _account.Dispose();
    }

    [Theory]
    [InlineData("prod", DbSnapshotKind.Instance, "prod")]
    [InlineData("PROD", DbSnapshotKind.Instance, "prod")]
    [InlineData("ledger", DbSnapshotKind.Cluster, "ledger")]
    [InlineData("ledger-a", DbSnapshotKind.Cluster, "ledger")]
    [InlineData("arn:aws:rds:eu-west-1:123456789012:db:prod", DbSnapshotKind.Instance, "prod")]
    [InlineData("arn:aws:rds:eu-west-1:123456789012:cluster:ledger", DbSnapshotKind.Cluster, "ledger")]
    public async Task Instance_cluster_and_member_are_told_apart(string name, DbSnapshotKind kind, string source)
    {
        var plan = await _snapshots.PlanAsync(name, new RdsSnapshotOptions(), default);

        Assert.Equal((kind, source), (plan.Kind, plan.Source));
        Assert.Matches("^pre-migration-[0-9]{14}$", plan.SnapshotId);
        Assert.DoesNotContain(_account.Server.Requests, r => !r.Action.StartsWith("Describe", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("prod", "prod.x.eu-west-1.rds.amazonaws.com")]
    [InlineData("prod", "PROD.x.eu-west-1.rds.amazonaws.com.")]
    [InlineData("arn:aws:rds:eu-west-1:123456789012:db:prod", "prod.x.eu-west-1.rds.amazonaws.com")]
    [InlineData("ledger", "ledger-a.x.eu-west-1.rds.amazonaws.com:5432, ledger.cluster-x.eu-west-1.rds.amazonaws.com.:5432")]
    [InlineData("ledger", "ledger.cluster-x.eu-west-1.rds.amazonaws.com")]
    [InlineData("ledger", "ledger.cluster-ro-x.eu-west-1.rds.amazonaws.com")]
    [InlineData("ledger", "ledger-reports.cluster-custom-x.eu-west-1.rds.amazonaws.com")]
    [InlineData("ledger", "ledger-a.x.eu-west-1.rds.amazonaws.com")]
    [InlineData("ledger-b", "ledger-a.x.eu-west-1.rds.amazonaws.com")]
    public async Task An_address_of_it_says_that_it_is_the_one(string name, string host)
    {
        await _snapshots.CheckHostAsync(name, host, default);
        Assert.Empty(_observer.Messages);
    }

    [Theory]
    [InlineData("prod", "staging.x.eu-west-1.rds.amazonaws.com", "-InstanceId staging")]
    [InlineData("ledger", "prod.x.eu-west-1.rds.amazonaws.com", "-InstanceId prod")]
    [InlineData("prod", "prod.another.eu-west-1.rds.amazonaws.com", "AWS_PROFILE")]
    [InlineData("ledger", "ledger-a.another.eu-west-1.rds.amazonaws.com", "AWS_PROFILE")]
    [InlineData("prod", "prod.x.us-east-1.rds.amazonaws.com", "give -Region us-east-1, or leave it out.")]
    [InlineData("ledger", "ledger-a.x.us-east-1.rds.amazonaws.com", "give -Region us-east-1, or leave it out.")]
    [InlineData("prod", "staging.x.us-east-1.rds.amazonaws.com", "-InstanceId staging and -Region us-east-1, or leave both out.")]
    [InlineData("ledger", "other.cluster-custom-x.eu-west-1.rds.amazonaws.com", "of that endpoint: aws rds describe-db-cluster-endpoints --region eu-west-1 ")]
    [InlineData("ledger", "other.cluster-custom-x.us-east-1.rds.amazonaws.com", "and -Region us-east-1: aws rds describe-db-cluster-endpoints --region us-east-1 ")]
    public async Task Another_database_is_refused(string name, string host, string nextStep)
    {
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => _snapshots.CheckHostAsync(name, host, default));
        Assert.Equal("SnapshotOfAnother", error.Id);
        Assert.Matches($"^{Regex.Escape(host)} is not the (instance|cluster) {name} in eu-west-1, which listens at {name}", error.Message);
        Assert.Contains(nextStep, error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ARN_has_its_region_itself()
    {
        var error = await Assert.ThrowsAsync<DbMigrateException>(
            () => _snapshots.CheckHostAsync("arn:aws:rds:eu-west-1:123456789012:db:prod", "prod.x.us-east-1.rds.amazonaws.com", default));
        Assert.Equal("Give -InstanceId prod, or leave it out.", error.NextStep);
    }

    [Theory]
    [InlineData("prod.x.eu-west-1.rds.amazonaws.com:5432,staging.x.eu-west-1.rds.amazonaws.com:5432")]
    [InlineData("staging.x.eu-west-1.rds.amazonaws.com:5432,prod.x.eu-west-1.rds.amazonaws.com:5432")]
    [InlineData("db1:5432,staging.x.eu-west-1.rds.amazonaws.com:5432")]
    public async Task Another_database_among_several_hosts_is_refused(string host)
    {
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => _snapshots.CheckHostAsync("prod", host, default));
        Assert.Equal("SnapshotOfAnother", error.Id);
        Assert.StartsWith("staging.x.eu-west-1.rds.amazonaws.com:5432 is not the instance prod in eu-west-1, which", error.Message, StringComparison.Ordinal);
        Assert.StartsWith("Connect to addresses of prod only; ", error.NextStep, StringComparison.Ordinal);
        Assert.Empty(_observer.Messages);
    }

    [Theory]
    [InlineData("prod.x.eu-west-1.rds.amazonaws.com:6432,db1:5432", "db1:5432")]
    [InlineData("db1:5432,prod.x.eu-west-1.rds.amazonaws.com:6432,db2:5432", "db1:5432, db2:5432")]
    public async Task Where_only_some_hosts_are_known_a_warning_names_the_others(string host, string unknown)
    {
        await _snapshots.CheckHostAsync("prod", host, default);
        Assert.Contains($"whether {unknown} leads to the instance prod in RDS", Assert.Single(_observer.Texts(MessageLevel.Warning)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("db.example.com")]
    [InlineData("localhost")]
    [InlineData("shop.proxy-x.eu-west-1.rds.amazonaws.com")]
    public async Task What_leads_there_another_way_is_a_warning_that_names_both(string host)
    {
        await _snapshots.CheckHostAsync("prod", host, default);
        var (level, text) = Assert.Single(_observer.Messages);
        Assert.Equal(MessageLevel.Warning, level);
        Assert.Contains($"whether {host} leads to the instance prod in RDS", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_taken_waited_for_and_carries_who_why_and_until_when()
    {
        var until = new DateTimeOffset(2027, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var options = new RdsSnapshotOptions { SnapshotId = "Before-42", Reason = "ticket 42, \"prices\"", RunId = "run1", KeepUntil = until };
        var plan = await _snapshots.PlanAsync("prod", options, default);
        Assert.Contains("\n  DBSnapshotIdentifier=before-42\n  DBInstanceIdentifier=prod\n", plan.ToString(), StringComparison.Ordinal);

        var taken = await _snapshots.WaitAsync(await _snapshots.CreateAsync(plan, default), TimeSpan.FromMinutes(1), default);

        Assert.Equal(("before-42", "prod", "available", 100L << 30), (taken.Id, taken.Source, taken.Status, taken.Size));
        Assert.True(taken.IsOurs && !taken.IsAutomated);
        Assert.Equal(until, taken.KeepUntil);
        Assert.Equal(("run1", "ticket 42_ _prices_"), (taken.Tags["dbmigrate:run-id"], taken.Tags["dbmigrate:reason"]));
        Assert.Contains(_observer.ProgressReports, p => p.Percent == 40 && p.Status.StartsWith("creating, 40 %, about ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cluster_is_saved_as_such()
    {
        var plan = await _snapshots.PlanAsync("ledger-a", new RdsSnapshotOptions { SnapshotId = "c1" }, default);
        var taken = await _snapshots.WaitAsync(await _snapshots.CreateAsync(plan, default), TimeSpan.FromMinutes(1), default);

        Assert.Equal((DbSnapshotKind.Cluster, "ledger"), (taken.Kind, taken.Source));
        Assert.Empty(_account.Server.Of("CreateDBSnapshot"));
    }

    [Fact]
    public async Task A_lost_reply_is_settled_by_the_runs_tag()
    {
        var plan = await _snapshots.PlanAsync("prod", new RdsSnapshotOptions { SnapshotId = "s1" }, default);
        _account.Lose("CreateDBSnapshot", FakeReply.Cut);

        Assert.Equal("s1", (await _snapshots.CreateAsync(plan, default)).Id);
        Assert.Equal(2, _account.Server.Of("CreateDBSnapshot").Count);

        // Another run's is not ours.
        var other = await _snapshots.PlanAsync("prod", new RdsSnapshotOptions { SnapshotId = "s1" }, default);
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => _snapshots.CreateAsync(other, default));
        Assert.Equal(("SnapshotExists", ErrorKind.Exists), (error.Id, error.Kind));
        Assert.Contains("s1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("failed")]
    [InlineData("incompatible-restore")]
    [InlineData("deleting")]
    public async Task A_state_that_never_gets_good_ends_the_wait(string state)
    {
        _account.SnapshotStates = ["creating:0", state];
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => TakeAsync("s1"));
        Assert.Equal("SnapshotFailed", error.Id);
        Assert.Contains(state, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snapshot_without_size_is_no_way_back()
    {
        _account.Add("DBSnapshot", "empty", ("DBInstanceIdentifier", "prod"), ("Status", "available"), ("AllocatedStorage", "0"), ("SnapshotType", "manual"));
        var error = await Assert.ThrowsAsync<DbMigrateException>(
            async () => await _snapshots.WaitAsync(await _snapshots.FindAsync("empty", default), TimeSpan.FromMinutes(1), default));
        Assert.Equal("SnapshotFailed", error.Id);
    }

    [Fact]
    public async Task The_time_limit_says_that_AWS_goes_on_and_how_to_follow()
    {
        _account.SnapshotStates = ["creating:1"];
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => TakeAsync("s1", TimeSpan.FromMilliseconds(200)));
        Assert.Equal(("AwsWaitTimeout", ErrorKind.Timeout), (error.Id, error.Kind));
        Assert.Contains("AWS goes on", error.Message, StringComparison.Ordinal);
        Assert.Contains("aws rds describe-db-snapshots --db-snapshot-identifier s1", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancel_leaves_it_going_and_says_how_to_follow()
    {
        _account.SnapshotStates = ["creating:1"];
        using var cancel = new CancellationTokenSource();
        var taking = TakeAsync("s1", cancellationToken: cancel.Token);
        await Eventually.IsTrueAsync(() => _account.Server.Of("DescribeDBSnapshots").Count >= 3, taking);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taking);
        Assert.Contains("--db-snapshot-identifier s1", Assert.Single(_observer.Texts(MessageLevel.Warning)), StringComparison.Ordinal);
        Assert.True(_account.Has("DBSnapshot", "s1"));
        Assert.Empty(_account.Server.Of("DeleteDBSnapshot"));
    }

    [Fact]
    public async Task Credentials_that_expire_on_the_way_end_the_wait_with_a_way_on()
    {
        _account.Fail("DescribeDBSnapshots", FakeReply.Error("ExpiredToken", 403, "The security token included in the request is expired"));
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => TakeAsync("s1"));
        Assert.Equal(("AwsTokenExpired", ErrorKind.Authentication), (error.Id, error.Kind));
        Assert.Contains("AWS goes on with snapshot s1", error.Message, StringComparison.Ordinal);
        Assert.Contains("aws sso login", error.NextStep, StringComparison.Ordinal);
        Assert.Contains("describe-db-snapshots", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_outlives_throttling_a_broken_reply_and_a_thing_that_is_not_seen_yet()
    {
        _account.Fail("DescribeDBSnapshots", FakeReply.Error("DBSnapshotNotFound", 404));
        _account.Fail("DescribeDBSnapshots", new FakeReply(200, "<html>hello"));
        _account.Fail("DescribeDBSnapshots", FakeReply.Error("Throttling", 400, "Rate exceeded"), 3);
        Assert.Equal("available", (await TakeAsync("s1")).Status);
        Assert.Contains(_observer.Texts(MessageLevel.Verbose), t => t.Contains("no more requests", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_snapshot_that_is_gone_ends_the_wait()
    {
        var plan = await _snapshots.PlanAsync("prod", new RdsSnapshotOptions { SnapshotId = "s1" }, default);
        var snapshot = await _snapshots.CreateAsync(plan, default);
        _account.Fail("DescribeDBSnapshots", FakeReply.Error("DBSnapshotNotFound", 404), 100);
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => _snapshots.WaitAsync(snapshot, TimeSpan.FromMinutes(1), default));
        Assert.Equal("SnapshotNotFound", error.Id);
    }

    [Theory]
    [InlineData("InvalidDBInstanceState", "InvalidInstanceState")]
    [InlineData("SnapshotQuotaExceeded", "SnapshotQuotaExceeded")]
    [InlineData("AccessDenied", "AwsAccessDenied")]
    [InlineData("InvalidParameterValue", "AwsRefused")]
    public async Task What_RDS_refuses_has_an_id_and_names_the_thing(string code, string id)
    {
        var plan = await _snapshots.PlanAsync("prod", new RdsSnapshotOptions { SnapshotId = "s1" }, default);
        _account.Fail("CreateDBSnapshot", FakeReply.Error(code, 400, "because of me"));
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => _snapshots.CreateAsync(plan, default));
        Assert.Equal(id, error.Id);
        Assert.Contains("because of me", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_pages_are_listed_the_newest_first()
    {
        for (var i = 0; i < 45; i++)
        {
            _account.Add(
                "DBSnapshot",
                $"rds:prod-{i:00}",
                ("DBInstanceIdentifier", "prod"), ("Status", "available"), ("SnapshotType", "automated"), ("SnapshotCreateTime", $"2026-11-01T00:00:{i:00}Z"));
        }

        _account.Add("DBClusterSnapshot", "c1", ("DBClusterIdentifier", "ledger"), ("Status", "available"), ("SnapshotType", "manual"), ("SnapshotCreateTime", "2026-12-01T00:00:00Z"));
        _account.Add("DBSnapshot", "old", ("DBInstanceIdentifier", "gone"), ("Status", "available"), ("SnapshotType", "manual"), ("SnapshotCreateTime", "2020-12-01T00:00:00Z"));

        var all = await _snapshots.ListAsync(null, default);
        Assert.Equal(47, all.Count);
        Assert.Equal(["c1", "rds:prod-44", "rds:prod-43"], all.Take(3).Select(s => s.Id));
        Assert.Equal("old", all[^1].Id);
        Assert.All(all.Where(s => s.Source == "prod"), s => Assert.True(s.IsAutomated && !s.IsOurs));
        Assert.Equal("eu-west-1", all[0].Region);

        Assert.Equal(45, (await _snapshots.ListAsync("prod", default)).Count);
        Assert.Equal("c1", Assert.Single(await _snapshots.ListAsync("ledger-b", default)).Id);
        Assert.Equal("old", Assert.Single(await _snapshots.ListAsync("gone", default)).Id);
        Assert.Equal("automated", await TypeOf("rds:prod-01"));
    }

    [Fact]
    public async Task Only_ours_and_only_in_time_are_removed()
    {
        _account.Add("DBSnapshot", "theirs", ("DBInstanceIdentifier", "prod"), ("Status", "available"), ("SnapshotType", "manual"));
        _account.Add("DBSnapshot", "rds:auto", ("DBInstanceIdentifier", "prod"), ("Status", "available"), ("SnapshotType", "automated"));
        var kept = await TakeAsync("kept", options: new RdsSnapshotOptions { KeepUntil = DateTimeOffset.UtcNow.AddDays(1) });
        var ours = await TakeAsync("ours");

        Assert.Equal("SnapshotNotOurs", await RemoveAsync("theirs"));
        Assert.Equal("SnapshotIsAutomated", await RemoveAsync("rds:auto", force: true));
        Assert.Equal("SnapshotKept", await RemoveAsync("kept"));

        // What was piped in may be old news.
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => _snapshots.RemoveAsync(kept with { KeepUntil = null }, force: false, default));
        Assert.Equal("SnapshotKept", error.Id);
        Assert.Empty(_account.Server.Of("DeleteDBSnapshot"));

        Assert.Equal("", await RemoveAsync("ours"));
        Assert.Equal("", await RemoveAsync("theirs", force: true));
        Assert.Equal("", await RemoveAsync("kept", force: true));
        Assert.False(_account.Has("DBSnapshot", ours.Id));
        Assert.Equal("SnapshotNotFound", (await Assert.ThrowsAsync<DbMigrateException>(() => _snapshots.RemoveAsync(ours, force: false, default))).Id);
    }

    [Theory]
    [InlineData("arn:aws:rds:eu-west-1:999999999999:db:prod", "InstanceNotFound")]
    [InlineData("arn:aws:rds:eu-west-1:999999999999:cluster:ledger", "InstanceNotFound")]
    [InlineData("arn:aws:rds:us-east-1:123456789012:db:prod", "AwsRegionMismatch")]
    [InlineData("arn:aws:rds:us-east-1:123456789012:cluster:ledger", "AwsRegionMismatch")]
    public async Task An_ARN_of_another_account_or_region_is_not_ours_of_the_same_name(string arn, string id)
    {
        await TakeAsync("s1");
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => _snapshots.PlanAsync(arn, new RdsSnapshotOptions(), default));
        Assert.Equal(id, error.Id);
        Assert.Contains(arn, error.Message, StringComparison.Ordinal);
        if (id == "InstanceNotFound")
        {
            Assert.Empty(await _snapshots.ListAsync(arn, default));
        }
    }

    [Fact]
    public async Task Snapshots_of_an_ARN_are_listed_when_it_is_gone()
    {
        _account.Add("DBSnapshot", "old", ("DBInstanceIdentifier", "gone"), ("Status", "available"), ("SnapshotType", "manual"));
        Assert.Equal("old", Assert.Single(await _snapshots.ListAsync("arn:aws:rds:eu-west-1:123456789012:db:gone", default)).Id);
    }

    [Theory]
    [InlineData("DBInstance", "DBSnapshot", "DbiResourceId")]
    [InlineData("DBCluster", "DBClusterSnapshot", "DbClusterResourceId")]
    public async Task A_snapshot_of_a_former_one_of_the_same_name_is_listed_and_is_no_way_back(string kind, string snapshot, string resource)
    {
        _account.Add(kind, "swapped", ("Status", "available"), ("DBInstanceStatus", "available"), (resource, "res-NEW"));
        Add("former", 3, (resource, "res-OLD"));
        Add("its", 2, (resource, "res-NEW"));
        Add("unknown", 1);

        Assert.Equal(["former", "its", "unknown"], (await _snapshots.ListAsync("swapped", default)).Select(s => s.Id));
        Assert.Empty(_observer.Messages);
        Assert.Equal(["its", "unknown"], (await _snapshots.ListOfPresentAsync("swapped", default)).Select(s => s.Id));
        Assert.Matches("snapshot former is of a former (instance|cluster) of the name swapped .res-OLD; now it is res-NEW.", Assert.Single(_observer.Texts(MessageLevel.Warning)));

        // A former one that is not the newest changes nothing, and nobody has to be told.
        Add("newest", 4, (resource, "res-NEW"));
        Assert.Equal(["newest", "its", "unknown"], (await _snapshots.ListOfPresentAsync("swapped", default)).Select(s => s.Id));
        Assert.Single(_observer.Messages);

        void Add(string id, int day, params (string Name, string Value)[] more) => _account.Add(
            snapshot, id, [(kind + "Identifier", "swapped"), ("Status", "available"), ("SnapshotCreateTime", $"2026-11-0{day}T00:00:00Z"), .. more]);
    }

    [Fact]
    public async Task Of_what_is_gone_the_name_decides()
    {
        _account.Add("DBSnapshot", "old", ("DBInstanceIdentifier", "gone"), ("Status", "available"), ("DbiResourceId", "db-OLD"));
        Assert.Equal("old", Assert.Single(await _snapshots.ListOfPresentAsync("gone", default)).Id);
        Assert.Empty(_observer.Messages);
    }

    [Fact]
    public async Task A_copy_is_as_old_as_what_it_was_made_of()
    {
        _account.Add(
            "DBSnapshot",
            "copy",
            ("DBInstanceIdentifier", "prod"), ("Status", "available"), ("SnapshotCreateTime", "2026-11-01T00:00:00Z"), ("OriginalSnapshotCreateTime", "2020-01-01T00:00:00Z"));
        _account.Add(
            "DBClusterSnapshot",
            "c-copy",
            ("DBClusterIdentifier", "ledger"), ("Status", "available"), ("SnapshotCreateTime", "2026-11-01T00:00:00Z"),
            ("SourceDBClusterSnapshotArn", "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:c"));

        var all = await _snapshots.ListAsync(null, default);
        Assert.Equal(
            [("copy", new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero)), ("c-copy", default(DateTimeOffset?))],
            all.Select(s => (s.Id, s.CreatedAt)));
    }

    [Fact]
    public async Task What_is_to_be_kept_until_nobody_knows_when_is_kept()
    {
        var taken = await TakeAsync("s1", options: new RdsSnapshotOptions { Tags = new Dictionary<string, string> { ["team"] = "shop" } });
        _account.Add(
            "DBSnapshot",
            "forever",
            ("DBInstanceIdentifier", "prod"), ("Status", "available"), ("SnapshotType", "manual"), ("Tags.Tag.1.Key", "dbmigrate:keep-until"),
            ("Tags.Tag.1.Value", "the audit"), ("Tags.Tag.2.Key", "dbmigrate:created-by"), ("Tags.Tag.2.Value", "me"));
        Assert.Null(taken.KeepUntil);
        Assert.Equal("SnapshotKept", await RemoveAsync("forever"));
        Assert.Equal("", await RemoveAsync("forever", force: true));
    }

    [Fact]
    public async Task A_snapshot_is_restored_with_its_sources_settings()
    {
        var taken = await TakeAsync("s1");
        var plan = await _snapshots.PlanRestoreAsync(taken, new RdsRestoreOptions { TargetId = "back", Wait = true }, default);
        var result = await _snapshots.RestoreAsync(plan, _ => null, default);

        Assert.Equal(("back", "s1", "available"), (result.Id, result.Source, result.Status));
        var request = Assert.Single(_account.Server.Of("RestoreDBInstanceFromDBSnapshot"));
        Assert.Equal(("s1", "private", "tuned"), (request["DBSnapshotIdentifier"], request["DBSubnetGroupName"], request["DBParameterGroupName"]));
        Assert.Empty(_observer.Texts(MessageLevel.Warning));
    }

    [Fact]
    public async Task A_snapshot_of_what_is_gone_is_restored_with_a_warning()
    {
        _account.Add("DBSnapshot", "old", ("DBInstanceIdentifier", "gone"), ("Status", "available"), ("SnapshotType", "manual"));
        var plan = await _snapshots.PlanRestoreAsync(await _snapshots.FindAsync("old", default), new RdsRestoreOptions { TargetId = "back" }, default);
        Assert.Empty(plan.SourceHosts);
        Assert.Contains("default subnet group", Assert.Single(_observer.Texts(MessageLevel.Warning)), StringComparison.Ordinal);
        await _snapshots.RestoreAsync(plan, _ => null, default);
        Assert.Null(Assert.Single(_account.Server.Of("RestoreDBInstanceFromDBSnapshot"))["MultiAZ"]);
    }

    [Fact]
    public async Task A_snapshot_of_a_Multi_AZ_cluster_that_is_gone_is_restored_as_one()
    {
        _account.Add("DBClusterSnapshot", "old", ("DBClusterIdentifier", "gone"), ("Status", "available"), ("Engine", "postgres"));
        var snapshot = await _snapshots.FindAsync("old", default);
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => _snapshots.PlanRestoreAsync(snapshot, new RdsRestoreOptions { TargetId = "back" }, default));
        Assert.Equal("InstanceClassMissing", error.Id);

        var options = new RdsRestoreOptions { TargetId = "back", InstanceClass = "db.m6gd.large" };
        await _snapshots.RestoreAsync(await _snapshots.PlanRestoreAsync(snapshot, options, default), _ => null, default);
        var request = Assert.Single(_account.Server.Of("RestoreDBClusterFromSnapshot"));
        Assert.Equal(("postgres", "db.m6gd.large"), (request["Engine"], request["DBClusterInstanceClass"]));
        Assert.Empty(_account.Server.Of("CreateDBInstance"));
    }

    [Fact]
    public async Task A_snapshot_whose_source_is_now_of_the_other_kind_is_restored_with_a_warning()
    {
        _account.Add("DBClusterSnapshot", "old", ("DBClusterIdentifier", "prod"), ("Status", "available"), ("Engine", "aurora-postgresql"));
        var options = new RdsRestoreOptions { TargetId = "back", InstanceClass = "db.r6g.large" };
        var plan = await _snapshots.PlanRestoreAsync(await _snapshots.FindAsync("old", default), options, default);
        Assert.Contains("default subnet group", Assert.Single(_observer.Texts(MessageLevel.Warning)), StringComparison.Ordinal);
        Assert.DoesNotContain("private", plan.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1st")]
    [InlineData("a--b")]
    [InlineData("a-")]
    [InlineData("a_b")]
    [InlineData("")]
    public async Task Names_that_RDS_refuses_are_refused_before_anything_is_sent(string name)
    {
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => _snapshots.PlanAsync("prod", new RdsSnapshotOptions { SnapshotId = name }, default));
        Assert.Equal("InvalidSnapshotName", error.Id);
        Assert.Equal("InvalidInstanceName", (await Assert.ThrowsAsync<DbMigrateException>(() => _snapshots.PlanAsync(name, new RdsSnapshotOptions(), default))).Id);
    }

    [Fact]
    public async Task A_clusters_snapshot_has_a_shorter_name()
    {
        var name = new string('a', 64);
        Assert.Equal(name, (await _snapshots.PlanAsync("prod", new RdsSnapshotOptions { SnapshotId = name }, default)).SnapshotId);
        Assert.Equal("InvalidSnapshotName", (await Assert.ThrowsAsync<DbMigrateException>(() => _snapshots.PlanAsync("ledger", new RdsSnapshotOptions { SnapshotId = name }, default))).Id);
    }

    private async Task<string?> TypeOf(string id)
    {
        await _snapshots.FindAsync(id, default);
        return _account.Server.Of("DescribeDBSnapshots")[^1]["SnapshotType"];
    }

    private async Task<DbSnapshot> TakeAsync(string name, TimeSpan? limit = null, RdsSnapshotOptions? options = null, CancellationToken cancellationToken = default)
    {
        var plan = await _snapshots.PlanAsync("prod", (options ?? new RdsSnapshotOptions()) with { SnapshotId = name }, cancellationToken);
        return await _snapshots.WaitAsync(await _snapshots.CreateAsync(plan, cancellationToken), limit ?? TimeSpan.FromMinutes(1), cancellationToken);
    }

    private async Task<string> RemoveAsync(string id, bool force = false)
    {
        try
        {
            await _snapshots.RemoveAsync(await _snapshots.FindAsync(id, default), force, default);
            return "";
        }
        catch (DbMigrateException e)
        {
            return e.Id;
        }
    }
}
