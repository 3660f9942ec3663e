using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace DbMigrate.Aws.Secrets;

/// <summary>
/// A token that RDS takes in place of a password for 15 minutes: a presigned request for the action <c>connect</c>, without its scheme
/// (RDS user guide, IAM database authentication; AWS Signature Version 4, query parameters). Nothing is sent to make it.
/// </summary>
internal static class IamToken
{
    /// <summary>Makes a token.</summary>
    /// <param name="host">The host name that RDS gave the instance; an alias of one's own does not do.</param>
    /// <param name="port">The port.</param>
    /// <param name="user">The role, which has been granted <c>rds_iam</c>.</param>
    /// <param name="region">The region of the database.</param>
    /// <param name="accessKey">The access key's id.</param>
    /// <param name="secretKey">The secret key.</param>
    /// <param name="sessionToken">The session's token; null for a user's own keys.</param>
    /// <param name="now">The time.</param>
    public static string Create(
        string host, int port, string user, string region, string accessKey, string secretKey, string? sessionToken, DateTimeOffset now)
    {
        var time = now.UtcDateTime.ToString("yyyyMMddTHHmmssZ", CultureInfo.InvariantCulture);
        var scope = $"{time[..8]}/{region}/rds-db/aws4_request";
        var address = string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");

        // The header of an address on https's own port has no port.
        var header = (port == 443 ? host : address).ToLowerInvariant();
        var start = $"Action=connect&DBUser={Escape(user)}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={Escape($"{accessKey}/{scope}")}" +
            $"&X-Amz-Date={time}&X-Amz-Expires=900";
        var session = string.IsNullOrEmpty(sessionToken) ? "" : "&X-Amz-Security-Token=" + Escape(sessionToken);
        const string Signed = "&X-Amz-SignedHeaders=host";
        var canonical = $"GET\n/\n{start}{session}{Signed}\nhost:{header}\n\nhost\n{Hex(SHA256.HashData([]))}";
        var toSign = $"AWS4-HMAC-SHA256\n{time}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = scope.Split('/').Aggregate(Encoding.UTF8.GetBytes("AWS4" + secretKey), Sign);

        // The order of the AWS command line's own tokens; the signature is over the alphabetical one.
        return $"{address}/?{start}{Signed}{session}&X-Amz-Signature={Hex(Sign(key, toSign))}";
    }

    private static byte[] Sign(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Escape(string text) => Uri.EscapeDataString(text);

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes).ToLowerInvariant();
}
