using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace DbMigrate.Engine.Targets;

/// <summary>Makes a <see cref="DbTarget"/> of parameters, with libpq's defaults and libpq's meaning of them.</summary>
internal static partial class TargetBuilder
{
    private const int DefaultPort = 5432;

    /// <summary>What Npgsql calls the parameters whose values it understands as libpq does.</summary>
    private static readonly Dictionary<string, string> s_npgsqlNames = new()
    {
        ["channel_binding"] = "Channel Binding",
        ["gssencmode"] = "GSS Encryption Mode",
        ["krbsrvname"] = "Kerberos Service Name",
        ["require_auth"] = "Require Auth",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslnegotiation"] = "SSL Negotiation",
        ["sslpassword"] = "SSL Password",
        ["keepalives_idle"] = "TCP Keepalive Time",
        ["connect_timeout"] = "Timeout",
    };

    /// <summary>Makes the target.</summary>
    /// <exception cref="DbMigrateException"><c>InvalidTarget</c>.</exception>
    public static DbTarget Build(
        TargetParameters parameters, Func<string, string?> environment, Func<DbTarget, IPasswordSource>? passwords = null)
    {
        var settings = ConnectionSettings.Create();
        foreach (var (name, value) in parameters.NpgsqlSettings)
        {
            settings[name] = value;
        }

        var hosts = Hosts(parameters);
        var user = NotEmpty(parameters["user"]);
        var login = user ?? Environment.UserName;
        var database = NotEmpty(parameters["dbname"]) ?? login;
        settings.Host = hosts.Count == 1 ? hosts[0].Host : string.Join(',', hosts.Select(Address));
        settings.Port = hosts[0].Port;
        settings.Username = login;
        settings.Database = database;
        if (passwords is null)
        {
            SetPassword(settings, parameters, hosts, environment);
        }

        SetTls(settings, parameters, hosts, environment);
        SetSession(settings, parameters);
        if (hosts.Count > 1)
        {
            Set(settings, "Target Session Attributes", parameters, "target_session_attrs");
            settings.LoadBalanceHosts = parameters["load_balance_hosts"] is "random";
        }

        foreach (var (parameter, name) in s_npgsqlNames)
        {
            Set(settings, name, parameters, parameter);
        }

        var target = new DbTarget(settings.ConnectionString)
        {
            Host = settings.Host,
            Port = settings.Port,
            Database = database,
            User = user,
            Schema = NotEmpty(parameters["schema"]) ?? FirstOf(parameters["search_path"]),
            Source = parameters.Source,
            ToolOptions = parameters.ToolOptions,
        };
        return passwords is null ? target : WithSource(target, settings, parameters, hosts, passwords(target));
    }

    /// <summary>The same with another host.</summary>
    public static DbTarget Elsewhere(DbTarget target, string host, int port, IEngineObserver observer)
    {
        var settings = new NpgsqlConnectionStringBuilder(target.ConnectionString) { Host = host, Port = port };
        return new DbTarget(target, settings.ConnectionString) { Host = host, Port = port, PasswordSource = target.PasswordSource?.Elsewhere(host, port, observer) };
    }

    private static DbTarget WithSource(
        DbTarget target, NpgsqlConnectionStringBuilder settings, TargetParameters parameters, List<(string Host, int Port)> hosts, IPasswordSource source)
    {
        if (source.NeedsEncryption)
        {
            if (hosts.Count > 1)
            {
                throw parameters.Invalid("it names several hosts, and a token is for one", "Give one host.");
            }

            if (settings.SslMode == SslMode.Disable)
            {
                throw parameters.Invalid("it does without TLS, and a token must not be read on its way", "Leave sslmode out, or take verify-full.");
            }

            settings.SslMode = settings.SslMode is SslMode.Allow or SslMode.Prefer ? SslMode.Require : settings.SslMode;
        }

        return target.With(settings.ConnectionString, source);
    }

    private static List<(string Host, int Port)> Hosts(TargetParameters parameters)
    {
        var addresses = NotEmpty(parameters["hostaddr"]);
        if (addresses is not null && parameters["sslmode"] is { } mode && mode.Contains("full", StringComparison.OrdinalIgnoreCase))
        {
            throw parameters.Invalid(
                "'hostaddr' and sslmode=verify-full are given together", "Leave hostaddr out: the certificate holds the host's name.");
        }

        var names = (addresses ?? parameters["host"] ?? "").Split(',');
        var ports = (parameters["port"] ?? "").Split(',').Select(port => Port(port, parameters)).ToList();
        if (ports.Count != 1 && ports.Count != names.Length)
        {
            throw parameters.Invalid("it has more or fewer ports than hosts", "Give one port for all hosts, or one for each.");
        }

        return [.. names.Select((name, i) => Host(name.Trim(), ports[ports.Count == 1 ? 0 : i]))];
    }

    private static (string Host, int Port) Host(string name, int port) => (name.Length == 0 ? DefaultHost(port) : name, port);

    private static int Port(string text, TargetParameters parameters)
    {
        if (text.Trim().Length == 0)
        {
            return DefaultPort;
        }

        return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535
            ? port
            : throw parameters.Invalid(
                "a port is not a number from 1 to 65535", "Write host:port; in a URL, percent-encode a ':' in user or password as %3A.");
    }

    /// <summary>libpq connects to the server's own socket, whose folder was fixed when libpq was built; these are the usual ones.</summary>
    private static string DefaultHost(int port)
    {
        string[] folders = OperatingSystem.IsWindows() ? [] : ["/var/run/postgresql", "/run/postgresql", "/tmp"];
        var socket = ".s.PGSQL." + port.ToString(CultureInfo.InvariantCulture);
        return folders.FirstOrDefault(folder => File.Exists(Path.Combine(folder, socket))) ?? "localhost";
    }

