using System.Globalization;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Dumps;

/// <summary>
/// Hands a target on to PostgreSQL's own programs: as environment variables (manual 34.15), so that nothing secret stands among a program's arguments,
/// which everybody on the machine can read. What has no variable and is no secret is a keyword string.
/// </summary>
internal static class LibpqSettings
{
    /// <summary>Where distributions keep the certificates of public authorities, for a libpq older than 16, which cannot ask for them by name.</summary>
    private static readonly string[] s_systemCertificates =
        ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"];

    /// <summary>The variables for a child, its password included.</summary>
    /// <param name="target">The database.</param>
    /// <param name="application">What its sessions call themselves.</param>
    /// <param name="client">The programs that are to use them.</param>
    /// <param name="cancellationToken">Stops reading the password.</param>
    /// <exception cref="DbMigrateException"><c>DumpProgramTooOld</c>, <c>DumpAddress</c>; the password cannot be read.</exception>
    public static async Task<Dictionary<string, string>> ReadAsync(
        DbTarget target, string application, ClientPrograms client, CancellationToken cancellationToken)
    {
        Check(target, client);
        var settings = new NpgsqlConnectionStringBuilder(target.ConnectionString);
        var hosts = Hosts(target);
        var variables = new Dictionary<string, string>
        {
            ["PGHOST"] = string.Join(',', hosts.Select(h => h.Host)),
            ["PGPORT"] = string.Join(',', hosts.Select(h => h.Port.ToString(CultureInfo.InvariantCulture))),
            ["PGAPPNAME"] = application,
            ["PGSSLMODE"] = Word(settings.SslMode),

            // A Kerberos ticket is not looked for, as in our own sessions.
            ["PGGSSENCMODE"] = settings.GssEncryptionMode.ToString().ToLowerInvariant(),
            ["PGCONNECT_TIMEOUT"] = settings.Timeout.ToString(CultureInfo.InvariantCulture),
        };
        Set("PGUSER", settings.Username);
        Set("PGPASSWORD", await TargetPassword.ReadAsync(target, cancellationToken));
        Set("PGPASSFILE", settings.Passfile);
        Set("PGOPTIONS", settings.Options);
        Set("PGSSLROOTCERT", RootCertificate(settings, client.Version.Major));
        Set("PGSSLCERT", settings.SslCertificate);
        Set("PGSSLKEY", settings.SslKey);
        Set("PGKRBSRVNAME", settings.ContainsKey("Kerberos Service Name") ? settings.KerberosServiceName : null);
        Set("PGCHANNELBINDING", settings.ChannelBinding.ToString().ToLowerInvariant());
        Set("PGREQUIREAUTH", settings.RequireAuth?.ToLowerInvariant().Replace("scramsha256", "scram-sha-256", StringComparison.Ordinal));
        Set("PGSSLNEGOTIATION", settings.ContainsKey("SSL Negotiation") ? settings["SSL Negotiation"].ToString()!.ToLowerInvariant() : null);
        if (hosts.Count > 1)
        {
            // libpq has no prefer-primary; asking for a primary never takes a standby that Npgsql would have passed over.
            Set("PGTARGETSESSIONATTRS", settings.TargetSessionAttributes is "prefer-primary" ? "primary" : settings.TargetSessionAttributes);
            Set("PGLOADBALANCEHOSTS", settings.LoadBalanceHosts ? "random" : null);
        }

        return variables;

        void Set(string name, string? value)
        {
            if (value is { Length: > 0 })
            {
                variables[name] = value;
            }
        }
    }

    /// <summary>Whether all that an address says can be handed on. Asks for no password.</summary>
    /// <param name="target">The database.</param>
    /// <param name="client">The programs that are to use it.</param>
    /// <exception cref="DbMigrateException"><c>DumpProgramTooOld</c>, <c>DumpAddress</c>.</exception>
    public static void Check(DbTarget target, ClientPrograms client)
    {
        var settings = new NpgsqlConnectionStringBuilder(target.ConnectionString);
        if (settings.RequireAuth is { Length: > 0 } && client.Version.Major < 16)
        {
            // It would be passed over in silence, and the login be less strict than was asked for.
            throw new DbMigrateException(
                "DumpProgramTooOld",
                ErrorKind.NotInstalled,
                $"The address asks for require_auth, which {client.PgDump} {client.Version} does not know.",
                "Install PostgreSQL's client programs of version 16 or newer, or leave require_auth out.");
        }

        if (settings.SslPassword is { Length: > 0 })
        {
            throw new DbMigrateException(
                "DumpAddress",
                ErrorKind.InvalidArgument,
                "The key file of the address is protected by a password (sslpassword), which pg_dump takes only in its arguments, where others can read it.",
                "Use a key file without password that only you can read (chmod 600), or another way to log in.");
        }
    }

    /// <summary>The keyword string that names the database, and what has no variable. Any name is safe in it.</summary>
    public static string Keywords(DbTarget target)
    {
        var settings = new NpgsqlConnectionStringBuilder(target.ConnectionString);
        var name = target.Database.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal);
        var text = $"dbname='{name}'";
        text += settings.TcpKeepAlive ? "" : " keepalives=0";
        text += settings.TcpKeepAliveTime > 0 ? string.Create(CultureInfo.InvariantCulture, $" keepalives_idle={settings.TcpKeepAliveTime}") : "";
        return text + (settings.TcpKeepAliveInterval > 0
            ? string.Create(CultureInfo.InvariantCulture, $" keepalives_interval={settings.TcpKeepAliveInterval}")
            : "");
    }

    /// <summary>The hosts, each with its port: <c>db1:5432,[::1]:5433,/run/postgresql</c>.</summary>
    private static List<(string Host, int Port)> Hosts(DbTarget target) => !target.Host.Contains(',', StringComparison.Ordinal)
        ? [(target.Host, target.Port)]
        : [.. target.Host.Split(',').Select(host =>
        {
            var colon = host.LastIndexOf(':');
            return host[0] is '/' or '@' || colon < 0 || host.EndsWith(']')
                ? (host.Trim('[', ']'), target.Port)
                : (host[..colon].Trim('[', ']'), int.Parse(host.AsSpan(colon + 1), CultureInfo.InvariantCulture));
        })];

    private static string Word(SslMode mode) => mode switch
    {
        SslMode.VerifyCA => "verify-ca",
        SslMode.VerifyFull => "verify-full",
        _ => mode.ToString().ToLowerInvariant(),
    };

    // Without a file Npgsql asks the system's store; libpq looks for ~/.postgresql/root.crt and gives up.
    private static string? RootCertificate(NpgsqlConnectionStringBuilder settings, int major)
    {
        if (settings.RootCertificate is { Length: > 0 } || settings.SslMode is not (SslMode.VerifyCA or SslMode.VerifyFull) ||
            File.Exists(UserFolder.File(Environment.GetEnvironmentVariable, ".postgresql/root.crt", "root.crt")))
        {
            return settings.RootCertificate;
        }

        return major >= 16 && settings.SslMode == SslMode.VerifyFull ? "system" : s_systemCertificates.FirstOrDefault(File.Exists);
    }
}
