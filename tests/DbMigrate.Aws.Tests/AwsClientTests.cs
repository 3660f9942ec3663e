using System.Globalization;
using DbMigrate.Aws.Client;
using DbMigrate.Aws.Rds;
using DbMigrate.Testing;

namespace DbMigrate.Aws.Tests;

/// <summary>What the client does with faults of the service and of the way there.</summary>
public sealed class AwsClientTests
{
    private static readonly FakeReply Empty = FakeReply.Result("DescribeDBInstances", "<DBInstances/>");

    [Fact]
    public async Task A_request_is_signed_for_service_and_region()
    {
        using var server = new FakeServer(_ => Empty);
        Assert.Empty(await ListAsync(server));

        var request = Assert.Single(server.Requests);
        Assert.Equal("POST / HTTP/1.1", request.Line);
        Assert.Matches(@"^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/[0-9]{8}/eu-west-1/rds/aws4_request, ", request.Headers["Authorization"]);
        Assert.Equal(FakeAccount.SessionToken, request.Headers["X-Amz-Security-Token"]);
        Assert.Equal("application/x-www-form-urlencoded; charset=utf-8", request.Headers["Content-Type"]);
        Assert.Equal("Action=DescribeDBInstances&Version=2014-10-31&MaxRecords=100", request.Body);
        Assert.Contains(" app/DbMigrate", request.Headers["User-Agent"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400, "Throttling")]
    [InlineData(503, "")]
    [InlineData(0, "")]
    public async Task Passing_faults_are_tried_again(int status, string code)
    {
        var count = 0;
        using var server = new FakeServer(_ => Interlocked.Increment(ref count) > 2 ? Empty
            : status == 0 ? FakeReply.Cut : code.Length > 0 ? FakeReply.Error(code, status) : new FakeReply(status, "<html>busy</html>"));
        Assert.Empty(await ListAsync(server));
        Assert.Equal(3, count);
    }

    [Theory]
    [InlineData("Throttling", 400, "AwsThrottled", ErrorKind.Busy, 3)]
    [InlineData("InternalFailure", 500, "AwsUnreachable", ErrorKind.Connection, 3)]
    [InlineData("ExpiredToken", 403, "AwsTokenExpired", ErrorKind.Authentication, 1)]
    [InlineData("InvalidClientTokenId", 403, "AwsCredentialsInvalid", ErrorKind.Authentication, 1)]
    [InlineData("SignatureDoesNotMatch", 403, "AwsCredentialsInvalid", ErrorKind.Authentication, 1)]
    [InlineData("AccessDenied", 403, "AwsAccessDenied", ErrorKind.Permission, 1)]
    [InlineData("InvalidParameterCombination", 400, "AwsRefused", ErrorKind.InvalidArgument, 1)]
    [InlineData("DBInstanceNotFound", 404, "InstanceNotFound", ErrorKind.NotFound, 1)]
    public async Task Faults_that_stay_have_ids(string code, int status, string id, ErrorKind kind, int requests)
    {
        // The real service repeats the signed headers where a signature does not fit.
        using var server = new FakeServer(_ => FakeReply.Error(code, status, $"The Canonical String should have been x-amz-security-token:{FakeAccount.SessionToken}"));
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => ListAsync(server));

        Assert.Equal((id, kind), (error.Id, error.Kind));
        Assert.True(error.NextStep.Length > 10);
        Assert.Equal(requests, server.Requests.Count);
        if (code == "SignatureDoesNotMatch")
        {
            Assert.DoesNotContain(FakeAccount.SessionToken, error.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_may_not_is_not_told_to_log_in()
    {
        using var server = new FakeServer(_ => FakeReply.Error(
            "AccessDenied", 403, "User: arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_1/me is not authorized to perform: rds:DescribeDBInstances"));
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => ListAsync(server));
        Assert.Equal("AwsAccessDenied", error.Id);
        Assert.Contains("rds:DescribeDBInstances", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_is_wrong_is_corrected()
    {
        var serverTime = DateTimeOffset.UtcNow.AddHours(-2);
        using var server = new FakeServer(request =>
        {
            var sent = DateTimeOffset.ParseExact(request.Headers["X-Amz-Date"], "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
            return (sent - serverTime).Duration() < TimeSpan.FromMinutes(5)
                ? Empty
                : FakeReply.Error("SignatureDoesNotMatch", 403, $"Signature not yet current: {sent:yyyyMMddTHHmmssZ} is still later than {serverTime:yyyyMMddTHHmmssZ} ({serverTime:yyyyMMddTHHmmssZ} + 5 min.)") with
                {
                    Headers = [("Date", serverTime.ToString("R", CultureInfo.InvariantCulture))],
                };
        });
        Assert.Empty(await ListAsync(server));
        Assert.Equal(2, server.Requests.Count);
    }

    [Theory]
    [InlineData("<DescribeDBInstancesResponse><DescribeDBInst")]
    [InlineData("<html><body>Welcome to the hotel</body></html>")]
    [InlineData("")]
    [InlineData("<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance><DBInstanceIdentifier>a</DBInstanceIdentifier><AllocatedStorage>much</AllocatedStorage></DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>")]
    [InlineData("<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance/></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>")]
    [InlineData("<!DOCTYPE r [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><DescribeDBInstancesResponse><DescribeDBInstancesResult>&e;</DescribeDBInstancesResult></DescribeDBInstancesResponse>")]
    public async Task A_broken_reply_is_an_error_of_ours(string body)
    {
        using var server = new FakeServer(_ => new FakeReply(200, body));
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => ListAsync(server));
        Assert.Equal("AwsBadReply", error.Id);
        Assert.DoesNotContain("root:", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_there_names_the_host()
    {
        string url;
        using (var server = new FakeServer(_ => Empty))
        {
            url = server.Url;
        }

        using var rds = RdsClient.Open(FakeAccount.Settings(url));
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => rds.DescribeDBInstancesAsync(null, null, default));
        Assert.Equal("AwsUnreachable", error.Id);
        Assert.Contains(new Uri(url).Authority, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_does_not_answer_is_given_up_on()
    {
        using var release = new ManualResetEventSlim();
        using var server = new FakeServer(_ =>
        {
            release.Wait(TimeSpan.FromSeconds(30));
            return Empty;
        });
        using var rds = RdsClient.Open(FakeAccount.Settings(server.Url) with { Timeout = TimeSpan.FromMilliseconds(200) });
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => rds.DescribeDBInstancesAsync(null, null, default));
        release.Set();
        Assert.Equal("AwsUnreachable", error.Id);
    }

    [Fact]
    public async Task A_cancelled_request_ends_at_once_and_as_such()
    {
        using var release = new ManualResetEventSlim();
        using var server = new FakeServer(_ =>
        {
            release.Wait(TimeSpan.FromSeconds(30));
            return Empty;
        });
        using var rds = RdsClient.Open(FakeAccount.Settings(server.Url));
        using var cancel = new CancellationTokenSource();
        var asking = rds.DescribeDBInstancesAsync(null, null, cancel.Token);
        await Eventually.IsTrueAsync(() => server.Requests.Count > 0);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(TimeSpan.FromSeconds(20)));
        release.Set();
    }

    [Theory]
    [InlineData("proxy http://u:p@ss@proxy:3128/ failed", "proxy http://***@proxy:3128/ failed")]
    [InlineData("http://user:secret@host", "http://***@host")]
    [InlineData("https://host/a@b", "https://host/a@b")]
    public void User_and_password_of_an_address_are_blotted_out(string text, string expected) => Assert.Equal(expected, AwsFailure.Redact(text));

    // The rules of Amazon RDS's and Secrets Manager's endpoints, computed with botocore 1.43.11.
    [Theory]
    [InlineData("rds", "eu-west-1", false, false, "https://rds.eu-west-1.amazonaws.com")]
    [InlineData("rds", "us-east-1", true, false, "https://rds-fips.us-east-1.amazonaws.com")]
    [InlineData("rds", "us-east-1", false, true, "https://rds.us-east-1.api.aws")]
    [InlineData("rds", "us-east-1", true, true, "https://rds-fips.us-east-1.api.aws")]
    [InlineData("rds", "us-gov-west-1", true, false, "https://rds.us-gov-west-1.amazonaws.com")]
    [InlineData("rds", "cn-north-1", false, false, "https://rds.cn-north-1.amazonaws.com.cn")]
    [InlineData("secretsmanager", "us-east-1", true, true, "https://secretsmanager-fips.us-east-1.amazonaws.com")]
    [InlineData("secretsmanager", "us-east-1", false, true, "https://secretsmanager.us-east-1.amazonaws.com")]
    [InlineData("secretsmanager", "cn-north-1", false, true, "https://secretsmanager.cn-north-1.amazonaws.com.cn")]
    [InlineData("secretsmanager", "us-gov-west-1", true, false, "https://secretsmanager-fips.us-gov-west-1.amazonaws.com")]
    public void Hosts_are_those_of_the_endpoint_rules(string service, string region, bool isFips, bool isDualStack, string expected) =>
        Assert.Equal(expected, AwsEndpoint.Of(service == "rds" ? AwsService.Rds : AwsService.SecretsManager, region, isFips, isDualStack));

    [Theory]
    [InlineData("ftp://host")]
    [InlineData("host:3000")]
    [InlineData("")]
    public void An_address_that_is_none_is_refused(string url) =>
        Assert.Equal("InvalidEndpointUrl", Assert.Throws<DbMigrateException>(() => RdsClient.Open(FakeAccount.Settings(url))).Id);

    [Fact]
    public void A_region_that_is_none_is_refused() => Assert.Equal(
        "InvalidRegion", Assert.Throws<DbMigrateException>(() => RdsClient.Open(FakeAccount.Settings("http://127.0.0.1") with { Region = "eu-west-1.evil.example/" })).Id);

    [Fact]
    public void A_tags_value_is_what_RDS_takes()
    {
        Assert.Equal("a_b é 1+2=3 x/y:z@w-", RdsTags.Allowed(" a,b é 1+2=3 x/y:z@w- "));
        Assert.Equal(256, RdsTags.Allowed(new string('x', 300)).Length);
        var many = Enumerable.Range(0, 50).ToDictionary(i => $"k{i}", _ => "v");
        Assert.Equal("TooManyTags", Assert.Throws<DbMigrateException>(() => RdsTags.Of(many)).Id);
    }

    private static async Task<IReadOnlyList<RdsInstance>> ListAsync(FakeServer server)
    {
        using var rds = RdsClient.Open(FakeAccount.Settings(server.Url));
        return await rds.DescribeDBInstancesAsync(null, null, default);
    }
}
