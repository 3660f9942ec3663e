using System.Net;

namespace DbMigrate.Aws.Tests;

/// <summary>What a client sent.</summary>
/// <param name="Line">The request's first line, as <c>POST / HTTP/1.1</c>.</param>
/// <param name="Headers">The headers.</param>
/// <param name="Body">The body.</param>
internal sealed record FakeRequest(string Line, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>The parameters of the Query protocol.</summary>
    public IReadOnlyDictionary<string, string> Query { get; } = Body.Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(pair => pair.Split('=', 2)).Where(pair => pair.Length == 2)
        .ToDictionary(pair => WebUtility.UrlDecode(pair[0]), pair => WebUtility.UrlDecode(pair[1]));

    /// <summary>The operation.</summary>
    public string Action => Query.GetValueOrDefault("Action") ?? Headers.GetValueOrDefault("X-Amz-Target") ?? "";

    /// <summary>A parameter.</summary>
    public string? this[string name] => Query.GetValueOrDefault(name);
}
