using System.Net;

namespace DbMigrate.Engine.Targets;

/// <summary>Turns what people and environments write into a <see cref="DbTarget"/>.</summary>
public static class TargetResolver
{
    private const string Variables = "PG* variables";
    private const string NoAddress =
        "Name it: -Target (--database-url) postgresql://user@host/database, or the environment variable DATABASE_URL, or PGHOST and PGDATABASE.";

    /// <summary>libpq's environment variables and the parameters that they stand for (PostgreSQL manual, 34.15).</summary>
    private static readonly (string Variable, string Parameter)[] s_variables =
    [
        ("PGHOST", "host"), ("PGPORT", "port"), ("PGDATABASE", "dbname"), ("PGUSER", "user"), ("PGPASSWORD", "password"),
        ("PGPASSFILE", "passfile"), ("PGOPTIONS", "options"), ("PGSSLMODE", "sslmode"), ("PGSSLNEGOTIATION", "sslnegotiation"),
        ("PGSSLROOTCERT", "sslrootcert"), ("PGSSLCERT", "sslcert"), ("PGSSLKEY", "sslkey"), ("PGCHANNELBINDING", "channel_binding"),
        ("PGREQUIREAUTH", "require_auth"), ("PGKRBSRVNAME", "krbsrvname"), ("PGGSSENCMODE", "gssencmode"),
        ("PGCONNECT_TIMEOUT", "connect_timeout"), ("PGTARGETSESSIONATTRS", "target_session_attrs"),
        ("PGLOADBALANCEHOSTS", "load_balance_hosts"),
    ];

    /// <summary>
    /// Resolves a URL (<c>postgres://</c>, <c>postgresql://</c>, golang-migrate's <c>pgx5://</c>), a keyword string of libpq or Npgsql,
    /// <c>service=name</c>, or, when <paramref name="text"/> is null, <c>DATABASE_URL</c> and then the <c>PG*</c> variables. What the
    /// address leaves open comes, as in libpq, from the service file, then the <c>PG*</c> variables, then the defaults; a password that is
    /// still missing, from the password file. <c>target_session_attrs</c> counts only where several hosts are named.
    /// </summary>
    /// <param name="text">The address, or null.</param>
    /// <param name="environment">Reads an environment variable; null where it is not set.</param>
    /// <param name="credential">A user and password that win over those of the address.</param>
    /// <param name="passwords">
    /// Makes, of the target without password, what gives the password for each connection, in place of every other. Null for a fixed one.
    /// </param>
    /// <exception cref="DbMigrateException"><c>NoTarget</c>, <c>InvalidTarget</c>, <c>ServiceNotFound</c>; never with a secret.</exception>
    public static DbTarget Resolve(
        string? text, Func<string, string?> environment, NetworkCredential? credential = null, Func<DbTarget, IPasswordSource>? passwords = null)
    {
        var parameters = Read(text, environment);
        if (credential is not null)
        {
            parameters["user"] = credential.UserName is { Length: > 0 } user ? user : null;
            parameters["password"] = credential.Password is { Length: > 0 } password ? password : null;
        }

        if ((parameters["service"] ?? environment("PGSERVICE")) is { Length: > 0 } service)
        {
            ServiceFile.Read(service, environment, parameters);
            if (parameters["service"] is not null || parameters.Source == Variables)
            {
                parameters.Source = $"service {service}";
            }
        }

        if (parameters["host"] is null)
        {
            parameters.Default("hostaddr", NotEmpty(environment("PGHOSTADDR")));
        }

        foreach (var (variable, parameter) in s_variables)
        {
            parameters.Default(parameter, NotEmpty(environment(variable)));
        }

        return TargetBuilder.Build(parameters, environment, passwords);
    }

    /// <summary>User and password of an address alone; neither the environment nor a file is looked at.</summary>
    /// <param name="text">A URL or keyword string.</param>
    /// <exception cref="DbMigrateException"><c>InvalidTarget</c>, <c>NoTarget</c>; never with a secret.</exception>
    public static NetworkCredential CredentialOf(string text)
    {
        var parameters = Read(text, static _ => null);
        return new NetworkCredential(parameters["user"], parameters["password"]);
    }

    /// <summary>The same database and login on another server, as after a restore.</summary>
    /// <param name="target">The target.</param>
    /// <param name="host">The other server's host.</param>
    /// <param name="port">Its port.</param>
    /// <param name="observer">Told what may keep the login from working there.</param>
    public static DbTarget Elsewhere(DbTarget target, string host, int port, IEngineObserver observer) => TargetBuilder.Elsewhere(target, host, port, observer);

    private static TargetParameters Read(string? text, Func<string, string?> environment)
    {
        if (text is null)
        {
            text = NotEmpty(environment("DATABASE_URL"));
            if (text is not null)
            {
                return Parse(text, "DATABASE_URL");
            }

            string[] starting = ["PGHOST", "PGHOSTADDR", "PGDATABASE", "PGSERVICE", "PGUSER"];
            return starting.Any(variable => NotEmpty(environment(variable)) is not null)
                ? new TargetParameters(Variables)
                : throw new DbMigrateException("NoTarget", ErrorKind.InvalidArgument, "No database is named.", NoAddress);
        }

        return text.Trim().Length == 0
            ? throw new DbMigrateException("NoTarget", ErrorKind.InvalidArgument, "The database's address is empty.", NoAddress)
            : Parse(text, "address");
    }

    private static TargetParameters Parse(string text, string source)
    {
        text = text.Trim();
        var parameters = new TargetParameters(source);
        if (TargetUrl.IsMatch(text))
        {
            TargetUrl.Read(text, parameters);
        }
        else if (text.Contains('=', StringComparison.Ordinal))
        {
            KeywordString.Read(text, parameters);
        }
        else
        {
            throw parameters.Invalid(
                "it is neither a URL nor keyword=value",
                "Write postgresql://user@host:port/database, or host=… dbname=…, or service=…");
        }

        return parameters;
    }

    private static string? NotEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
