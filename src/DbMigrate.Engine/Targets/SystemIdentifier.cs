using System.Globalization;
using Npgsql;

namespace DbMigrate.Engine.Targets;

/// <summary>
/// The number that initdb gives a database cluster, and that its copies keep, whatever address it is reached by (PostgreSQL manual, 9.28.11, pg_control_system).
/// Everybody may ask for it, unless the privilege was taken away.
/// </summary>
internal static class SystemIdentifier
{
    /// <summary>As a column; null for Aurora, whose storage is not PostgreSQL's.</summary>
    public const string Column = "CASE WHEN to_regproc('aurora_version') IS NULL THEN (SELECT system_identifier FROM pg_catalog.pg_control_system()) END";

    /// <summary>As <c>pg_controldata</c> writes it: SQL has it as a number with a sign.</summary>
    public static string Text(long value) => unchecked((ulong)value).ToString(CultureInfo.InvariantCulture);

    /// <summary>Asks a server, outside a transaction; null where it does not tell.</summary>
    public static async Task<string?> ReadAsync(DbSession session, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand($"SELECT {Column}", session.Connection);
            return await command.ExecuteScalarAsync(cancellationToken) is long value ? Text(value) : null;
        }
        catch (PostgresException e) when (IsRefusal(e))
        {
            return null;
        }
    }

    /// <summary>The server does not tell, or not this role.</summary>
    public static bool IsRefusal(PostgresException e) =>
        e.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.FeatureNotSupported;
}
