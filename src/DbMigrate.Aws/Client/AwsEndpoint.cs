using Amazon.Runtime.Internal.Endpoints.StandardLibrary;

namespace DbMigrate.Aws.Client;

/// <summary>The host of a service in a region, by the endpoint rules of Amazon RDS and AWS Secrets Manager.</summary>
internal static class AwsEndpoint
{
    /// <summary>For example <c>https://rds.eu-west-1.amazonaws.com</c>.</summary>
    /// <param name="service">The service.</param>
    /// <param name="region">The region.</param>
    /// <param name="isFips">Whether <c>AWS_USE_FIPS_ENDPOINT</c> or the profile asks for validated cryptography.</param>
    /// <param name="isDualStack">Whether <c>AWS_USE_DUALSTACK_ENDPOINT</c> or the profile asks for IPv6.</param>
    public static string Of(AwsService service, string region, bool isFips, bool isDualStack)
    {
        var partition = Fn.Partition(region);
        var name = (string)partition["name"];

        // In these partitions both kinds of address are served under one name.
        var hasOneName = service == AwsService.SecretsManager && (name is "aws" or "aws-us-gov" || (name == "aws-cn" && !isFips));
        var isGovernmentRds = service == AwsService.Rds && name == "aws-us-gov" && !isDualStack;
        var suffix = (string)partition[isDualStack && !hasOneName ? "dualStackDnsSuffix" : "dnsSuffix"];
        return $"https://{service.Endpoint}{(isFips && !isGovernmentRds ? "-fips" : "")}.{region}.{suffix}";
    }
}
