using System.Globalization;
using DbMigrate.Aws.Secrets;
using DbMigrate.Testing;

namespace DbMigrate.Aws.Tests;

/// <summary>Tokens, against those that botocore 1.43.11 makes at the same time of the same keys.</summary>
public sealed class IamTokenTests
{
    private const string Host = "db.c9akciq32.eu-west-1.rds.amazonaws.com";

    [Theory]
    [InlineData(Host, 5432, "app", "eu-west-1", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", null, "db.c9akciq32.eu-west-1.rds.amazonaws.com:5432/?Action=connect&DBUser=app&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Feu-west-1%2Frds-db%2Faws4_request&X-Amz-Date=20261121T225500Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=4a5285c6c6e8c5050f1c77d6cfbb3fb558b0ee87bc8560af6f29400c8c51616e")]
    [InlineData(Host, 5432, "app", "eu-west-1", "ASIAEXAMPLE", "secret", "IQoJb3+abc/def==", "db.c9akciq32.eu-west-1.rds.amazonaws.com:5432/?Action=connect&DBUser=app&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAEXAMPLE%2F20261121%2Feu-west-1%2Frds-db%2Faws4_request&X-Amz-Date=20261121T225500Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=IQoJb3%2Babc%2Fdef%3D%3D&X-Amz-Signature=6ff5f626ea374f144c44615ceeb37746a8b7b7ea76b7b2ed983b0796090d8c2e")]
    [InlineData("DB.C9akciq32.EU-west-1.rds.amazonaws.com", 6432, "o'mara (x) a+b@c é", "us-gov-west-1", "AKIDEXAMPLE", "secret", null, "DB.C9akciq32.EU-west-1.rds.amazonaws.com:6432/?Action=connect&DBUser=o%27mara%20%28x%29%20a%2Bb%40c%20%C3%A9&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Fus-gov-west-1%2Frds-db%2Faws4_request&X-Amz-Date=20261121T225500Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=6542ea57af21b65d069dc2619e0dc335a91a6875a60867fd9964a2b1473ecfb9")]
    [InlineData("db.example.com", 443, "app", "eu-west-1", "AKIDEXAMPLE", "secret", null, "db.example.com:443/?Action=connect&DBUser=app&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Feu-west-1%2Frds-db%2Faws4_request&X-Amz-Date=20261121T225500Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=7820adcbfa82066fd25ba75f74bdcd12a0161db0fe8ef6f8e7afe2cce4f51779")]
    public void It_is_byte_for_byte_the_AWS_command_lines(
        string host, int port, string user, string region, string accessKey, string secretKey, string? sessionToken, string expected) =>
        Assert.Equal(expected, IamToken.Create(host, port, user, region, accessKey, secretKey, sessionToken, new DateTimeOffset(2026, 11, 21, 22, 55, 0, TimeSpan.Zero)));

    [Fact]
    public async Task What_is_restored_gets_tokens_of_its_own()
    {
        var settings = FakeAccount.Settings("http://127.0.0.1:1") with { Region = null };
        var back = new IamPassword(settings, Host, 5432, "app").Elsewhere("back.c9akciq32.eu-north-1.rds.amazonaws.com", 6432, new RecordingObserver());
        var token = await back.ReadAsync(isRefused: false, default);
        Assert.StartsWith("back.c9akciq32.eu-north-1.rds.amazonaws.com:6432/?Action=connect&DBUser=app&", token, StringComparison.Ordinal);
        Assert.Contains("%2Feu-north-1%2Frds-db%2F", token, StringComparison.Ordinal);
        Assert.True(back.NeedsEncryption);
    }

    [Fact]
    public async Task Each_connection_gets_a_new_one_of_the_hosts_region()
    {
        var settings = FakeAccount.Settings("http://127.0.0.1:1") with { Region = null };
        var password = new IamPassword(settings, Host, 5432, "app");
        var before = DateTimeOffset.UtcNow;
        Assert.Equal("eu-west-1", password.Region);
        Assert.True(password.NeedsEncryption);
        Assert.Equal("us-east-1", new IamPassword(settings with { Region = "us-east-1" }, Host, 5432, "app").Region);
        Assert.Equal("cn-north-1", new IamPassword(settings, "a.b.rds.cn-north-1.amazonaws.com.cn", 5432, "app").Region);

        var first = await password.ReadAsync(isRefused: false, default);
        Assert.Contains("X-Amz-Security-Token=" + FakeAccount.SessionToken, first, StringComparison.Ordinal);
        Assert.Matches("&X-Amz-Date=[0-9]{8}T[0-9]{6}Z&", first);
        var second = first;
        while (second == first)
        {
            await Task.Delay(100);
            second = await password.ReadAsync(isRefused: false, default);
        }

        // A token that was refused is not made better by another one.
        Assert.Null(await password.ReadAsync(isRefused: true, default));
        Assert.Contains("GRANT rds_iam TO \"app\"", password.NextStep, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeAccount.SecretKey, password.NextStep + first, StringComparison.Ordinal);
        var date = DateTimeOffset.ParseExact(
            second!.Split("X-Amz-Date=")[1][..16], "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        Assert.InRange(date, before.AddSeconds(-1), DateTimeOffset.UtcNow);
    }
}
