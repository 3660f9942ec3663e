using System.Text.Json.Nodes;
using System.Xml.Linq;
using Amazon.Runtime;
using DbMigrate.Aws.Client;
using DbMigrate.Aws.Rds;
using DbMigrate.Aws.Secrets;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;

namespace DbMigrate.Aws.Tests;

/// <summary>Every operation's wire format, against moto. Its states do not change, and it checks little; those tests are elsewhere.</summary>
public sealed class MotoTests(MotoServer moto) : IClassFixture<MotoServer>
{
    private readonly RecordingObserver _observer = new();

    [SkippableFact]
    public async Task Snapshots_of_an_instance()
    {
        var settings = moto.Settings();
        await NewInstanceAsync(settings, "prod1");
        using var snapshots = new RdsSnapshots(settings, _observer);
        var plan = await snapshots.PlanAsync("prod1", new RdsSnapshotOptions { SnapshotId = "s1", Reason = "before 42", KeepUntil = DateTimeOffset.UnixEpoch }, default);
        var taken = await snapshots.WaitAsync(await snapshots.CreateAsync(plan, default), TimeSpan.FromMinutes(1), default);

        Assert.Equal(("s1", DbSnapshotKind.Instance, "prod1", "available"), (taken.Id, taken.Kind, taken.Source, taken.Status));
        Assert.Equal(20L << 30, taken.Size);
        Assert.Equal(("before 42", DateTimeOffset.UnixEpoch), (taken.Tags["dbmigrate:reason"], taken.KeepUntil));
        Assert.True(taken.IsOurs && !taken.IsAutomated);
        Assert.InRange(taken.CreatedAt!.Value, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5));
        Assert.StartsWith("arn:aws:rds:eu-west-1:", taken.Arn, StringComparison.Ordinal);

        var other = await snapshots.PlanAsync("prod1", new RdsSnapshotOptions { SnapshotId = "s1" }, default);
        Assert.Equal("SnapshotExists", (await Assert.ThrowsAsync<DbMigrateException>(() => snapshots.CreateAsync(other, default))).Id);

        var listed = await snapshots.ListAsync("prod1", default);
        Assert.Contains(listed, s => s is { Id: "s1", IsAutomated: false });
        Assert.Contains(listed, s => s.Id.StartsWith("rds:prod1", StringComparison.Ordinal) && s.IsAutomated);
        Assert.Equal(listed[^1].Id, (await snapshots.FindAsync(listed[^1].Id, default)).Id);

        var restore = await snapshots.PlanRestoreAsync(taken, new RdsRestoreOptions { TargetId = "prod1-back", Wait = true }, default);
        Assert.Equal("available", (await snapshots.RestoreAsync(restore, _ => null, default)).Status);

