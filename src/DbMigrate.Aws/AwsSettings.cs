using Amazon.Runtime;

namespace DbMigrate.Aws;

/// <summary>
/// Which account, region and address of AWS. What is left open comes, as with the AWS command line, from the environment
/// (<c>AWS_PROFILE</c>, <c>AWS_REGION</c>, <c>AWS_ENDPOINT_URL</c> …) and the files <c>~/.aws/config</c> and <c>~/.aws/credentials</c>.
/// </summary>
public sealed record AwsSettings
{
    /// <summary>A profile of the AWS configuration files; else <c>AWS_PROFILE</c>, else the standard chain of credentials.</summary>
    public string? Profile { get; init; }

    /// <summary>The region, as <c>eu-west-1</c>; else <c>AWS_REGION</c>, <c>AWS_DEFAULT_REGION</c>, the profile's, this EC2 instance's.</summary>
    public string? Region { get; init; }

    /// <summary>The address of the service, for VPC endpoints and tests; else <c>AWS_ENDPOINT_URL_RDS</c> and its like, else the region's.</summary>
    public string? EndpointUrl { get; init; }

    /// <summary>The same, with the region of an ARN, else another one, where none is named.</summary>
    /// <param name="id">An ARN, or a name, which says nothing of a region.</param>
    /// <param name="region">The region where neither says it; null for the usual one.</param>
    public AwsSettings For(string id, string? region = null) =>
        this with { Region = Region ?? (id.Split(':') is ["arn", _, _, { Length: > 0 } its, ..] ? its : region) };

    /// <summary>Reads a variable of the environment. The SDK reads its own from the process.</summary>
    internal Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>Credentials that win over the chain.</summary>
    internal AWSCredentials? Credentials { get; init; }

    /// <summary>The pause between two looks at something that AWS is working on.</summary>
    internal TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one try may take to be answered.</summary>
    internal TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);
}