    private static bool IsSocket(string host) => Path.IsPathRooted(host) || host[0] == '@';

    private static string Address((string Host, int Port) host)
    {
        var name = host.Host.Contains(':', StringComparison.Ordinal) ? $"[{host.Host}]" : host.Host;
        return IsSocket(host.Host) ? name : name + ":" + host.Port.ToString(CultureInfo.InvariantCulture);
    }

    private static void SetPassword(
        NpgsqlConnectionStringBuilder settings,
        TargetParameters parameters,
        List<(string Host, int Port)> hosts,
        Func<string, string?> environment)
    {
        if (NotEmpty(parameters["password"]) is { } given)
        {
            settings.Password = given;
            return;
        }

        var file = PasswordFile.PathOf(parameters, environment);
        var found = hosts.Select(h => PasswordFile.Find(file, h.Host, h.Port, settings.Database!, settings.Username!)).Distinct().ToList();
        if (found is [{ } password])
        {
            settings.Password = password;
        }
        else if (found.Count > 1)
        {
            // Each host has another password; Npgsql looks for it when it knows the host.
            settings.Passfile = file;
        }
    }

    private static void SetTls(
        NpgsqlConnectionStringBuilder settings,
        TargetParameters parameters,
        List<(string Host, int Port)> hosts,
        Func<string, string?> environment)
    {
        var mode = (parameters["sslmode"] ?? "prefer").ToUpperInvariant() switch
        {
            "DISABLE" => SslMode.Disable,
            "ALLOW" => SslMode.Allow,
            "PREFER" => SslMode.Prefer,
            "REQUIRE" => SslMode.Require,
            "VERIFY-CA" or "VERIFYCA" => SslMode.VerifyCA,
            "VERIFY-FULL" or "VERIFYFULL" => SslMode.VerifyFull,
            _ => throw parameters.Invalid(
                "sslmode has a value that it cannot have", "It is one of disable, allow, prefer, require, verify-ca, verify-full."),
        };
        var root = NotEmpty(parameters["sslrootcert"]);

        // Prisma has parameters of its own, and sslcert is what libpq calls sslrootcert there.
        var isPrisma = parameters["sslaccept"] is not null || parameters["sslidentity"] is not null;
        if (isPrisma)
        {
            root = NotEmpty(parameters["sslcert"]) ?? root;
            parameters["sslcert"] = parameters["sslidentity"] ?? "";
            mode = parameters["sslaccept"] == "strict" && mode != SslMode.Disable ? SslMode.VerifyFull : mode;
        }

        if (root == "system")
        {
            // Npgsql asks the system's store when no file is named (PostgreSQL manual, 34.19.4).
            (root, mode) = (null, SslMode.VerifyFull);
        }
        else if (mode == SslMode.Require && !isPrisma &&
            (root is not null || File.Exists(UserFolder.File(environment, ".postgresql/root.crt", "root.crt"))))
        {
            // Npgsql would not look at the certificate; with an authority's file at hand, libpq does (manual, 34.19.1).
            mode = SslMode.VerifyCA;
        }

        settings.RootCertificate = root;
        settings.SslMode = hosts.TrueForAll(h => IsSocket(h.Host)) ? SslMode.Disable : mode;
    }

    private static void SetSession(NpgsqlConnectionStringBuilder settings, TargetParameters parameters)
    {
        settings.ApplicationName =
            NotEmpty(parameters["application_name"]) ?? NotEmpty(parameters["fallback_application_name"]) ?? settings.ApplicationName;

        // Prisma sees the schema of its URL and nothing else.
        settings.SearchPath = NotEmpty(parameters["schema"]) is { } schema
            ? $"\"{schema.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : NotEmpty(parameters["search_path"]);
        var options = parameters.ServerSettings
            .Select(s => $"-c {s.Name}={OptionBlank().Replace(s.Value, @"\$0")}")
            .Prepend(parameters["options"] ?? "")
            .Where(option => option.Length > 0);
        settings.Options = NotEmpty(string.Join(' ', options));
        settings.TcpKeepAlive = parameters["keepalives"] is not "0";
        if (NotEmpty(parameters["keepalives_idle"]) is not null)
        {
            // Npgsql takes an interval only together with the time before the first packet.
            Set(settings, "TCP Keepalive Interval", parameters, "keepalives_interval");
        }
    }

    private static void Set(NpgsqlConnectionStringBuilder settings, string name, TargetParameters parameters, string parameter)
    {
        if (NotEmpty(parameters[parameter]) is not { } value)
        {
            return;
        }

        try
        {
            settings[name] = value;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            throw parameters.Invalid(
                $"'{parameter}' has a value that it cannot have", $"See {parameter} in PostgreSQL's manual, 34.1.2 Parameter Key Words.");
        }
    }

    /// <summary>The first schema of a search_path; null for <c>$user</c>, which depends on the role.</summary>
    private static string? FirstOf(string? searchPath)
    {
        var match = FirstSchema().Match(searchPath ?? "");
        var name = match.Groups["quoted"].Success
            ? match.Groups["quoted"].Value.Replace("\"\"", "\"", StringComparison.Ordinal)
            : match.Groups["plain"].Value.ToLowerInvariant();
        return name is "" or "$user" ? null : name;
    }

    private static string? NotEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;

    [GeneratedRegex(@"^\s*(""(?<quoted>([^""]|"""")+)""|(?<plain>[^\s,""]+))")]
    private static partial Regex FirstSchema();

    [GeneratedRegex(@"[\\\s]")]
    private static partial Regex OptionBlank();
}
