using System.Management.Automation;
using System.Text.Json;
using DbMigrate.Aws.Tests;
using DbMigrate.Commands;
using DbMigrate.Testing;

namespace DbMigrate.PowerShell.Tests;

/// <summary>The cmdlets that talk to AWS, with the real client on a service of the tests' own.</summary>
public sealed class AwsCommandTests : IDisposable
{
    private readonly FakeRds _account = new();

    static AwsCommandTests()
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "AKIDTEST");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "secret");
        Environment.SetEnvironmentVariable("AWS_EC2_METADATA_DISABLED", "true");
    }

    public AwsCommandTests()
    {
        CommandRun.NewSession();
        _account.AddProd();
    }

    public void Dispose() => _account.Dispose();

    [Fact]
    public void What_if_asks_with_the_exact_request_and_makes_nothing()
    {
        var time = DateTimeOffset.UtcNow.AddHours(-1);
        var cmdlet = Restore("back");
        cmdlet.RestoreTime = time.ToOffset(TimeSpan.FromHours(2));
        var runtime = cmdlet.Run(new RecordingRuntime { WhatIf = true });

        var question = Assert.Single(runtime.Questions);
        Assert.StartsWith($"Restoring prod as it was at {time.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z (", question, StringComparison.Ordinal);
        Assert.Contains(" +02:00) to the new back with\nRestoreDBInstanceToPointInTime\n", question, StringComparison.Ordinal);
        Assert.Contains($"\n  RestoreTime={time.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}\n", question, StringComparison.Ordinal);
        Assert.Contains("\n  DBSubnetGroupName=private\n", question, StringComparison.Ordinal);
        Assert.Empty(runtime.Output);
        Assert.False(_account.Has("DBInstance", "back"));
    }

    [Fact]
    public void It_is_restored_after_a_yes()
    {
        var cmdlet = Restore("back");
        cmdlet.Latest = true;
        cmdlet.InstanceClass = "db.t4g.micro";
        cmdlet.Reason = "drill";
        var result = Assert.IsType<RestoreResult>(Assert.Single(cmdlet.Run().Output));

        Assert.Equal(("back", "prod", "creating"), (result.Id, result.Source, result.Status));
        Assert.Null(result.Target);
        var sent = Assert.Single(_account.Server.Of("RestoreDBInstanceToPointInTime"));
        Assert.Equal(("true", "db.t4g.micro"), (sent["UseLatestRestorableTime"], sent["DBInstanceClass"]));
        Assert.Contains("drill", sent.Query.Values);
    }

    [Fact]
    public void What_is_waited_for_comes_with_the_login_of_the_session()
    {
        new ConnectDbTargetCommand { DatabaseUrl = "postgres://app:secret@prod.x.eu-west-1.rds.amazonaws.com:6432/shop", NoTest = true }.Run();
        _account.InstanceStates = ["available"];
        var cmdlet = Restore("back");
        cmdlet.Latest = true;
        cmdlet.Wait = true;
        var runtime = cmdlet.Run();

        var result = Assert.IsType<RestoreResult>(Assert.Single(runtime.Output));
        Assert.Equal("app@back.x.eu-west-1.rds.amazonaws.com:6432/shop", result.Target!.ToString());
        Assert.Same(result.Target, new TargetTransformationAttribute().Transform(null!, result));
        Assert.Contains("has no address yet", Assert.Throws<ArgumentTransformationMetadataException>(
            () => new TargetTransformationAttribute().Transform(null!, result with { Target = null })).Message, StringComparison.Ordinal);
        Assert.Empty(runtime.Warnings);
    }

    /// <summary>A login by IAM goes along, that of the target before the session's: what comes out connects with TLS and a token, which nobody can look at but the server.</summary>
    [Fact]
    public void What_is_restored_is_logged_in_to_with_a_token_where_the_source_is()
    {
        var connect = new ConnectDbTargetCommand { HostName = "prod.x.eu-west-1.rds.amazonaws.com", Port = 6432, Database = "shop", UserName = "app", Iam = true, NoTest = true };
        var source = Assert.IsType<DbTarget>(Assert.Single(connect.Run().Output));
        CommandRun.NewSession();
        _account.InstanceStates = ["available"];
        var cmdlet = Restore("back");
        cmdlet.Target = source;
        cmdlet.Latest = true;
        cmdlet.Wait = true;
        var target = Assert.IsType<RestoreResult>(Assert.Single(cmdlet.Run().Output)).Target!;
        Assert.Equal("back.x.eu-west-1.rds.amazonaws.com:6432/?Action=connect&DBUser=app", SandboxFixture.Password(target)!.Split("&X-Amz")[0]);
    }

    [Fact]
    public void The_window_is_an_error_of_its_own()
    {
        var cmdlet = Restore("back");
        cmdlet.RestoreTime = DateTimeOffset.UtcNow.AddDays(-100);
        var error = cmdlet.Fail();
        Assert.Equal(("DbMigrate.RestoreTimeTooEarly", ErrorCategory.InvalidArgument), (error.FullyQualifiedErrorId, error.CategoryInfo.Category));
        cmdlet = Restore("back");
        cmdlet.InstanceId = "nothing";
        cmdlet.Latest = true;
        Assert.Equal("DbMigrate.InstanceNotFound", cmdlet.Fail().FullyQualifiedErrorId);
    }

    [Fact]
    public void Before_takes_whatever_has_a_restore_point_and_of_several_the_earliest()
    {
        var (early, late) = (new RestorePoint { At = DateTimeOffset.UnixEpoch }, new RestorePoint { At = DateTimeOffset.UnixEpoch.AddDays(1) });
        var before = new RestorePointTransformationAttribute();
        Assert.Same(early, before.Transform(null!, early));
        Assert.Same(early, before.Transform(null!, new PSObject(new { RestorePoint = early })));
        Assert.Same(early, before.Transform(null!, new object[] { new { RestorePoint = late }, new PSObject(early), new { RestorePoint = (RestorePoint?)null } }));
        Assert.Throws<ArgumentTransformationMetadataException>(() => before.Transform(null!, "yesterday"));
        Assert.Contains(
            "Get-MigrationRun '20241231T235959-3f9a2c' | Restore-DbPointInTime",
            Assert.Throws<ArgumentTransformationMetadataException>(() => before.Transform(null!, "20241231T235959-3f9a2c")).Message, StringComparison.Ordinal);
        Assert.Null(before.Transform(null!, new PSObject(new { RestorePoint = (RestorePoint?)null })));
        Assert.Throws<ArgumentTransformationMetadataException>(() => before.Transform(null!, Array.Empty<object>()));

        var time = DateTimeOffset.UtcNow.AddHours(-1);
        var cmdlet = Restore("back");
        // Piped in: one restore, to before the earliest.
        cmdlet.Run(
            null,
            () => cmdlet.Before = new RestorePoint { At = time.AddMinutes(1) },
            () => cmdlet.Before = new RestorePoint { At = time },
            () => cmdlet.Before = null,
            () => cmdlet.Before = new RestorePoint { At = time.AddMinutes(2) });
        Assert.Equal($"{time.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}", Assert.Single(_account.Server.Of("RestoreDBInstanceToPointInTime"))["RestoreTime"]);
    }

    [Theory]
    [InlineData("1", "crm")]
    [InlineData("2", "shop")]
    public void Restore_points_of_several_databases_are_not_one_restore(string systemId, string database)
    {
        var point = new RestorePoint { At = DateTimeOffset.UtcNow.AddMinutes(-20), SystemId = "1", Database = "shop" };
        var other = point with { At = point.At.AddHours(-1), SystemId = systemId, Database = database };
        var cmdlet = Restore("back");
        var error = Assert.Throws<TerminatingErrorException>(() => cmdlet.Run(null, () => cmdlet.Before = point, () => cmdlet.Before = other)).Error;
        Assert.Equal("DbMigrate.RestorePointsOfSeveral", error.FullyQualifiedErrorId);
        Assert.Throws<ArgumentTransformationMetadataException>(() => new RestorePointTransformationAttribute().Transform(null!, new object[] { point, other }));
        Assert.Empty(_account.Server.Of("RestoreDBInstanceToPointInTime"));
    }

    [Theory]
    [InlineData("LEDGER.cluster-ro-x.eu-west-1.rds.amazonaws.com", "app")]
    [InlineData("other.x.eu-west-1.rds.amazonaws.com", "root")]
    public void Whoever_is_connected_to_any_address_of_the_source_keeps_his_login(string host, string user)
    {
        var current = (DbTarget)new TargetTransformationAttribute().Transform(null!, $"postgres://app:geheim@{host}/ledger");
        string[] hosts = ["ledger.cluster-x.eu-west-1.rds.amazonaws.com", "ledger.cluster-ro-x.eu-west-1.rds.amazonaws.com"];
        Assert.Equal(user, RestoredTarget.Of(new Aws.Rds.RdsEndpoint("back", 5432, "ledger", "root", hosts), current, new RecordingObserver()).User);
    }

    [Fact]
    public void A_snapshot_is_taken_listed_restored_and_removed()
    {
        NewDbSnapshotCommand Take() => new()
        {
            InstanceId = "prod", Id = "before-42", Reason = "drill", KeepFor = TimeSpan.FromDays(7), Tag = new() { ["team"] = "shop" }, Region = "eu-west-1", EndpointUrl = _account.Server.Url,
        };
        GetDbSnapshotCommand List() => new() { InstanceId = "prod", Region = "eu-west-1", EndpointUrl = _account.Server.Url };

        var question = Assert.Single(Take().Run(new RecordingRuntime { WhatIf = true }).Questions);
        Assert.StartsWith("Taking the snapshot before-42 of prod with\nCreateDBSnapshot\n", question, StringComparison.Ordinal);
        Assert.Empty(_account.Server.Of("CreateDBSnapshot"));

        _account.SnapshotStates = ["available:100"];
        var taken = Assert.IsType<DbSnapshot>(Assert.Single(Take().Run().Output));
        Assert.Equal(("before-42", "prod", true), (taken.Id, taken.Source, taken.IsOurs));
        var sent = Assert.Single(_account.Server.Of("CreateDBSnapshot"));
        Assert.Contains("drill", sent.Query.Values);
        Assert.Contains("team", sent.Query.Values);

        var listed = Assert.IsType<DbSnapshot>(Assert.Single(List().Run().Output));
        Assert.Equal("before-42", listed.Id);
        var other = List();
        other.Id = ["nothing*"];
        Assert.Empty(other.Run().Output);

        var restore = new RestoreDbSnapshotCommand { InputObject = listed, TargetId = "back", Region = "eu-west-1", EndpointUrl = _account.Server.Url };
        Assert.Contains("\nRestoreDBInstanceFromDBSnapshot\n", Assert.Single(restore.Run(new RecordingRuntime { WhatIf = true }).Questions), StringComparison.Ordinal);
        Assert.False(_account.Has("DBInstance", "back"));
        restore = new RestoreDbSnapshotCommand { InputObject = listed, TargetId = "back", Region = "eu-west-1", EndpointUrl = _account.Server.Url };
        Assert.Equal("back", Assert.IsType<RestoreResult>(Assert.Single(restore.Run().Output)).Id);
        Assert.True(_account.Has("DBInstance", "back"));

        RemoveDbSnapshotCommand Remove(bool force) => new() { InputObject = [listed], Force = force, Region = "eu-west-1", EndpointUrl = _account.Server.Url };
        Assert.Equal("DbMigrate.SnapshotKept", Assert.Single(Remove(false).Run().Errors).FullyQualifiedErrorId);
        Assert.Single(Remove(true).Run(new RecordingRuntime { WhatIf = true }).Questions);
        Assert.Single(List().Run().Output);
        Remove(true).Run();
        Assert.Empty(List().Run().Output);
    }

    [Theory]
    [InlineData("Dump", "TargetId")]
    [InlineData("Dump", "Wait")]
    [InlineData("Instance", "Database")]
    [InlineData("Cluster", "Jobs")]
    [InlineData("Instance", "NoOwner")]
    public void A_parameter_that_does_not_fit_the_snapshot_is_refused(string kind, string parameter)
    {
        var snapshot = new DbSnapshot { Id = "a", Kind = Enum.Parse<DbSnapshotKind>(kind), Source = "prod", Status = "available", Path = "/nowhere/a.dump" };
        var cmdlet = new RestoreDbSnapshotCommand { InputObject = snapshot };
        cmdlet.MyInvocation.BoundParameters[parameter] = "x";
        var error = cmdlet.Fail();
        Assert.Equal("DbMigrate.RestoreParameterUnused", error.FullyQualifiedErrorId);
        Assert.StartsWith($"-{parameter} is for ", error.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_oldest_snapshot_comes_first_as_of_dumps()
    {
        foreach (var (id, minutes) in new[] { ("b", 20), ("c", 10), ("a", 30) })
        {
            _account.Add(
                "DBSnapshot",
                id,
                ("DBInstanceIdentifier", "prod"), ("Status", "available"), ("SnapshotType", "manual"), ("AllocatedStorage", "100"),
                ("SnapshotCreateTime", $"{DateTimeOffset.UtcNow.AddMinutes(-minutes).UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}"));
        }

        var listed = new GetDbSnapshotCommand { InstanceId = "prod", Region = "eu-west-1", EndpointUrl = _account.Server.Url }.Run();
        Assert.Equal(["a", "b", "c"], listed.Output.Cast<DbSnapshot>().Select(s => s.Id));
    }

    [Fact]
    public void The_address_of_the_target_says_which_instance_and_where()
    {
        var target = (DbTarget)new TargetTransformationAttribute().Transform(null!, "postgres://app@prod.x.eu-west-1.rds.amazonaws.com/shop");
        _account.SnapshotStates = ["available:100"];
        var taken = new NewDbSnapshotCommand { Target = target, EndpointUrl = _account.Server.Url, Wait = true }.Run();
        Assert.Equal("available", Assert.IsType<DbSnapshot>(Assert.Single(taken.Output)).Status);
        Assert.Equal("prod", Assert.Single(_account.Server.Of("CreateDBSnapshot"))["DBInstanceIdentifier"]);

        var listed = new GetDbSnapshotCommand { Target = target, EndpointUrl = _account.Server.Url }.Run();
        Assert.StartsWith("pre-migration-", Assert.IsType<DbSnapshot>(Assert.Single(listed.Output)).Id, StringComparison.Ordinal);

        // An account where another database has that name; and an instance that is named by hand.
        var namesake = (DbTarget)new TargetTransformationAttribute().Transform(null!, "postgres://app@prod.other.eu-west-1.rds.amazonaws.com/shop");
        Assert.Equal("DbMigrate.SnapshotOfAnother", new NewDbSnapshotCommand { Target = namesake, EndpointUrl = _account.Server.Url }.Fail().FullyQualifiedErrorId);
        _account.AddAurora();
        Assert.Equal("DbMigrate.SnapshotOfAnother", new NewDbSnapshotCommand { InstanceId = "ledger", Target = target, EndpointUrl = _account.Server.Url }.Fail().FullyQualifiedErrorId);
        Assert.Single(_account.Server.Of("CreateDBSnapshot"));

        var elsewhere = (DbTarget)new TargetTransformationAttribute().Transform(null!, "postgres://app@db1/shop");
        Assert.Equal("DbMigrate.SnapshotPlaceMissing", new NewDbSnapshotCommand { Target = elsewhere }.Fail().FullyQualifiedErrorId);
        Assert.Equal("DbMigrate.AwsParameterUnused", new GetDbSnapshotCommand { Path = ".", Region = "eu-west-1" }.Fail().FullyQualifiedErrorId);
    }

    [Fact]
    public async Task A_run_takes_no_snapshot_of_another_database_for_its_way_back()
    {
        _account.AddAurora();
        _account.SnapshotStates = ["available:100"];
        Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL_RDS", _account.Server.Url);
        Environment.SetEnvironmentVariable("AWS_REGION", "eu-west-1");
        try
        {
            using var migrations = new TemporaryMigrations(MigrationFormat.Sqlx).Add(1, "one", ["CREATE TABLE one (id int)"]).Add(2, "two", ["CREATE TABLE two (id int)"]);
            var database = await SandboxFixture.NewDatabaseAsync();
            InvokeMigrationCommand Run(string host) => new()
            {
                Path = [migrations.Path], Format = MigrationFormat.Sqlx, Target = SandboxFixture.Named(database, host), InstanceId = "prod", Count = 1,
            };

            var taking = Run("ledger.cluster-x.eu-west-1.rds.amazonaws.com");
            taking.Snapshot = true;
            var error = taking.Fail();
            Assert.Equal(("DbMigrate.SnapshotOfAnother", "Give -InstanceId ledger, or leave it out."), (error.FullyQualifiedErrorId, error.ErrorDetails.RecommendedAction));
            var requiring = Run("ledger.cluster-x.eu-west-1.rds.amazonaws.com");
            requiring.RequireSnapshotWithin = TimeSpan.FromHours(1);
            Assert.Equal("DbMigrate.SnapshotOfAnother", requiring.Fail().FullyQualifiedErrorId);
            Assert.Empty(_account.Server.Of("CreateDBSnapshot"));

            taking = Run("prod.x.eu-west-1.rds.amazonaws.com");
            taking.Snapshot = true;
            var runtime = taking.Run();
            Assert.StartsWith("pre-migration-", Assert.IsType<MigrationResult>(Assert.Single(runtime.Output)).RestorePoint!.SnapshotId, StringComparison.Ordinal);
            Assert.Empty(runtime.Warnings);

            _account.Add(
                "DBSnapshot",
                "hourly",
                ("DBInstanceIdentifier", "prod"), ("Status", "available"), ("SnapshotType", "manual"), ("AllocatedStorage", "100"),
                ("SnapshotCreateTime", $"{DateTimeOffset.UtcNow.AddMinutes(-5).UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}"));
            requiring = Run("db.example.com");
            requiring.RequireSnapshotWithin = TimeSpan.FromHours(1);
            runtime = requiring.Run();
            Assert.Contains("whether db.example.com leads to the instance prod", Assert.Single(runtime.Warnings), StringComparison.Ordinal);
            Assert.Equal("hourly", Assert.IsType<MigrationResult>(Assert.Single(runtime.Output)).RestorePoint!.SnapshotId);
        }
        finally
        {
            Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL_RDS", null);
            Environment.SetEnvironmentVariable("AWS_REGION", null);
        }
    }

    [Fact]
    public async Task A_secret_connects_and_parameters_win_over_it()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        var secret = SandboxFixture.TargetUrl(target);
        using var server = new FakeServer(_ => new FakeReply(200, JsonSerializer.Serialize(new Dictionary<string, string> { ["SecretString"] = secret })));
        ConnectDbTargetCommand Connect() => new() { SecretId = "shop", Region = "eu-west-1", EndpointUrl = server.Url };

        var connected = Assert.IsType<DbTarget>(Assert.Single(Connect().Run().Output));
        Assert.Equal(target.ToString(), connected.ToString());

        secret = """{"username":"app","password":"x","host":"db1","port":6432,"dbname":"shop"}""";
        var cmdlet = Connect();
        (cmdlet.NoTest, cmdlet.Database, cmdlet.Schema) = (true, "other", "s1");
        connected = Assert.IsType<DbTarget>(Assert.Single(cmdlet.Run().Output));
        Assert.Equal(("app@db1:6432/other", "s1"), (connected.ToString(), connected.Schema));

        cmdlet = Connect();
        (cmdlet.NoTest, cmdlet.HostName, cmdlet.Port) = (true, "db2", 7000);
        cmdlet.MyInvocation.BoundParameters["Port"] = 7000;
        Assert.Equal("app@db2:7000/shop", Assert.Single(cmdlet.Run().Output)!.ToString());

        secret = """{"username":"app","password":"x"}""";
        var error = Connect().Fail();
        Assert.Equal("DbMigrate.SecretIncomplete", error.FullyQualifiedErrorId);
        Assert.Contains("-HostName", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_is_for_a_host_and_a_user()
    {
        ConnectDbTargetCommand Connect() => new() { HostName = "db.x.eu-west-1.rds.amazonaws.com", Database = "shop", UserName = "app", Iam = true, NoTest = true };
        Assert.Equal("app@db.x.eu-west-1.rds.amazonaws.com:5432/shop", Assert.Single(Connect().Run().Output)!.ToString());
        var cmdlet = Connect();
        cmdlet.SslMode = "disable";
        Assert.Equal("DbMigrate.InvalidTarget", cmdlet.Fail().FullyQualifiedErrorId);
        cmdlet = Connect();
        (cmdlet.Iam, cmdlet.Region) = (false, "eu-west-1");
        Assert.Equal("DbMigrate.AwsParameterUnused", cmdlet.Fail().FullyQualifiedErrorId);
    }

    [Fact]
    public void A_token_does_not_last_for_a_restore_with_jobs()
    {
        var target = (DbTarget)Assert.Single(new ConnectDbTargetCommand { HostName = "db.x.eu-west-1.rds.amazonaws.com", Database = "shop", UserName = "app", Iam = true, NoTest = true }.Run().Output)!;
        RestoreDbSnapshotCommand Restore(int jobs) => new() { Path = "nothing.dump", Target = target, Jobs = jobs };
        var error = Restore(2).Fail();
        Assert.Equal("DbMigrate.RestoreJobsWithToken", error.FullyQualifiedErrorId);
        Assert.Contains("Leave -Jobs out", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal("DbMigrate.DumpNotFound", Restore(1).Fail().FullyQualifiedErrorId);
    }

    private RestoreDbPointInTimeCommand Restore(string targetId) => new() { InstanceId = "prod", TargetId = targetId, Region = "eu-west-1", EndpointUrl = _account.Server.Url };
}
