using System.Net;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;
using Amazon.Runtime;
using Amazon.Runtime.Internal.Transform;

namespace DbMigrate.Aws.Client;

/// <summary>Takes the bytes of a reply, and makes the SDK's exception of an error's: Query XML and JSON 1.1.</summary>
internal sealed class AwsResponseUnmarshaller : ResponseUnmarshaller
{
    /// <inheritdoc/>
    public override AmazonWebServiceResponse Unmarshall(UnmarshallerContext input) => new AwsResponse { Body = Read(input) };

    /// <inheritdoc/>
    public override AmazonServiceException UnmarshallException(UnmarshallerContext input, Exception innerException, HttpStatusCode statusCode)
    {
        var (code, message) = ErrorOf(Read(input));
        code ??= Plain(input.ResponseData.GetHeaderValue("x-amzn-ErrorType"));

        // An error without a code, such as the HTML page of a proxy, is retried by its status.
        return new AmazonServiceException(
            message ?? $"HTTP {(int)statusCode}",
            innerException,
            ErrorType.Unknown,
            code ?? statusCode.ToString(),
            input.ResponseData.GetHeaderValue("x-amzn-RequestId"),
            statusCode);
    }

    /// <inheritdoc/>
    protected override UnmarshallerContext ConstructUnmarshallerContext(
        Stream responseStream, bool maintainResponseBody, IWebResponseData response, bool isException) =>
        new XmlUnmarshallerContext(responseStream, maintainResponseBody, response, isException);

    /// <inheritdoc/>
    protected override UnmarshallerContext ConstructUnmarshallerContext(
        Stream responseStream, bool maintainResponseBody, IWebResponseData response, bool isException, IRequestContext requestContext) =>
        new XmlUnmarshallerContext(responseStream, maintainResponseBody, response, isException, requestContext);

    private static byte[] Read(UnmarshallerContext context)
    {
        using var body = new MemoryStream();
        ((XmlUnmarshallerContext)context).Stream.CopyTo(body);
        return body.ToArray();
    }

    private static (string? Code, string? Message) ErrorOf(byte[] body)
    {
        try
        {
            return body.AsSpan().TrimStart(" \t\r\n"u8) is [(byte)'{', ..] ? FromJson(body) : FromXml(body);
        }
        catch (Exception e) when (e is JsonException or XmlException)
        {
            return default;
        }
    }

    private static (string? Code, string? Message) FromXml(byte[] body)
    {
        using var stream = new MemoryStream(body);
        using var reader = XmlReader.Create(stream, AwsXml.Settings);
        var error = XDocument.Load(reader).Descendants().FirstOrDefault(e => e.Name.LocalName == "Error");
        string? Of(string name) => error?.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value.Trim();
        return (Of("Code"), Of("Message"));
    }

    private static (string? Code, string? Message) FromJson(byte[] body)
    {
        using var json = JsonDocument.Parse(body);
        string? Of(string name) =>
            json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return (Plain(Of("__type")), Of("message") ?? Of("Message"));
    }

    /// <summary><c>ns#Code:http://…</c> is <c>Code</c>.</summary>
    private static string? Plain(string? type)
    {
        var name = type?.Split('#')[^1].Split(':')[0].Trim();
        return string.IsNullOrEmpty(name) ? null : name;
    }
}
