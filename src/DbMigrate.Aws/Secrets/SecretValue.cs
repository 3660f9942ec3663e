using System.Globalization;
using System.Text.Json;

namespace DbMigrate.Aws.Secrets;

/// <summary>
/// What a secret says of a database. Three forms are understood: the JSON that RDS and its rotation write (<c>username</c>, <c>password</c>, and
/// often <c>host</c>, <c>port</c>, <c>dbname</c>), JSON with the address under <c>url</c>, and the bare address, a URL or a keyword string.
/// </summary>
internal sealed record SecretValue
{
    private static readonly string[] s_urlKeys = ["url", "uri", "database_url", "DATABASE_URL", "connectionString"];

    /// <summary>The address as text; null where the secret holds parts.</summary>
    public string? Url { get; init; }

    public string? Host { get; init; }

    public int? Port { get; init; }

    public string? Database { get; init; }

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>Reads a secret's text.</summary>
    /// <param name="secretId">Its name.</param>
    /// <param name="text">Its value.</param>
    /// <exception cref="DbMigrateException"><c>InvalidSecret</c>; never with the value.</exception>
    public static SecretValue Read(string secretId, string text)
    {
        text = text.Trim();
        if (!text.StartsWith('{'))
        {
            return text.Contains("://", StringComparison.Ordinal) || text.Contains('=', StringComparison.Ordinal)
                ? new SecretValue { Url = text }
                : throw Invalid(secretId, "it is neither JSON nor an address");
        }

        try
        {
            using var json = JsonDocument.Parse(text);
            return Read(secretId, json.RootElement);
        }
        catch (JsonException)
        {
            // The exception's message may quote the secret.
            throw Invalid(secretId, "it begins as JSON does, and is none");
        }
    }

    /// <summary>Never with the password.</summary>
    public override string ToString() => "a secret";

    private static SecretValue Read(string secretId, JsonElement json)
    {
        string? Of(params string[] names) => names.Select(name => json.TryGetProperty(name, out var value) ? Text(value) : null).FirstOrDefault(v => v is not null);
        if (Of("engine") is { } engine && !engine.Contains("postgres", StringComparison.OrdinalIgnoreCase))
        {
            throw Invalid(secretId, $"it is of a {(engine.Length <= 20 ? engine : "different")} database, not of PostgreSQL");
        }

        var port = Of("port");
        var value = new SecretValue
        {
            Url = Of(s_urlKeys),
            Host = Of("host", "hostname"),
            Port = port is null ? null
                : int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65535 ? number
                : throw Invalid(secretId, "its port is no number from 1 to 65535"),
            Database = Of("dbname", "database"),
            User = Of("username", "user"),
            Password = Of("password"),
        };
        return value.Url is not null || value.Password is not null ? value : throw Invalid(secretId, "it has neither a password nor a url");
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString() is { Length: > 0 } text ? text : null,
        JsonValueKind.Number => value.GetRawText(),
        _ => null,
    };

    private static DbMigrateException Invalid(string secretId, string why) => new(
        "InvalidSecret",
        ErrorKind.InvalidData,
        $"The secret '{secretId}' is of no use for a connection: {why}.",
        "It has to be JSON with username, password, host, port and dbname, JSON with url, or an address: postgresql://user:password@host:port/database")
    { Subject = secretId };
}
