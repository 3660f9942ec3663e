using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml;
using System.Xml.Linq;
using Amazon.Runtime;
using Amazon.Runtime.Credentials.Internal;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Auth;

namespace DbMigrate.Aws.Client;

/// <summary>
/// A client of one service on the core of the AWS SDK, which signs, retries, corrects the clock, and finds credentials and addresses as
/// in every other client of it.
/// </summary>
internal sealed class AwsClient : AmazonServiceClient
{
    private readonly AwsClientConfig _config;
    private readonly InvokeOptions _options;

    private AwsClient(AwsService service, AwsClientConfig config)
        : base(config)
    {
        _config = config;
        _options = new InvokeOptions { RequestMarshaller = new AwsRequestMarshaller(service), ResponseUnmarshaller = new AwsResponseUnmarshaller() };
    }

    /// <summary>The region.</summary>
    public string Region => _config.AuthenticationRegion;

    /// <inheritdoc/>
    /// <remarks>A reply may hold a secret.</remarks>
    protected override bool SupportResponseLogging => false;

    /// <summary>Makes a client; nothing is sent yet.</summary>
    /// <exception cref="DbMigrateException"><c>AwsRegionMissing</c>, <c>InvalidRegion</c>, <c>AwsProfileNotFound</c>, <c>InvalidEndpointUrl</c>.</exception>
    public static AwsClient Open(AwsService service, AwsSettings settings)
    {
        var region = AwsRegion.Resolve(settings);
        if (settings.EndpointUrl is { } url && !IsAddress(url))
        {
            throw InvalidAddress($"'{url}'", url);
        }

        var config = new AwsClientConfig(service, settings, region);
        string? address;
        try
        {
            address = config.Address;
        }
        catch (AmazonClientException)
        {
            // The SDK refuses what is no URL at all.
            address = null;
        }

        return address is not null && IsAddress(address) ? new AwsClient(service, config) : throw InvalidAddress(FromOutside, address);
    }

    private const string FromOutside = "What AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_RDS and its like, or endpoint_url of the profile says";

    private static bool IsAddress(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";

    private static DbMigrateException InvalidAddress(string what, string? url) => new(
        "InvalidEndpointUrl", ErrorKind.InvalidArgument, $"{what} is no address of a service.", "Write https://host or http://host:port") { Subject = url };

    /// <summary>Calls an operation of the Query protocol.</summary>
    /// <returns>The element <c>…Result</c>.</returns>
    /// <exception cref="DbMigrateException">See <see cref="AwsFailure"/>.</exception>
    public Task<XElement> QueryAsync(QueryRequest request, CancellationToken cancellationToken) => SendAsync(
        new AwsRequest(request.Operation, "application/x-www-form-urlencoded; charset=utf-8", Encoding.UTF8.GetBytes(request.Body())),
        request.Subject,
        body => AwsXml.ResultOf(request.Operation, body),
        cancellationToken);

    /// <summary>Calls an operation of the JSON protocol, version 1.1.</summary>
    /// <exception cref="DbMigrateException">See <see cref="AwsFailure"/>.</exception>
    public Task<JsonObject> JsonAsync(string target, string subject, JsonObject input, CancellationToken cancellationToken) => SendAsync(
        new AwsRequest(target, "application/x-amz-json-1.1", Encoding.UTF8.GetBytes(input.ToJsonString()), target),
        subject,
        body => JsonNode.Parse(body) as JsonObject ?? throw new JsonException("The reply is no object."),
        cancellationToken);

    /// <inheritdoc/>
    protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline) => pipeline.AddHandlerAfter<Marshaller>(new SigV4());

    private async Task<T> SendAsync<T>(AwsRequest request, string subject, Func<byte[], T> read, CancellationToken cancellationToken)
    {
        AwsResponse response;
        try
        {
            response = await InvokeAsync<AwsResponse>(request, _options, cancellationToken);
        }
        catch (Exception e)
        {
            // The SDK reports a cancelled request in several ways; callers look for one.
            cancellationToken.ThrowIfCancellationRequested();
            throw AwsFailure.Explain(e, request.Operation, subject, Host);
        }

        try
        {
            return read(response.Body);
        }
        catch (Exception e) when (e is XmlException or JsonException)
        {
            throw AwsFailure.BadReply(request.Operation, Host, e);
        }
    }

    private string Host => new Uri(_config.Address).Authority;

    /// <summary>Without it the SDK, from version 4 on, neither looks for credentials nor signs.</summary>
    private sealed class SigV4 : BaseAuthResolverHandler
    {
        protected override List<IAuthSchemeOption> ResolveAuthOptions(IExecutionContext executionContext) => AuthSchemeOption.DEFAULT_SIGV4;
    }
}
