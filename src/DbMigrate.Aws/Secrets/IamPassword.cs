using Amazon.Runtime;
using Amazon.Runtime.Credentials;
using DbMigrate.Aws.Client;
using DbMigrate.Aws.Rds;

namespace DbMigrate.Aws.Secrets;

/// <summary>IAM database authentication: a new token for each connection, made of the AWS credentials that are there at that moment.</summary>
public sealed class IamPassword : IPasswordSource
{
    private readonly AwsSettings _settings;
    private readonly AwsClientConfig _config;
    private readonly string _host;
    private readonly int _port;
    private readonly string _user;

    /// <param name="settings">Account and region. Without region that of the host's name counts, then the usual one.</param>
    /// <param name="host">The host name that RDS gave the instance or cluster.</param>
    /// <param name="port">The port.</param>
    /// <param name="user">The role that logs in.</param>
    /// <exception cref="DbMigrateException"><c>AwsRegionMissing</c>, <c>InvalidRegion</c>, <c>AwsProfileNotFound</c>.</exception>
    public IamPassword(AwsSettings settings, string host, int port, string user)
    {
        var region = settings.Region ?? RdsHost.Region(host);
        Region = AwsRegion.Resolve(settings with { Region = region });
        _config = new AwsClientConfig(AwsService.Rds, settings, Region);
        (_settings, _host, _port, _user) = (settings, host, port, user);
    }

    /// <summary>The region that tokens are made for.</summary>
    public string Region { get; }

    /// <inheritdoc/>
    public string NextStep =>
        $"As an administrator: GRANT rds_iam TO \"{_user}\"; see that the instance has IAM authentication, that your AWS role may rds-db:connect as this user, " +
        $"that {_host} is RDS's own name for it, and that it is in {Region} (-Region).";

    /// <inheritdoc/>
    /// <remarks>Who reads a token can log in with it.</remarks>
    public bool NeedsEncryption => true;

    /// <inheritdoc/>
    public IPasswordSource Elsewhere(string host, int port, IEngineObserver observer) => new IamPassword(_settings, host, port, _user);

    /// <inheritdoc/>
    public async Task<string?> ReadAsync(bool isRefused, CancellationToken cancellationToken)
    {
        if (isRefused)
        {
            // What was refused was made for this connection; another one would be no better.
            return null;
        }

        try
        {
            var credentials = _config.DefaultAWSCredentials ?? await DefaultAWSCredentialsIdentityResolver.GetCredentialsAsync(_config).WaitAsync(cancellationToken);
            var keys = await credentials.GetCredentialsAsync().WaitAsync(cancellationToken);
            return IamToken.Create(_host, _port, _user, Region, keys.AccessKey, keys.SecretKey, keys.Token, DateTimeOffset.UtcNow);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            var failure = e as AmazonClientException ?? new AmazonClientException(e.Message, e);
            throw AwsFailure.Explain(failure, "GetCredentials", _host, "the source of AWS credentials");
        }
    }
}
