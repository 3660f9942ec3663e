using System.Data.Common;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace DbMigrate.Engine.Targets;

/// <summary>Reads keyword strings: libpq's (<c>host=db1 dbname=orders</c>) and Npgsql's (<c>Host=db1;Database=orders</c>).</summary>
internal static partial class KeywordString
{
    /// <summary>Npgsql's names for what libpq has names for.</summary>
    private static readonly Dictionary<string, string> s_libpqNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Host"] = "host",
        ["Port"] = "port",
        ["Database"] = "dbname",
        ["Username"] = "user",
        ["Password"] = "password",
        ["Passfile"] = "passfile",
        ["Application Name"] = "application_name",
        ["Search Path"] = "search_path",
        ["SSL Mode"] = "sslmode",
        ["SSL Negotiation"] = "sslnegotiation",
        ["SSL Certificate"] = "sslcert",
        ["SSL Key"] = "sslkey",
        ["SSL Password"] = "sslpassword",
        ["Root Certificate"] = "sslrootcert",
        ["Timeout"] = "connect_timeout",
        ["Options"] = "options",
        ["Target Session Attributes"] = "target_session_attrs",
        ["GSS Encryption Mode"] = "gssencmode",
        ["Channel Binding"] = "channel_binding",
        ["Require Auth"] = "require_auth",
        ["Kerberos Service Name"] = "krbsrvname",
        ["TCP Keepalive Time"] = "keepalives_idle",
        ["TCP Keepalive Interval"] = "keepalives_interval",
    };

    /// <summary>Settings that libpq has no name for. All others steer pools, caches and buffers, and are not ours to take.</summary>
    private static readonly HashSet<string> s_taken =
    [
        "Cancellation Timeout", "Check Certificate Revocation", "Include Realm", "Keepalive", "Load Balance Hosts", "Timezone",
    ];

    /// <summary>Reads a keyword string of either kind into <paramref name="parameters"/>.</summary>
    public static void Read(string text, TargetParameters parameters)
    {
        if (NpgsqlStart().IsMatch(text))
        {
            ReadNpgsql(text, parameters);
        }
        else
        {
            ReadLibpq(text, parameters);
        }
    }

    /// <summary>PostgreSQL manual, 34.1.1.1: pairs between blanks; values may stand in single quotes; <c>\'</c> and <c>\\</c>.</summary>
    private static void ReadLibpq(string text, TargetParameters parameters)
    {
        var position = 0;
        while (SkipBlanks() < text.Length)
        {
            var start = position;
            while (position < text.Length && text[position] != '=' && !char.IsWhiteSpace(text[position]))
            {
                position++;
            }

            var name = text[start..position];
            if (SkipBlanks() == text.Length || text[position] != '=')
            {
                throw parameters.Invalid(
                    "a keyword is not followed by '='", "Write keyword=value, and values with blanks in quotes: password='two words'");
            }

            position++;
            SkipBlanks();
            parameters.Take(name, Value(), canNameIt: parameters["password"] is null);
        }

        int SkipBlanks()
        {
            while (position < text.Length && char.IsWhiteSpace(text[position]))
            {
                position++;
            }

            return position;
        }

        string Value()
        {
            var value = new StringBuilder();
            var isQuoted = position < text.Length && text[position] == '\'';
            for (position += isQuoted ? 1 : 0; ; position++)
            {
                if (position == text.Length)
                {
                    return isQuoted
                        ? throw parameters.Invalid("a quote is not closed", "Write a quote inside a value as \\'")
                        : value.ToString();
                }

                if (isQuoted ? text[position] == '\'' : char.IsWhiteSpace(text[position]))
                {
                    position++;
                    return value.ToString();
                }

                if (text[position] == '\\' && position + 1 < text.Length)
                {
                    position++;
                }

                value.Append(text[position]);
            }
        }
    }

    private static void ReadNpgsql(string text, TargetParameters parameters)
    {
        var pairs = new DbConnectionStringBuilder();
        try
        {
            pairs.ConnectionString = text;
        }
        catch (ArgumentException)
        {
            throw parameters.Invalid(
                "it is not keyword=value;keyword=value", "Put values that hold ; or quotes into quotes: Password=\"a;b\"");
        }

        foreach (string name in pairs.Keys)
        {
            var value = Convert.ToString(pairs[name], System.Globalization.CultureInfo.InvariantCulture) ?? "";
            var one = new NpgsqlConnectionStringBuilder();
            try
            {
                // Finds the setting's own name, of which Npgsql knows several spellings, and tests the value.
                one[name] = value;
            }
            catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException or OverflowException)
            {
                var canNameIt = parameters["password"] is null && SettingName().IsMatch(name);
                throw parameters.Invalid(
                    $"{(canNameIt ? $"the setting '{name}'" : "a setting")} is not known or has a value that it cannot have",
                    "See Npgsql's list of connection string parameters, and put values that hold ; or quotes into quotes.");
            }

            var ownName = one.Keys.Single();
            if (ownName == "Host")
            {
                ReadHosts(value, parameters);
            }
            else if (s_libpqNames.TryGetValue(ownName, out var libpqName))
            {
                parameters[libpqName] = value;
            }
            else if (s_taken.Contains(ownName))
            {
                parameters.NpgsqlSettings[ownName] = value;
            }
        }
    }

    /// <summary>Npgsql writes the ports of several hosts behind them: <c>db1:5432,db2:5433</c>.</summary>
    private static void ReadHosts(string text, TargetParameters parameters)
    {
        var hosts = text.Split(',').Select(part => HostAndPort().Match(part.Trim())).ToList();
        parameters["host"] = string.Join(',', hosts.Select(h => h.Groups["host"].Value));
        if (hosts.Any(h => h.Groups["port"].Success))
        {
            parameters["port"] = string.Join(',', hosts.Select(h => h.Groups["port"].Value));
        }
    }

    /// <summary>A first pair that ends in a semicolon, or a first keyword with a blank in it or one that only Npgsql has.</summary>
    [GeneratedRegex(
        """
        ^\s*(
            [A-Za-z_]+ (\s+[A-Za-z_]+)+ \s*= |
            [A-Za-z_]+ \s*=\s* ('[^']*' | "[^"]*" | [^;\s'"][^;\s]*)? \s*; |
            (server | database | db | username | userid | uid) \s*=
        )
        """,
        RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex NpgsqlStart();

    [GeneratedRegex(@"^(\[?(?<host>[^\[\]:]*:[^\[\]]*:[^\[\]]*?)\]?|(?<host>[^:]*))(:(?<port>[0-9]+))?$")]
    private static partial Regex HostAndPort();

    [GeneratedRegex("^[A-Za-z][A-Za-z ]{0,40}$")]
    private static partial Regex SettingName();
}
