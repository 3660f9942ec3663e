using System.Net;
using Amazon.Runtime.Internal;
using DbMigrate.Aws.Rds;
using DbMigrate.Aws.Secrets;
using DbMigrate.Testing;

namespace DbMigrate.Aws.Tests;

/// <summary>Where credentials, region, address and proxy come from, when nothing is given.</summary>
[Collection(EnvironmentCollection.Name)]
public sealed class EnvironmentTests : IDisposable
{
    private static readonly FakeReply Empty = FakeReply.Result("DescribeDBInstances", "<DBInstances/>");

    private readonly Dictionary<string, string?> _before = [];
    private readonly TemporaryFolder _folder = new();
    private readonly FakeServer _server = new(_ => Empty);

    public EnvironmentTests()
    {
        foreach (string name in Environment.GetEnvironmentVariables().Keys)
        {
            if ((name.StartsWith("AWS_", StringComparison.OrdinalIgnoreCase) && name is not ("AWS_CONFIG_FILE" or "AWS_SHARED_CREDENTIALS_FILE")) || name.EndsWith("_PROXY", StringComparison.OrdinalIgnoreCase))
            {
                Set(name, null);
            }
        }

        // Single sign-on keeps its tokens there.
        Set("HOME", _folder.Path);
        Set("USERPROFILE", _folder.Path);
        Set("AWS_EC2_METADATA_DISABLED", "true");
    }

