using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Npgsql;
using Explanation = (string Id, DbMigrate.ErrorKind Kind, string Message, string NextStep);

namespace DbMigrate.Engine.Targets;

/// <summary>Says why a connection could not be made, and what to do about it.</summary>
internal static class ConnectionFailure
{
    /// <summary>The error to show for what Npgsql threw.</summary>
    public static DbMigrateException Explain(Exception exception, DbTarget target)
    {
        foreach (var cause in Causes(exception))
        {
            var explained = cause switch
            {
                PostgresException e => FromServer(e, target),
                SocketException e => FromSocket(e, target),
                TimeoutException => Timeout(target),
                AuthenticationException e => FromTls(e, target),
                CryptographicException or FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException => (
                    "TlsFailed",
                    ErrorKind.InvalidData,
                    $"A certificate or key for {target} cannot be read: {cause.Message}",
                    "Check the files that sslcert, sslkey and sslrootcert name."),
                FormatException => (
                    "InvalidPasswordFile",
                    ErrorKind.InvalidData,
                    "The password file has a line that is not host:port:database:user:password.",
                    "Correct the file that PGPASSFILE names, or ~/.pgpass; write a ':' in a value as '\\:'."),
                _ => default,
            };
            if (explained != default)
            {
                return Error(explained, exception, target);
            }
        }

        return Error(Other(exception, target), exception, target);
    }

    /// <summary>The exception and what caused it, the outermost first.</summary>
    private static IEnumerable<Exception> Causes(Exception exception)
    {
        var inner = exception is AggregateException several ? several.InnerExceptions.FirstOrDefault() : exception.InnerException;
        return inner is null ? [exception] : Causes(inner).Prepend(exception);
    }

    private static DbMigrateException Error(
        Explanation explained, Exception cause, DbTarget target) =>
        new(explained.Id, explained.Kind, explained.Message, explained.NextStep, cause) { Subject = target };

    private static Explanation FromServer(PostgresException e, DbTarget target) => e.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword => (
            "AuthenticationFailed",
            ErrorKind.Authentication,
            $"{target} refused the login: {e.MessageText}",
            target.PasswordSource?.NextStep ?? "Check user and password: those of the address win over PGUSER, PGPASSWORD and the password file."),
        PostgresErrorCodes.InvalidAuthorizationSpecification => (
            "AuthenticationFailed",
            ErrorKind.Authentication,
            $"{target} refused the login: {e.MessageText}",
            target.PasswordSource?.NextStep ??
            "Check that the role may log in, and that the server's pg_hba.conf lets it in from this host, with or without TLS (sslmode)."),
        PostgresErrorCodes.InvalidCatalogName => (
            "DatabaseNotFound",
            ErrorKind.NotFound,
            $"There is no database '{target.Database}' on {target.Address}.",
            $"Correct the name, or create it: CREATE DATABASE \"{target.Database.Replace("\"", "\"\"", StringComparison.Ordinal)}\""),
        PostgresErrorCodes.InsufficientPrivilege => (
            "ConnectDenied",
            ErrorKind.Permission,
            $"{target}: {e.MessageText}",
            "Have the owner of the database run: GRANT CONNECT ON DATABASE … TO …"),
        PostgresErrorCodes.TooManyConnections or "53400" => (
            "TooManyConnections",
            ErrorKind.Busy,
            $"{target} takes no more connections: {e.MessageText}",
            "Try again later, or end sessions that nobody uses; a migration needs two."),
        PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown => (
            "ServerStarting",
            ErrorKind.Connection,
            $"{target} takes no connections just now: {e.MessageText}",
            "Try again in a few seconds."),
        PostgresErrorCodes.ProtocolViolation when e.MessageText.Contains("startup parameter", StringComparison.Ordinal) => (
            "ConnectionFailed",
            ErrorKind.Connection,
            $"A connection pooler stands before {target} and refused a setting: {e.MessageText}",
            "Migrate over the server's own address, not through the pooler."),
        _ => (
            "ConnectionFailed",
            ErrorKind.Connection,
            $"{target} refused the connection: {e.SqlState}: {e.MessageText}",
            "See the server's log."),
    };

    private static Explanation FromSocket(SocketException e, DbTarget target) => e.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery => (
            "HostNotFound",
            ErrorKind.Connection,
            $"The host '{target.Host}' is not known here.",
            "Check the host's name, and that this machine's DNS knows it."),
        SocketError.TimedOut => Timeout(target),
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown => (
            "HostUnreachable",
            ErrorKind.Connection,
            $"There is no way from here to {target.Address}.",
            "Check the network, the VPN and the routes of this machine."),
        SocketError.ConnectionReset or SocketError.ConnectionAborted => Lost(target),
        SocketError.AccessDenied => (
            "ConnectionRefused",
            ErrorKind.Permission,
            $"This user may not open {target.Host}, port {target.Port}.",
            "Check the permissions of the socket's folder, or connect over TCP."),
        _ => (
            "ConnectionRefused",
            ErrorKind.Connection,
            Path.IsPathRooted(target.Host)
                ? $"No server listens on the socket {target.Host}/.s.PGSQL.{target.Port}."
                : $"Nothing listens on {target.Address}, or a firewall refuses the connection.",
            "Check host and port, and that the server runs."),
    };

    private static Explanation FromTls(AuthenticationException e, DbTarget target) =>
        e.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase)
            ? (
                "CertificateNotTrusted",
                ErrorKind.Authentication,
                $"The certificate of {target.Address} is not trusted: {e.Message}",
                "Name the file of the authority that issued it, sslrootcert=… (for Amazon RDS its global-bundle.pem), " +
                "and the host as the certificate does.")
            : (
                "TlsFailed",
                ErrorKind.Connection,
                $"{target.Address} and this machine could not agree on TLS: {e.Message}",
                "Check the server's ssl settings and that nothing between here and there changes the traffic.");

    private static Explanation Timeout(DbTarget target) => (
        "ConnectTimeout",
        ErrorKind.Timeout,
        $"{target.Address} did not answer in time.",
        "Check host, port and firewall (on AWS the security group); connect_timeout=… in the address sets the time limit in seconds.");

    private static Explanation Lost(DbTarget target) => (
        "ConnectionLost",
        ErrorKind.Connection,
        $"{target.Address} closed the connection before it was ready.",
        "Check that it is a PostgreSQL server, and its log.");

    /// <summary>What Npgsql says in words only.</summary>
    private static Explanation Other(Exception e, DbTarget target)
    {
        if (e.Message.Contains("No password has been provided", StringComparison.Ordinal))
        {
            return (
                "PasswordMissing",
                ErrorKind.Authentication,
                $"{target} asks for a password, and none was given.",
                "Put it into the password file (~/.pgpass, %APPDATA%\\postgresql\\pgpass.conf) or PGPASSWORD, or pass a credential.");
        }

        if (e.Message.Contains("No SSL enabled connection", StringComparison.Ordinal))
        {
            return (
                "TlsFailed",
                ErrorKind.Connection,
                $"{target.Address} does not offer TLS, which sslmode asks for.",
                "Turn TLS on at the server; only where the network is trusted, say sslmode=prefer.");
        }

        return Causes(e).Any(c => c is IOException)
            ? Lost(target)
            : ("ConnectionFailed", ErrorKind.Connection, $"{target}: {e.Message}", "See the server's log.");
    }
}
