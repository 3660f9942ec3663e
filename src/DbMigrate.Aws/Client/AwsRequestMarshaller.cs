using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Transform;

namespace DbMigrate.Aws.Client;

/// <summary>Hands a request to the SDK.</summary>
internal sealed class AwsRequestMarshaller(AwsService service) : IMarshaller<IRequest, AmazonWebServiceRequest>
{
    /// <inheritdoc/>
    public IRequest Marshall(AmazonWebServiceRequest input)
    {
        var request = (AwsRequest)input;
        var marshalled = new DefaultRequest(request, service.Id)
        {
            HttpMethod = "POST",
            ResourcePath = "/",
            Content = request.Body,
            Headers = { ["Content-Type"] = request.ContentType },
        };
        if (request.Target is not null)
        {
            marshalled.Headers["X-Amz-Target"] = request.Target;
        }

        return marshalled;
    }
}
