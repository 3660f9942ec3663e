using System.Net;

namespace DbMigrate.Aws.Secrets;

/// <summary>
/// A secret of AWS Secrets Manager as the source of a database's password, and, where it holds it, of its address. The secret is read once, and
/// again when the server refuses the password: then it has been rotated.
/// </summary>
public sealed class SecretPassword : IPasswordSource
{
    // Another connection may have read the rotated secret just before, for the same refusal.
    private static readonly TimeSpan s_sameRotation = TimeSpan.FromSeconds(30);

    private readonly SecretsManagerClient _client;
    private readonly string _secretId;
    private readonly Func<string, NetworkCredential> _credentialOf;
    private readonly object _lock = new();
    private string? _password;
    private DateTimeOffset _changedAt = DateTimeOffset.MinValue;

    private SecretPassword(SecretsManagerClient client, string secretId, Func<string, NetworkCredential> credentialOf)
    {
        _client = client;
        _secretId = secretId;
        _credentialOf = credentialOf;
    }

    /// <summary>The address, with its password, where the secret holds it as one text; to be resolved and not to be shown.</summary>
    public string? Url { get; private set; }

    /// <summary>The host; null where the secret has none.</summary>
    public string? Host { get; private set; }

    /// <summary>The port; null where the secret has none.</summary>
    public int? Port { get; private set; }

    /// <summary>The database; null where the secret has none.</summary>
    public string? Database { get; private set; }

    /// <summary>The user; null where the secret has none.</summary>
    public string? User { get; private set; }

    /// <inheritdoc/>
    public string NextStep =>
        $"The secret '{_secretId}' was read again, and its password is refused: see when it was rotated, and whether it is of this server and user: " +
        $"aws secretsmanager describe-secret --secret-id {_secretId}";

    /// <inheritdoc/>
    public bool NeedsEncryption => false;

    // RDS names the secrets so that it keeps itself (RDS user guide, Password management with Secrets Manager); an ARN ends with the name.
    private bool IsOfRds => _secretId[(_secretId.LastIndexOf(':') + 1)..].StartsWith("rds!", StringComparison.Ordinal);

    /// <summary>Reads a secret.</summary>
    /// <param name="settings">Account, region and address. Without region that of the secret's ARN counts.</param>
    /// <param name="secretId">The secret's name or ARN.</param>
    /// <param name="credentialOf">User and password of an address.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="DbMigrateException"><c>SecretNotFound</c>, <c>InvalidSecret</c>, <c>AwsAccessDenied</c>; see docs/aws.md.</exception>
    public static async Task<SecretPassword> OpenAsync(
        AwsSettings settings, string secretId, Func<string, NetworkCredential> credentialOf, CancellationToken cancellationToken)
    {
        // Not disposed of: it is asked as long as the session has the target.
        var secret = new SecretPassword(SecretsManagerClient.Open(settings.For(secretId)), secretId, credentialOf);
        var (value, credential) = await secret.ReadAsync(cancellationToken);
        (secret.Url, secret.Host, secret.Port, secret.Database) = (value.Url, value.Host, value.Port, value.Database);
        (secret.User, secret._password) = (credential.UserName, credential.Password);
        return secret;
    }

    /// <inheritdoc/>
    public async Task<string?> ReadAsync(bool isRefused, CancellationToken cancellationToken)
    {
        if (!isRefused)
        {
            return _password;
        }

        var (_, credential) = await ReadAsync(cancellationToken);
        if (credential.UserName != User)
        {
            throw new DbMigrateException(
                "SecretUserChanged",
                ErrorKind.Authentication,
                $"The secret '{_secretId}' was rotated to another user, '{credential.UserName}'; this session has connected as '{User}'.",
                $"Connect-DbTarget -SecretId {_secretId} again.") { Subject = _secretId };
        }

        lock (_lock)
        {
            if (credential.Password != _password)
            {
                (_password, _changedAt) = (credential.Password, DateTimeOffset.UtcNow);
                return _password;
            }

            return DateTimeOffset.UtcNow - _changedAt < s_sameRotation ? _password : null;
        }
    }

    /// <inheritdoc/>
    public IPasswordSource Elsewhere(string host, int port, IEngineObserver observer)
    {
        if (IsOfRds)
        {
            observer.Message(
                MessageLevel.Warning,
                $"The secret '{_secretId}' is the one that RDS keeps for the source, and changes there: {host} has the password of the time that was restored, and no secret. " +
                "If it refuses the login: aws rds modify-db-instance (modify-db-cluster) --manage-master-user-password makes it one of its own.");
        }

        return this;
    }

    private async Task<(SecretValue Value, NetworkCredential Credential)> ReadAsync(CancellationToken cancellationToken)
    {
        var value = SecretValue.Read(_secretId, await _client.GetSecretValueAsync(_secretId, cancellationToken));
        return (value, value.Url is null ? new NetworkCredential(value.User, value.Password) : _credentialOf(value.Url));
    }
}
