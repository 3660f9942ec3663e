using System.Diagnostics.CodeAnalysis;

namespace DbMigrate;

/// <summary>
/// A database to work on. Holds what is needed to connect; its password and its connection string are not public, so that
/// neither shows up in output, JSON or error messages.
/// </summary>
public sealed class DbTarget
{
    internal DbTarget(string connectionString) => ConnectionString = connectionString;

    /// <summary>All of another one, with a connection string of its own.</summary>
    [SetsRequiredMembers]
    internal DbTarget(DbTarget other, string connectionString)
        : this(connectionString)
    {
        (Host, Port, Database, User, Schema) = (other.Host, other.Port, other.Database, other.User, other.Schema);
        (Source, ToolOptions, PasswordSource) = (other.Source, other.ToolOptions, other.PasswordSource);
    }

    /// <summary>The host name, address or socket directory; several are separated by commas, each with its port: <c>db1:5432,db2:5433</c>.</summary>
    public required string Host { get; init; }

    /// <summary>The port; that of the first host where there are several.</summary>
    public required int Port { get; init; }

    /// <summary>The database's name.</summary>
    public required string Database { get; init; }

    /// <summary>The role that logs in; null when the operating system's user is taken.</summary>
    public string? User { get; init; }

    /// <summary>The schema of the URL's <c>schema=</c> (Prisma) or the first of <c>search_path=</c>; null when the server decides.</summary>
    public string? Schema { get; init; }

    /// <summary>Where the address came from, for example <c>DATABASE_URL</c> or <c>service prod</c>.</summary>
    public required string Source { get; init; }

    /// <summary>Options that belong to a migration tool, such as golang-migrate's <c>x-migrations-table</c>.</summary>
    public IReadOnlyDictionary<string, string> ToolOptions { get; init; } = new Dictionary<string, string>();

    /// <summary>Npgsql's connection string, with the password if one was given.</summary>
    internal string ConnectionString { get; }

    /// <summary>Gives the password where the connection string has none; null where no other source was named.</summary>
    internal IPasswordSource? PasswordSource { get; init; }

    /// <summary>Host and port: <c>db1:5432</c>, <c>[::1]:5432</c>, <c>db1:5432,db2:5433</c>.</summary>
    internal string Address
    {
        get
        {
            if (Host.Contains(',', StringComparison.Ordinal))
            {
                return Host;
            }

            return Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
        }
    }

    /// <summary>The same database with other settings of the connection, and with another source of passwords where one is given.</summary>
    internal DbTarget With(string connectionString, IPasswordSource? passwordSource = null) =>
        new(this, connectionString) { PasswordSource = passwordSource ?? PasswordSource };

    /// <summary>The address without password: <c>app@db1:5432/orders</c>.</summary>
    public override string ToString() => $"{(User is null ? "" : User + "@")}{Address}/{Database}";
}
