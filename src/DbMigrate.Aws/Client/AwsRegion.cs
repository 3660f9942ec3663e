using System.Text.RegularExpressions;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;

namespace DbMigrate.Aws.Client;

/// <summary>Finds the region, in the AWS command line's order.</summary>
internal static partial class AwsRegion
{
    /// <summary>The region's name.</summary>
    /// <exception cref="DbMigrateException"><c>AwsRegionMissing</c>, <c>InvalidRegion</c>, <c>AwsProfileNotFound</c>.</exception>
    public static string Resolve(AwsSettings settings)
    {
        // The SDK reads AWS_REGION only, and does not take the region along with a profile that is named in code.
        var region = settings.Region ?? NotEmpty(settings.Environment("AWS_REGION")) ?? NotEmpty(settings.Environment("AWS_DEFAULT_REGION"));
        var profile = ProfileOf(settings, out var name);
        if (profile is null && settings.Profile is not null)
        {
            throw new DbMigrateException(
                "AwsProfileNotFound",
                ErrorKind.NotFound,
                $"There is no profile '{settings.Profile}' in the AWS configuration files.",
                "See them with: aws configure list-profiles. A profile for single sign-on is made with: aws configure sso") { Subject = settings.Profile };
        }

        region ??= profile?.Region?.SystemName ?? OfThisInstance(settings);
        if (region is null)
        {
            throw new DbMigrateException(
                "AwsRegionMissing",
                ErrorKind.InvalidArgument,
                $"No AWS region is named, and the profile '{name}' has none.",
                "Give -Region, or set AWS_REGION; for good: aws configure set region …");
        }

        return Name().IsMatch(region) ? region : throw new DbMigrateException(
            "InvalidRegion", ErrorKind.InvalidArgument, $"'{region}' is no name of an AWS region.", "Write it as in eu-west-1.") { Subject = region };
    }

    private static CredentialProfile? ProfileOf(AwsSettings settings, out string name)
    {
        name = settings.Profile ?? NotEmpty(settings.Environment("AWS_PROFILE")) ?? "default";
        return new CredentialProfileStoreChain().TryGetProfile(name, out var profile) ? profile : null;
    }

    /// <summary>An EC2 instance knows where it is; elsewhere nobody answers, and that takes a moment.</summary>
    private static string? OfThisInstance(AwsSettings settings)
    {
        if (string.Equals(settings.Environment("AWS_EC2_METADATA_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        try
        {
            return new InstanceProfileAWSRegion().Region?.SystemName;
        }
        catch (Exception e) when (e is InvalidOperationException or AmazonClientException or HttpRequestException or IOException)
        {
            return null;
        }
    }

    private static string? NotEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;

    [GeneratedRegex("^[a-z]{2,}(-[a-z0-9]+)+$")]
    private static partial Regex Name();
}