        await snapshots.RemoveAsync(taken, force: false, default);
        Assert.Equal("SnapshotNotFound", (await Assert.ThrowsAsync<DbMigrateException>(() => snapshots.FindAsync("s1", default))).Id);
    }

    [SkippableFact]
    public async Task Snapshots_and_restore_of_a_cluster()
    {
        var settings = moto.Settings();
        await CallAsync(settings, "CreateDBCluster", ("DBClusterIdentifier", "ledger"), ("Engine", "aurora-postgresql"), ("MasterUsername", "root"), ("MasterUserPassword", "hunter22"));
        await CallAsync(settings, "CreateDBInstance", ("DBInstanceIdentifier", "ledger-a"), ("DBClusterIdentifier", "ledger"), ("Engine", "aurora-postgresql"), ("DBInstanceClass", "db.r6g.large"));
        using var snapshots = new RdsSnapshots(settings, _observer);
        var plan = await snapshots.PlanAsync("ledger-a", new RdsSnapshotOptions { SnapshotId = "c1" }, default);
        var taken = await snapshots.WaitAsync(await snapshots.CreateAsync(plan, default), TimeSpan.FromMinutes(1), default);
        Assert.Equal((DbSnapshotKind.Cluster, "ledger", true), (taken.Kind, taken.Source, taken.IsOurs));
        Assert.Contains(await snapshots.ListAsync("ledger", default), s => s.Id == "c1");

        using var pointInTime = new RdsPointInTime(settings, _observer);
        var restore = await pointInTime.PlanAsync("ledger", null, new RdsRestoreOptions { TargetId = "ledger2", Wait = true }, default);
        var endpoint = default(RdsEndpoint);
        var result = await pointInTime.RunAsync(
            restore,
            e =>
            {
                endpoint = e;
                return null;
            },
            default);
        Assert.Equal(("ledger2", "available"), (result.Id, result.Status));
        Assert.Contains("ledger2", endpoint!.Host, StringComparison.Ordinal);
        using var rds = RdsClient.Open(settings);
        Assert.Equal("ledger2-1", Assert.Single(await rds.DescribeDBInstancesAsync(null, "ledger2", default)).Id);

        var copy = await snapshots.PlanRestoreAsync(taken, new RdsRestoreOptions { TargetId = "ledger3", Wait = true }, default);
        Assert.Equal("available", (await snapshots.RestoreAsync(copy, _ => null, default)).Status);
        await snapshots.RemoveAsync(taken, force: false, default);
    }

    [SkippableFact]
    public async Task Point_in_time_restore_of_an_instance()
    {
        var settings = moto.Settings();
        await NewInstanceAsync(settings, "prod2");
        using var restore = new RdsPointInTime(settings, _observer);
        var plan = await restore.PlanAsync("prod2", DateTimeOffset.UtcNow.AddMinutes(-1), new RdsRestoreOptions { TargetId = "prod2-back", Wait = true, Reason = "test" }, default);
        var result = await restore.RunAsync(plan, _ => null, default);
        Assert.Equal(("prod2-back", "prod2", "available"), (result.Id, result.Source, result.Status));

        using var rds = RdsClient.Open(settings);
        var made = (await rds.DescribeDBInstancesAsync("prod2-back", null, default))[0];
        Assert.Equal(("prod2", "test", "shop & co"), (made.Tags["dbmigrate:restored-from"], made.Tags["dbmigrate:reason"], made.Tags["team"]));
        Assert.Equal("InstanceExists", (await Assert.ThrowsAsync<DbMigrateException>(() => restore.PlanAsync("prod2", null, new RdsRestoreOptions { TargetId = "prod2-back" }, default))).Id);
        Assert.Equal("InstanceNotFound", (await Assert.ThrowsAsync<DbMigrateException>(() => restore.PlanAsync("nothing", null, new RdsRestoreOptions(), default))).Id);
        Assert.NotNull(await rds.DescribeEventsAsync(DbSnapshotKind.Instance, "prod2", DateTimeOffset.UtcNow.AddHours(-1), default));
    }

    [SkippableFact]
    public async Task All_pages_are_read()
    {
        // An account of its own.
        var settings = moto.Settings() with { Credentials = new BasicAWSCredentials("111122223333", "secret"), Region = "us-west-2" };
        for (var i = 0; i < 105; i++)
        {
            await NewInstanceAsync(settings, FormattableString.Invariant($"many-{i}"));
        }

        using var rds = RdsClient.Open(settings);
        Assert.Equal(105, (await rds.DescribeDBInstancesAsync(null, null, default)).Select(i => i.Id).Distinct().Count());
    }

    [SkippableFact]
    public async Task Secrets()
    {
        var settings = moto.Settings();
        using var client = AwsClient.Open(AwsService.SecretsManager, settings);
        await client.JsonAsync(
            "secretsmanager.CreateSecret",
            "shop/prod",
            new JsonObject { ["Name"] = "shop/prod", ["SecretString"] = """{"username":"app","password":"x y","host":"db1"}""" },
            default);
        var secret = await SecretPassword.OpenAsync(settings, "shop/prod", TargetResolver.CredentialOf, default);
        Assert.Equal(("app", "db1", "x y"), (secret.User, secret.Host, await secret.ReadAsync(false, default)));
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => SecretPassword.OpenAsync(settings, "nothing", TargetResolver.CredentialOf, default));
        Assert.Equal("SecretNotFound", error.Id);
    }

    /// <summary>After the first requests, which make a user and his keys, moto checks signatures.</summary>
    [SkippableFact]
    public async Task Signatures_are_verified()
    {
        var settings = moto.Settings();
        var iam = settings with { EndpointUrl = moto.Url };
        await CallAsync(iam, "CreateUser", "iam", "2010-05-08", ("UserName", "tester"));
        const string Policy = """{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"rds:Describe*","Resource":"*"}]}""";

        // Its reply has no result, which no operation of ours is without.
        await Assert.ThrowsAsync<DbMigrateException>(
            () => CallAsync(iam, "PutUserPolicy", "iam", "2010-05-08", ("UserName", "tester"), ("PolicyName", "p"), ("PolicyDocument", Policy)));
        var key = (await CallAsync(iam, "CreateAccessKey", "iam", "2010-05-08", ("UserName", "tester"))).Child("AccessKey")!;
        var keys = new BasicAWSCredentials(key.Text("AccessKeyId"), key.Text("SecretAccessKey"));
        using var http = new HttpClient();
        await http.PostAsync(new Uri(moto.Url + "/moto-api/reset-auth"), new StringContent("0"));
        try
        {
            using var good = RdsClient.Open(settings with { Credentials = keys });
            await good.DescribeDBInstancesAsync(null, null, default);
            var denied = await Assert.ThrowsAsync<DbMigrateException>(
                () => good.CreateSnapshotAsync(new CreateSnapshotRequest(DbSnapshotKind.Instance, "s", "i", new Dictionary<string, string>()), default));
            Assert.Equal("AwsAccessDenied", denied.Id);
            using var bad = RdsClient.Open(settings with { Credentials = new BasicAWSCredentials(key.Text("AccessKeyId"), "wrong") });
            Assert.Equal("AwsCredentialsInvalid", (await Assert.ThrowsAsync<DbMigrateException>(() => bad.DescribeDBInstancesAsync(null, null, default))).Id);
            using var unknown = RdsClient.Open(settings with { Credentials = new BasicAWSCredentials("AKIAUNKNOWN", "wrong") });
            Assert.Equal("AwsCredentialsInvalid", (await Assert.ThrowsAsync<DbMigrateException>(() => unknown.DescribeDBInstancesAsync(null, null, default))).Id);
        }
        finally
        {
            await http.PostAsync(new Uri(moto.Url + "/moto-api/reset-auth"), new StringContent("Infinity"));
        }
    }

    private static Task NewInstanceAsync(AwsSettings settings, string id) => CallAsync(
        settings,
        "CreateDBInstance",
        ("DBInstanceIdentifier", id), ("Engine", "postgres"), ("DBInstanceClass", "db.m6g.large"), ("AllocatedStorage", "20"), ("MasterUsername", "root"),
        ("MasterUserPassword", "hunter22"), ("BackupRetentionPeriod", "7"), ("Tags.Tag.1.Key", "team"), ("Tags.Tag.1.Value", "shop & co"));

    private static Task<XElement> CallAsync(AwsSettings settings, string operation, params (string Name, string Value)[] parameters) =>
        CallAsync(settings, operation, "rds", "2014-10-31", parameters);

    /// <summary>Calls what DbMigrate itself never does.</summary>
    private static async Task<XElement> CallAsync(
        AwsSettings settings, string operation, string service, string version, params (string Name, string Value)[] parameters)
    {
        using var client = AwsClient.Open(new AwsService(service.ToUpperInvariant(), service), settings);
        var request = new QueryRequest(operation, operation, version);
        foreach (var (name, value) in parameters)
        {
            request.Add(name, value);
        }

        return await client.QueryAsync(request, default);
    }
}
