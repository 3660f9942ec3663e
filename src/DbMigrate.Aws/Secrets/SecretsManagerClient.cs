using System.Text;
using System.Text.Json.Nodes;
using DbMigrate.Aws.Client;

namespace DbMigrate.Aws.Secrets;

/// <summary>AWS Secrets Manager: GetSecretValue, over JSON 1.1.</summary>
internal sealed class SecretsManagerClient(AwsClient client) : IDisposable
{
    /// <summary>Makes a client; nothing is sent yet.</summary>
    /// <exception cref="DbMigrateException"><c>AwsRegionMissing</c>, <c>InvalidRegion</c>, <c>AwsProfileNotFound</c>, <c>InvalidEndpointUrl</c>.</exception>
    public static SecretsManagerClient Open(AwsSettings settings) => new(AwsClient.Open(AwsService.SecretsManager, settings));

    /// <summary>The current value of a secret.</summary>
    /// <param name="secretId">Its name or ARN.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="DbMigrateException"><c>SecretNotFound</c>, <c>AwsAccessDenied</c>; see docs/aws.md.</exception>
    public async Task<string> GetSecretValueAsync(string secretId, CancellationToken cancellationToken)
    {
        var reply = await client.JsonAsync(
            "secretsmanager.GetSecretValue", secretId, new JsonObject { ["SecretId"] = secretId }, cancellationToken);
        try
        {
            return (string?)reply["SecretString"] ?? Encoding.UTF8.GetString(Convert.FromBase64String((string?)reply["SecretBinary"] ?? ""));
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            throw AwsFailure.BadReply("GetSecretValue", "Secrets Manager", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();
}