    public void Dispose()
    {
        foreach (var (name, value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        ConfigurationFiles.Write("", "");
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Keys_region_and_address_come_from_the_environment_and_no_other_host_is_asked()
    {
        Keys();
        Set("AWS_REGION", "eu-north-1");
        Set("AWS_ENDPOINT_URL", _server.Url);
        await AskAsync(new AwsSettings());
        Assert.Contains("AKIDENV/", Signature(), StringComparison.Ordinal);
        Assert.Contains("/eu-north-1/rds/", Signature(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_services_own_address_wins_over_the_general_one_and_the_parameter_over_both()
    {
        Keys();
        Set("AWS_REGION", "eu-north-1");
        Set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        Set("AWS_ENDPOINT_URL_RDS", _server.Url);
        await AskAsync(new AwsSettings());
        Set("AWS_ENDPOINT_URL_RDS", "http://127.0.0.1:1");
        await AskAsync(new AwsSettings { EndpointUrl = _server.Url });
        Assert.Equal(2, _server.Requests.Count);
    }

    [Theory]
    [InlineData("AWS_ENDPOINT_URL", "not an url")]
    [InlineData("AWS_ENDPOINT_URL_RDS", "not an url")]
    [InlineData("AWS_ENDPOINT_URL", "ftp://host")]
    public async Task An_address_of_the_environment_that_is_none_is_refused(string name, string value)
    {
        Keys();
        Set("AWS_REGION", "eu-north-1");
        Set(name, value);
        Assert.Equal("InvalidEndpointUrl", (await Assert.ThrowsAsync<DbMigrateException>(() => AskAsync(new AwsSettings()))).Id);

        // A token is made without asking anybody.
        Assert.NotNull(await new IamPassword(new AwsSettings(), "db.example.test", 5432, "app").ReadAsync(isRefused: false, default));
    }

    [Fact]
    public async Task A_region_that_is_given_wins_then_AWS_REGION_then_AWS_DEFAULT_REGION_then_the_profiles()
    {
        Keys();
        Set("AWS_ENDPOINT_URL", _server.Url);
        ConfigurationFiles.Write("[default]\nregion = sa-east-1\n[profile work]\nregion = ca-central-1\n", "");
        await AskAsync(new AwsSettings());
        Assert.Contains("/sa-east-1/", Signature(), StringComparison.Ordinal);
        Set("AWS_PROFILE", "work");
        await AskAsync(new AwsSettings());
        Assert.Contains("/ca-central-1/", Signature(), StringComparison.Ordinal);
        Set("AWS_DEFAULT_REGION", "eu-west-2");
        await AskAsync(new AwsSettings());
        Assert.Contains("/eu-west-2/", Signature(), StringComparison.Ordinal);
        Set("AWS_REGION", "eu-west-3");
        await AskAsync(new AwsSettings());
        Assert.Contains("/eu-west-3/", Signature(), StringComparison.Ordinal);
        await AskAsync(new AwsSettings { Region = "us-west-2" });
        Assert.Contains("/us-west-2/", Signature(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_brings_keys_region_and_address()
    {
        ConfigurationFiles.Write(
            $"[profile work]\nregion = ca-central-1\nservices = local\n[services local]\nrds =\n  endpoint_url = {_server.Url}\n",
            "[work]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n");
        await AskAsync(new AwsSettings { Profile = "work" });
        Assert.Contains("AKIDPROFILE/", Signature(), StringComparison.Ordinal);
        Assert.Contains("/ca-central-1/", Signature(), StringComparison.Ordinal);

        var error = Assert.Throws<DbMigrateException>(() => RdsClient.Open(new AwsSettings { Profile = "nobody", Region = "eu-west-1" }));
        Assert.Equal("AwsProfileNotFound", error.Id);
    }

    [SkippableFact]
    public async Task A_program_gives_the_keys()
    {
        Skip.If(OperatingSystem.IsWindows(), "SKIPPED: the program is a shell's.");
        ConfigurationFiles.Write(
            $$"""
            [profile program]
            region = eu-west-1
            endpoint_url = {{_server.Url}}
            credential_process = /bin/sh -c "echo '{\"Version\":1,\"AccessKeyId\":\"AKIDPROGRAM\",\"SecretAccessKey\":\"secret\"}'"
            """,
            "");
        await AskAsync(new AwsSettings { Profile = "program" });
        Assert.Contains("AKIDPROGRAM/", Signature(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_role_is_assumed()
    {
        using var sts = new FakeServer(_ => FakeReply.Result(
            "AssumeRole",
            "<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>" +
            $"<Expiration>{DateTimeOffset.UtcNow.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}</Expiration></Credentials>"));
        Set("AWS_ENDPOINT_URL_STS", sts.Url);
        Set("AWS_ENDPOINT_URL_RDS", _server.Url);
        ConfigurationFiles.Write(
            "[profile admin]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/admin\nsource_profile = base\n",
            "[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\n");
        await AskAsync(new AwsSettings { Profile = "admin" });
        Assert.Contains("ASIAROLE/", Signature(), StringComparison.Ordinal);
        Assert.Contains("AKIDBASE/", sts.Requests[0].Headers["Authorization"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_gives_the_keys()
    {
        using var container = new FakeServer(_ => new FakeReply(
            200, $$"""{"AccessKeyId":"ASIATASK","SecretAccessKey":"secret","Token":"token","Expiration":"{{DateTimeOffset.UtcNow.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}}"}"""));
        Set("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.Url + "/keys");
        await AskAsync(new AwsSettings { Region = "eu-west-1", EndpointUrl = _server.Url });
        Assert.Contains("ASIATASK/", Signature(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_has_not_logged_in_is_told_to()
    {
        ConfigurationFiles.Write(
            "[profile sso]\nregion = eu-west-1\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = admin\n" +
            "[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n",
            "");
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => AskAsync(new AwsSettings { Profile = "sso", EndpointUrl = _server.Url }));
        Assert.Equal(("AwsLoginExpired", ErrorKind.Authentication), (error.Id, error.Kind));
        Assert.Contains("aws sso login", error.NextStep, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task Who_has_logged_in_gets_the_keys_of_single_sign_on()
    {
        var isExpired = false;
        using var portal = new FakeServer(_ => isExpired
            ? new FakeReply(401, "{\"message\":\"Session token not found or invalid\"}", ("x-amzn-ErrorType", "UnauthorizedException"))
            : new FakeReply(
            200,
            "{\"roleCredentials\":{\"accessKeyId\":\"ASIASSO\",\"secretAccessKey\":\"secret\",\"sessionToken\":\"token\"," +
            $"\"expiration\":{DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeMilliseconds()}" + "}}"));
        Set("AWS_ENDPOINT_URL_SSO", portal.Url);
        ConfigurationFiles.Write(
            "[profile sso]\nregion = eu-west-1\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = admin\n" +
            "[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n",
            "");

        // The file is called by the SHA-1 of the session's name.
        _folder.Write(
            ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
            $$"""{"startUrl":"https://corp.awsapps.com/start","region":"eu-west-1","accessToken":"sso-token","expiresAt":"{{DateTimeOffset.UtcNow.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}}"}""");
        await AskAsync(new AwsSettings { Profile = "sso", EndpointUrl = _server.Url });
        Assert.Contains("ASIASSO/", Signature(), StringComparison.Ordinal);

        // The portal has logged him out meanwhile; another role, so that the keys are not remembered.
        isExpired = true;
        ConfigurationFiles.Write(
            "[profile sso]\nregion = eu-west-1\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = other\n" +
            "[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n",
            "");
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => AskAsync(new AwsSettings { Profile = "sso", EndpointUrl = _server.Url }));
        Assert.Equal("AwsLoginExpired", error.Id);
        Assert.DoesNotContain("sso-token", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_EC2_instance_gives_keys_and_region()
    {
        using var metadata = new FakeServer(request => request.Line.Split(' ')[1] switch
        {
            "/latest/api/token" => new FakeReply(200, "metadata-token", ("X-aws-ec2-metadata-token-ttl-seconds", "21600")),
            "/latest/dynamic/instance-identity/document" => new FakeReply(200, "{\"region\":\"eu-central-1\"}"),
            var path when path.EndsWith("/bastion", StringComparison.Ordinal) => new FakeReply(
                200,
                $$"""{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIAEC2","SecretAccessKey":"secret","Token":"token","LastUpdated":"2026-01-01T00:00:00Z","Expiration":"{{DateTimeOffset.UtcNow.AddHours(6):yyyy-MM-ddTHH:mm:ssZ}}"}"""),
            var path when path.Contains("/iam/security-credentials", StringComparison.Ordinal) => new FakeReply(200, "bastion"),
            _ => new FakeReply(404, ""),
        });
        Set("AWS_EC2_METADATA_DISABLED", null);
        Set("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.Url);
        FallbackInternalConfigurationFactory.Reset();
        try
        {
            var failure = await Record.ExceptionAsync(() => AskAsync(new AwsSettings { EndpointUrl = _server.Url }));
            Assert.True(failure is null, $"{failure?.Message}\n{string.Join("\n", metadata.Requests.Select(r => r.Line))}");
            Assert.Contains("ASIAEC2/", Signature(), StringComparison.Ordinal);
            Assert.Contains("/eu-central-1/", Signature(), StringComparison.Ordinal);
        }
        finally
        {
            Set("AWS_EC2_METADATA_DISABLED", "true");
            Set("AWS_EC2_METADATA_SERVICE_ENDPOINT", null);
            FallbackInternalConfigurationFactory.Reset();
        }
    }

    [Fact]
    public async Task A_web_identity_gives_the_keys()
    {
        using var sts = new FakeServer(_ => FakeReply.Result(
            "AssumeRoleWithWebIdentity",
            "<Credentials><AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>" +
            $"<Expiration>{DateTimeOffset.UtcNow.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}</Expiration></Credentials>"));
        Set("AWS_ENDPOINT_URL_STS", sts.Url);
        Set("AWS_ENDPOINT_URL_RDS", _server.Url);
        Set("AWS_REGION", "eu-west-1");
        Set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pod");
        Set("AWS_WEB_IDENTITY_TOKEN_FILE", _folder.Write("token", "jwt"));
        await AskAsync(new AwsSettings());
        Assert.Contains("ASIAWEB/", Signature(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_keys_or_region_it_says_so()
    {
        var keys = await Assert.ThrowsAsync<DbMigrateException>(() => AskAsync(new AwsSettings { Region = "eu-west-1", EndpointUrl = _server.Url }));
        Assert.Equal(("AwsCredentialsMissing", ErrorKind.Authentication), (keys.Id, keys.Kind));
        var region = Assert.Throws<DbMigrateException>(() => RdsClient.Open(new AwsSettings()));
        Assert.Equal("AwsRegionMissing", region.Id);
    }

    [Fact]
    public async Task The_number_of_tries_is_the_environments()
    {
        Keys();
        Set("AWS_MAX_ATTEMPTS", "2");
        FallbackInternalConfigurationFactory.Reset();
        using var busy = new FakeServer(_ => FakeReply.Error("Throttling"));
        try
        {
            await Assert.ThrowsAsync<DbMigrateException>(() => AskAsync(new AwsSettings { Region = "eu-west-1", EndpointUrl = busy.Url }));
            Assert.Equal(2, busy.Requests.Count);
        }
        finally
        {
            Set("AWS_MAX_ATTEMPTS", null);
            FallbackInternalConfigurationFactory.Reset();
        }
    }

    [Fact]
    public async Task A_proxy_is_used_and_its_password_shows_nowhere()
    {
        // .NET reads HTTP_PROXY and HTTPS_PROXY once in a process, into this.
        var before = HttpClient.DefaultProxy;
        Keys();
        try
        {
            HttpClient.DefaultProxy = new WebProxy(_server.Url) { Credentials = new NetworkCredential("proxyuser", "proxy-password") };
            await AskAsync(new AwsSettings { Region = "eu-west-1", EndpointUrl = "http://rds.example.test", Timeout = TimeSpan.FromSeconds(41) });
            Assert.StartsWith("POST http://rds.example.test/", _server.Requests[0].Line, StringComparison.Ordinal);

            HttpClient.DefaultProxy = new WebProxy("http://proxyuser:proxy-password@127.0.0.1:1");
            var error = await Assert.ThrowsAsync<DbMigrateException>(
                () => AskAsync(new AwsSettings { Region = "eu-west-1", EndpointUrl = "http://rds.example.test", Timeout = TimeSpan.FromSeconds(42) }));
            Assert.Equal("AwsUnreachable", error.Id);
            Assert.DoesNotContain("proxy-password", error + error.NextStep, StringComparison.Ordinal);
        }
        finally
        {
            HttpClient.DefaultProxy = before;
        }
    }

    [Fact]
    public async Task The_place_of_a_runs_way_back_asks_in_the_databases_region_and_leaves_out_what_is_of_a_former_instance()
    {
        Keys();
        using var account = new FakeRds();
        Set("AWS_ENDPOINT_URL_RDS", account.Server.Url);
        account.Add("DBInstance", "prod", ("DBInstanceStatus", "available"), ("DbiResourceId", "db-NEW"));
        account.Add("DBSnapshot", "former", ("DBInstanceIdentifier", "prod"), ("Status", "available"), ("DbiResourceId", "db-OLD"));
        account.Add("DBSnapshot", "its", ("DBInstanceIdentifier", "prod"), ("Status", "available"), ("DbiResourceId", "db-NEW"));
        var target = new DbTarget("") { Host = "prod.x.rds.cn-north-1.amazonaws.com.cn", Port = 5432, Database = "shop", Source = "test" };

        Assert.Equal("its", Assert.Single(await new RdsPlace("prod", target, new RecordingObserver()).ListAsync(default)).Id);
        Assert.Contains("/cn-north-1/rds/", account.Server.Requests[^1].Headers["Authorization"], StringComparison.Ordinal);
    }

    private static async Task AskAsync(AwsSettings settings)
    {
        using var rds = RdsClient.Open(settings);
        await rds.DescribeDBInstancesAsync(null, null, default);
    }

    private string Signature() => _server.Requests[^1].Headers["Authorization"];

    private void Keys()
    {
        Set("AWS_ACCESS_KEY_ID", "AKIDENV");
        Set("AWS_SECRET_ACCESS_KEY", "secret");
    }

    private void Set(string name, string? value)
    {
        _before.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }
}
