using Amazon.Runtime;

namespace DbMigrate.Aws.Client;

/// <summary>A reply as it came over the wire.</summary>
internal sealed class AwsResponse : AmazonWebServiceResponse
{
    /// <summary>The body.</summary>
    public byte[] Body { get; init; } = [];
}
