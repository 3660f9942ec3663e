using Amazon.Runtime;

namespace DbMigrate.Aws.Tests;

/// <summary>Settings that reach a server of the test's own, and nothing else.</summary>
internal static class FakeAccount
{
    public const string SecretKey = "secret-key-that-must-not-show";
    public const string SessionToken = "session-token-that-must-not-show";

    /// <summary>Settings with keys and a region; no environment.</summary>
    public static AwsSettings Settings(string url) => new()
    {
        Region = "eu-west-1",
        EndpointUrl = url,
        Environment = _ => null,
        Credentials = new SessionAWSCredentials("AKIDEXAMPLE", SecretKey, SessionToken),
        PollInterval = TimeSpan.FromMilliseconds(10),
    };
}
