using System.Text;
using System.Text.Json;
using DbMigrate.Aws.Secrets;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;

namespace DbMigrate.Aws.Tests;

/// <summary>Secrets and their rotation.</summary>
public sealed class SecretPasswordTests : IDisposable
{
    private const string Password = "only-in-the-secret";

    private readonly FakeServer _server;
    private FakeReply _reply = new(200, "");

    public SecretPasswordTests() => _server = new FakeServer(_ => _reply);

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task The_forms_that_RDS_and_people_write_are_read()
    {
        var rds = await OpenAsync("""{"username":"app","password":"only-in-the-secret","engine":"postgres","host":"db1","port":6432,"dbname":"shop","dbInstanceIdentifier":"prod"}""");
        Assert.Equal(("db1", 6432, "shop", "app", Password, null), (rds.Host, rds.Port, rds.Database, rds.User, await rds.ReadAsync(false, default), rds.Url));
        Assert.Equal("shop/prod", Assert.Single(_server.Requests).Headers.Count > 0 ? JsonDocument.Parse(_server.Requests[0].Body).RootElement.GetProperty("SecretId").GetString() : null);
        Assert.Equal("secretsmanager.GetSecretValue", _server.Requests[0].Headers["X-Amz-Target"]);
        Assert.Contains("/eu-west-1/secretsmanager/aws4_request", _server.Requests[0].Headers["Authorization"], StringComparison.Ordinal);

        // The password of the master user that RDS manages itself comes without an address; ports are written as text, too.
        var managed = await OpenAsync("""{"username":"app","password":"only-in-the-secret","port":"5432"}""");
        Assert.Equal((null, 5432, "app"), (managed.Host, managed.Port, managed.User));

        foreach (var text in new[] { "postgres://app:only-in-the-secret@db1/shop", """{"url":"postgres://app:only-in-the-secret@db1/shop"}""", "host=db1 user=app password=only-in-the-secret" })
        {
            var url = await OpenAsync(text);
            Assert.Equal(("app", Password), (url.User, await url.ReadAsync(false, default)));
            Assert.NotNull(url.Url);
        }

        _reply = new FakeReply(200, $$"""{"SecretBinary":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes("postgres://app:only-in-the-secret@db1/shop"))}}"}""");
        Assert.Equal("app", (await OpenAsync()).User);
    }

    [Theory]
    [InlineData("only-in-the-secret")]
    [InlineData("{\"username\":\"app\",\"password\":\"only-in-the-secret\"")]
    [InlineData("{\"username\":\"app\",\"key\":\"only-in-the-secret\"}")]
    [InlineData("{\"username\":\"app\",\"password\":\"only-in-the-secret\",\"engine\":\"mysql\"}")]
    [InlineData("{\"username\":\"app\",\"password\":\"only-in-the-secret\",\"port\":\"many\"}")]
    public async Task A_secret_of_no_use_is_named_and_not_shown(string text)
    {
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => OpenAsync(text));
        Assert.Equal("InvalidSecret", error.Id);
        Assert.Contains("shop/prod", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, error.ToString() + error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_password_is_read_again_once()
    {
        var secret = await OpenAsync("""{"username":"app","password":"old"}""");
        Assert.Equal("old", await secret.ReadAsync(isRefused: false, default));
        Assert.Single(_server.Requests);

        // The same again is no use.
        Assert.Null(await secret.ReadAsync(isRefused: true, default));

        Set("""{"username":"app","password":"new"}""");
        Assert.Equal("new", await secret.ReadAsync(isRefused: true, default));
        Assert.Equal("new", await secret.ReadAsync(isRefused: false, default));

        // Two connections were refused for the same rotation.
        Assert.Equal("new", await secret.ReadAsync(isRefused: true, default));

        Set("""{"username":"app_clone","password":"newer"}""");
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => secret.ReadAsync(isRefused: true, default));
        Assert.Equal("SecretUserChanged", error.Id);
        Assert.DoesNotContain("newer", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("com.amazonaws.secretsmanager#ResourceNotFoundException", 400, "SecretNotFound")]
    [InlineData("ResourceNotFoundException", 404, "SecretNotFound")]
    [InlineData("AccessDeniedException", 400, "AwsAccessDenied")]
    [InlineData("DecryptionFailure", 400, "AwsAccessDenied")]
    [InlineData("UnrecognizedClientException", 400, "AwsCredentialsInvalid")]
    [InlineData("ExpiredTokenException", 400, "AwsTokenExpired")]
    public async Task Errors_have_ids_by_their_code(string type, int status, string id)
    {
        _reply = new FakeReply(status, $$"""{"__type":"{{type}}","message":"no"}""");
        Assert.Equal(id, (await Assert.ThrowsAsync<DbMigrateException>(() => OpenAsync())).Id);
        _reply = new FakeReply(status, "{}", ("x-amzn-ErrorType", type + ":http://internal.amazon.com/coral/com.amazonaws/"));
        Assert.Equal(id, (await Assert.ThrowsAsync<DbMigrateException>(() => OpenAsync())).Id);
    }

    [Theory]
    [InlineData("shop/prod", false)]
    [InlineData("shop-rds!", false)]
    [InlineData("rds!db-4f1c", true)]
    [InlineData("arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-4f1c-AbCdEf", true)]
    public async Task It_goes_along_to_what_is_restored_with_a_warning_where_RDS_keeps_it(string secretId, bool warns)
    {
        Set("""{"username":"app","password":"only-in-the-secret"}""");
        var secret = await SecretPassword.OpenAsync(FakeAccount.Settings(_server.Url), secretId, TargetResolver.CredentialOf, default);
        var observer = new RecordingObserver();
        Assert.Same(secret, secret.Elsewhere("back", 5432, observer));
        Assert.Equal(warns, observer.Texts(MessageLevel.Warning).Any(text => text.Contains($"'{secretId}'", StringComparison.Ordinal) && text.Contains("back has the password", StringComparison.Ordinal)));
        Assert.Equal(warns ? 1 : 0, observer.Messages.Count);
    }

    [Fact]
    public async Task An_ARN_brings_its_region()
    {
        Set("""{"username":"app","password":"x"}""");
        var settings = FakeAccount.Settings(_server.Url) with { Region = null };
        await SecretPassword.OpenAsync(settings, "arn:aws:secretsmanager:ap-south-1:123456789012:secret:shop-AbCdEf", TargetResolver.CredentialOf, default);
        Assert.Contains("/ap-south-1/secretsmanager/", _server.Requests[0].Headers["Authorization"], StringComparison.Ordinal);
    }

    private void Set(string secret) => _reply = new FakeReply(200, JsonSerializer.Serialize(new Dictionary<string, string> { ["Name"] = "shop/prod", ["SecretString"] = secret }));

    private Task<SecretPassword> OpenAsync(string? secret = null)
    {
        if (secret is not null)
        {
            Set(secret);
        }

        return SecretPassword.OpenAsync(FakeAccount.Settings(_server.Url), "shop/prod", TargetResolver.CredentialOf, default);
    }
}
