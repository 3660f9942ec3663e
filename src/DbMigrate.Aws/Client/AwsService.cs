namespace DbMigrate.Aws.Client;

/// <summary>What AWS calls a service, in each of the places where it has a name.</summary>
/// <param name="Id">The service id of the SDKs; the variable <c>AWS_ENDPOINT_URL_…</c> is made of it.</param>
/// <param name="Endpoint">The first part of its host name, and the name that requests are signed for.</param>
internal sealed record AwsService(string Id, string Endpoint)
{
    /// <summary>Amazon RDS.</summary>
    public static readonly AwsService Rds = new("RDS", "rds");

    /// <summary>AWS Secrets Manager.</summary>
    public static readonly AwsService SecretsManager = new("Secrets Manager", "secretsmanager");
}
