using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Targets;

/// <summary>The parameters of an address, by libpq's names for them (PostgreSQL manual, 34.1.2 Parameter Key Words).</summary>
/// <param name="source">Where the address came from; stands at the front of every error. No error holds a value.</param>
internal sealed partial class TargetParameters(string source)
{
    /// <summary>What is passed on to the connection. <c>search_path</c> is a server setting that Npgsql knows by itself.</summary>
    private static readonly HashSet<string> s_known = new(StringComparer.OrdinalIgnoreCase)
    {
        "application_name", "channel_binding", "connect_timeout", "dbname", "fallback_application_name", "gssencmode", "host", "hostaddr",
        "keepalives", "keepalives_idle", "keepalives_interval", "krbsrvname", "load_balance_hosts", "options", "passfile", "password",
        "port", "require_auth", "schema", "search_path", "service", "sslaccept", "sslcert", "sslidentity", "sslkey", "sslmode", "sslnegotiation",
        "sslpassword", "sslrootcert", "target_session_attrs", "user",
    };

    /// <summary>The names that SQLx and others have for the same things.</summary>
    private static readonly Dictionary<string, string> s_synonyms = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ssl-mode"] = "sslmode",
        ["ssl-root-cert"] = "sslrootcert",
        ["ssl-ca"] = "sslrootcert",
        ["ssl-cert"] = "sslcert",
        ["ssl-key"] = "sslkey",
        ["servicename"] = "service",
    };

    /// <summary>Server settings that drivers of Go and Rust take as parameters of the address.</summary>
    private static readonly HashSet<string> s_serverSettings = new(StringComparer.OrdinalIgnoreCase)
    {
        "bytea_output", "datestyle", "default_transaction_isolation", "extra_float_digits", "idle_in_transaction_session_timeout",
        "intervalstyle", "lock_timeout", "maintenance_work_mem", "role", "statement_timeout", "timezone", "work_mem",
    };

    /// <summary>Parameters that steer only the pool, the statement cache or the socket of some other driver.</summary>
    private static readonly HashSet<string> s_ignored = new(StringComparer.OrdinalIgnoreCase)
    {
        // libpq. We always speak UTF-8.
        "client_encoding", "gsslib", "gssdelegation", "keepalives_count", "requirepeer", "sslcompression", "sslsni", "tcp_user_timeout",

        // Prisma, https://www.prisma.io/docs/orm/overview/databases/postgresql, and the services it is used with.
        "connection_limit", "max_connection_lifetime", "max_idle_connection_lifetime", "pgbouncer", "pool_timeout",
        "single_use_connections", "socket_timeout", "statement_cache_size", "supa", "uselibpqcompat", "workaround",

        // SQLx.
        "statement-cache-capacity",

        // pgx and lib/pq.
        "binary_parameters", "default_query_exec_mode", "description_cache_capacity", "disable_prepared_binary_result",
        "pool_health_check_period", "pool_max_conn_idle_time", "pool_max_conn_lifetime", "pool_max_conn_lifetime_jitter", "pool_max_conns", "pool_min_conns",
        "pool_min_idle_conns", "statement_cache_capacity", "statement_cache_mode",

        // Others.
        "encoding", "pool", "prepared_statements",
    };

    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Where the address came from.</summary>
    public string Source { get; set; } = source;

    /// <summary>Options of a migration tool: all that start with <c>x-</c>.</summary>
    public Dictionary<string, string> ToolOptions { get; } = new(StringComparer.Ordinal);

    /// <summary>Server settings, in order.</summary>
    public List<(string Name, string Value)> ServerSettings { get; } = [];

    /// <summary>Settings of Npgsql for which libpq has no name, by Npgsql's.</summary>
    public Dictionary<string, string> NpgsqlSettings { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A parameter's value; null when it was not given. Setting null does nothing; an empty value counts as given.</summary>
    public string? this[string name]
    {
        get => _values.GetValueOrDefault(name);
        set
        {
            if (value is not null)
            {
                _values[name] = value;
            }
        }
    }

    /// <summary>Takes a parameter as it was written.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="canNameIt">Whether an error may show the name. False when it could be a part of a badly quoted password.</param>
    /// <exception cref="DbMigrateException"><c>InvalidTarget</c> for a parameter that nobody knows or that we cannot honour.</exception>
    public void Take(string name, string value, bool canNameIt)
    {
        name = s_synonyms.GetValueOrDefault(name, name);
        if (s_known.Contains(name))
        {
            this[name] = value;
        }
        else if (name.StartsWith("x-", StringComparison.OrdinalIgnoreCase))
        {
            ToolOptions[name.ToLowerInvariant()] = value;
        }
        else if (string.Equals(name, "ssl", StringComparison.OrdinalIgnoreCase))
        {
            this["sslmode"] = value is "true" or "1"
                ? "require"
                : throw Invalid("'ssl' is neither true nor 1", "Say sslmode=disable, require or verify-full.");
        }
        else if (s_serverSettings.Contains(name))
        {
            ServerSettings.Add((name, value));
        }
        else if (SqlxOption().Match(name) is { Success: true } option)
        {
            ServerSettings.Add((option.Groups["name"].Value, value));
        }
        else if (!s_ignored.Contains(name))
        {
            throw Invalid(
                $"{(canNameIt && PlainName().IsMatch(name) ? $"the parameter '{name}'" : "a parameter")} is not known or not supported",
                "Remove it; where it is really part of a password, quote the password, or percent-encode it in a URL.");
        }
    }

    /// <summary>Fills in what was not given.</summary>
    public void Default(string name, string? value)
    {
        if (!_values.ContainsKey(name))
        {
            this[name] = value;
        }
    }

    /// <summary>Fills in what was not given with what another address gives.</summary>
    public void FillFrom(TargetParameters other)
    {
        foreach (var (name, value) in other._values)
        {
            Default(name, value);
        }

        foreach (var (name, value) in other.ToolOptions)
        {
            ToolOptions.TryAdd(name, value);
        }

        ServerSettings.InsertRange(0, other.ServerSettings);
    }

    /// <summary>An error about this address.</summary>
    /// <param name="what">What is wrong, without any value of the address.</param>
    /// <param name="nextStep">What to do.</param>
    public DbMigrateException Invalid(string what, string nextStep) =>
        new("InvalidTarget", ErrorKind.InvalidArgument, $"The database address ({Source}) cannot be used: {what}.", nextStep);

    [GeneratedRegex("^options\\[(?<name>[A-Za-z_][A-Za-z0-9_.]*)\\]$")]
    private static partial Regex SqlxOption();

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_.-]{0,40}$")]
    private static partial Regex PlainName();
}
