using System.Text;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Targets;

/// <summary>
/// Reads a connection URI (PostgreSQL manual, 34.1.1.2): <c>postgres://user:password@host:port,host2/database?name=value</c>. The
/// platform's own parser knows neither several hosts nor socket folders.
/// </summary>
internal static partial class TargetUrl
{
    private const string EncodeIt =
        "In a URL, percent-encode the special characters of user and password: @ is %40, : %3A, / %2F, ? %3F, # %23, % %25.";

    /// <summary>Whether a text is meant to be a URL.</summary>
    public static bool IsMatch(string text) => Scheme().IsMatch(text);

    /// <summary>Reads a URL into <paramref name="parameters"/>.</summary>
    public static void Read(string url, TargetParameters parameters)
    {
        var scheme = Scheme().Match(url);
        var name = scheme.Groups["name"].Value.ToLowerInvariant();
        if (name.StartsWith("jdbc:", StringComparison.Ordinal))
        {
            throw parameters.Invalid(
                "it is written for JDBC", "Leave 'jdbc:' out; user and password go in front: postgresql://user:password@host:port/database");
        }

        if (name is not ("postgres" or "postgresql" or "pgx" or "pgx4" or "pgx5"))
        {
            throw parameters.Invalid($"'{name}' is no scheme of PostgreSQL", "Write postgresql://user:password@host:port/database");
        }

        var rest = url[scheme.Length..];
        rest = ReadUser(rest, parameters);
        var end = rest.IndexOfAny(['/', '?']);
        ReadHosts(end < 0 ? rest : rest[..end], parameters);
        rest = end < 0 ? "" : rest[end..];
        var query = rest.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? rest : rest[..query];
        if (path.Length > 1)
        {
            parameters["dbname"] = Decode(path[1..], "database", parameters);
        }

        if (query >= 0)
        {
            ReadQuery(rest[(query + 1)..], parameters);
        }
    }

    /// <summary>Takes <c>user:password@</c> off the front.</summary>
    private static string ReadUser(string rest, TargetParameters parameters)
    {
        // As libpq, the first @ before any / ends it; as other tools, a later one does if only host characters could follow the first.
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var authority = slash < 0 ? rest : rest[..slash];
        var at = authority.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            var query = authority.IndexOf('?', at);
            at = (query < 0 ? authority : authority[..query]).LastIndexOf('@');
        }

        // A password with a bare slash: what follows would be taken for a database's name, and shown.
        var path = slash < 0 ? "" : rest[slash..].Split('?')[0];
        if (path.Contains('@', StringComparison.Ordinal) || (at < 0 && rest.Contains('@', StringComparison.Ordinal)))
        {
            throw parameters.Invalid("an '@' stands behind the end of the host", EncodeIt);
        }

        if (at < 0)
        {
            return rest;
        }

        var user = rest[..at];
        var colon = user.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
        {
            parameters["password"] = Decode(user[(colon + 1)..], "password", parameters);
            user = user[..colon];
        }

        if (user.Length > 0)
        {
            parameters["user"] = Decode(user, "user", parameters);
        }

        return rest[(at + 1)..];
    }

    private static void ReadHosts(string text, TargetParameters parameters)
    {
        if (text.Length == 0)
        {
            return;
        }

        var hosts = text.Split(',').Select(part => HostAndPort().Match(part)).ToList();
        if (!hosts.TrueForAll(h => h.Success))
        {
            throw parameters.Invalid("a host is not host, host:port or [address]:port", EncodeIt);
        }

        if (hosts.Any(h => h.Groups["host"].Length > 0))
        {
            parameters["host"] = string.Join(',', hosts.Select(h => Decode(h.Groups["host"].Value, "host", parameters)));
        }

        if (hosts.Any(h => h.Groups["port"].Length > 0))
        {
            parameters["port"] = string.Join(',', hosts.Select(h => h.Groups["port"].Value));
        }
    }

    private static void ReadQuery(string query, TargetParameters parameters)
    {
        foreach (var part in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw parameters.Invalid("a parameter behind the '?' has no name or no value", "Write ?name=value&name=value");
            }

            var name = Decode(part[..equals], "name of a parameter", parameters);
            var value = part[(equals + 1)..];

            // libpq takes a + as it is, the URL parsers of Go, Rust and Node.js as a blank; it is a blank where people use it.
            value = name.StartsWith("options", StringComparison.OrdinalIgnoreCase) ? value.Replace('+', ' ') : value;
            parameters.Take(name, Decode(value, "value of a parameter", parameters), canNameIt: true);
        }
    }

    private static string Decode(string text, string part, TargetParameters parameters)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
        {
            return text;
        }

        if (BadPercent().IsMatch(text))
        {
            throw parameters.Invalid($"a '%' in the {part} is not followed by two hexadecimal digits", EncodeIt);
        }

        try
        {
            var bytes = new List<byte>(text.Length);
            for (var i = 0; i < text.Length; i++)
            {
                if (text[i] == '%')
                {
                    bytes.Add(Convert.FromHexString(text.AsSpan(i + 1, 2))[0]);
                    i += 2;
                }
                else
                {
                    var length = char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? 2 : 1;
                    bytes.AddRange(s_utf8.GetBytes(text.Substring(i, length)));
                    i += length - 1;
                }
            }

            var decoded = s_utf8.GetString([.. bytes]);
            return decoded.Contains('\0', StringComparison.Ordinal)
                ? throw parameters.Invalid($"the {part} holds a zero byte", EncodeIt)
                : decoded;
        }
        catch (ArgumentException)
        {
            throw parameters.Invalid($"the {part} is not UTF-8 when its percent-encoding is undone", EncodeIt);
        }
    }

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    [GeneratedRegex("^(?<name>(jdbc:)?[A-Za-z][A-Za-z0-9+.-]*)://", RegexOptions.IgnoreCase)]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^(\[(?<host>[0-9A-Fa-f:.%A-Za-z]+)\]|(?<host>[^:\[\]@\s]*))(:(?<port>[0-9]*))?$")]
    private static partial Regex HostAndPort();

    [GeneratedRegex("%(?![0-9A-Fa-f]{2})")]
    private static partial Regex BadPercent();
}
