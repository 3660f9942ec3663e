using Amazon.Runtime;

namespace DbMigrate.Aws.Client;

/// <summary>A request as it goes over the wire.</summary>
/// <param name="operation">The operation, for logs and metrics of the SDK.</param>
/// <param name="contentType">The body's type.</param>
/// <param name="body">The body.</param>
/// <param name="target">The header <c>X-Amz-Target</c> of the JSON protocol; null for Query.</param>
internal sealed class AwsRequest(string operation, string contentType, byte[] body, string? target = null) : AmazonWebServiceRequest
{
    /// <summary>The operation.</summary>
    public string Operation { get; } = operation;

    /// <summary>The body's type.</summary>
    public string ContentType { get; } = contentType;

    /// <summary>The body.</summary>
    public byte[] Body { get; } = body;

    /// <summary>The header <c>X-Amz-Target</c>; null for the Query protocol.</summary>
    public string? Target { get; } = target;
}
