using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Dumps;

/// <summary>The moment that a dump shows, held by a transaction of ours so that we count what <c>pg_dump</c> sees.</summary>
internal sealed record DumpMoment
{
    /// <summary>The snapshot for <c>pg_dump --snapshot</c>; null where the server cannot hand one on.</summary>
    public string? Snapshot { get; init; }

    /// <summary>The server's clock right after it.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Where the write-ahead log was before it; null where the server does not tell.</summary>
    public string? Lsn { get; init; }

    /// <summary>See <see cref="SystemIdentifier"/>.</summary>
    public string? SystemId { get; init; }

    public required string Database { get; init; }

    public required uint DatabaseOid { get; init; }

    public required string ServerVersion { get; init; }

    public required string Encoding { get; init; }

    public required string Collate { get; init; }

    public required string Ctype { get; init; }

    /// <summary>See <see cref="DumpFacts.LocaleProvider"/>.</summary>
    public string? LocaleProvider { get; init; }

    public string? Locale { get; init; }

    public string? IcuRules { get; init; }

    /// <summary>Begins the transaction, which ends with the session.</summary>
    public static async Task<DumpMoment> BeginAsync(DbSession session, bool hasSnapshot, IEngineObserver observer, CancellationToken cancellationToken)
    {
        // A role's limits are meant for its application; the transaction is idle for as long as pg_dump works.
        string[] limits = ["statement_timeout", "idle_in_transaction_session_timeout", .. session.ServerVersion.Major >= 17 ? ["transaction_timeout"] : Array.Empty<string>()];
        foreach (var limit in limits)
        {
            await session.ExecuteAsync($"SET {limit} = 0", cancellationToken);
        }

        var systemId = await SystemIdentifier.ReadAsync(session, cancellationToken);
        var lsn = await LsnAsync(session, cancellationToken);
        await session.ExecuteAsync("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", cancellationToken);
        var snapshot = hasSnapshot ? await ExportAsync(session, observer, cancellationToken) : null;
        var major = session.ServerVersion.Major;
        var provider = major >= 15 ? "CASE datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END" : "NULL";
        var locale = major >= 17 ? "datlocale" : major >= 15 ? "daticulocale" : "NULL";
        await using var command = new NpgsqlCommand(
            $"""
            SELECT clock_timestamp(), current_database()::text, current_setting('server_version'), pg_encoding_to_char(encoding)::text, datcollate::text, datctype::text,
                ({provider})::text, ({locale})::text, ({(major >= 16 ? "daticurules" : "NULL")})::text, oid
            FROM pg_catalog.pg_database WHERE datname = current_database()
            """,
            session.Connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new DumpMoment
        {
            Snapshot = snapshot,
            At = new DateTimeOffset(reader.GetDateTime(0)),
            Lsn = lsn,
            SystemId = systemId,
            Database = reader.GetString(1),
            DatabaseOid = reader.GetFieldValue<uint>(9),
            ServerVersion = reader.GetString(2),
            Encoding = reader.GetString(3),
            Collate = reader.GetString(4),
            Ctype = reader.GetString(5),
            LocaleProvider = reader.IsDBNull(6) ? null : reader.GetString(6),
            Locale = reader.IsDBNull(7) ? null : reader.GetString(7),
            IcuRules = reader.IsDBNull(8) ? null : reader.GetString(8),
        };
    }

    private static async Task<string?> ExportAsync(DbSession session, IEngineObserver observer, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand("SELECT pg_export_snapshot()", session.Connection);
            return (string?)await command.ExecuteScalarAsync(cancellationToken);
        }
        catch (PostgresException e)
        {
            observer.Message(MessageLevel.Verbose, $"The server hands no snapshot on, so pg_dump takes its own: {e.MessageText}");
            await session.ExecuteAsync("ROLLBACK", cancellationToken);
            await session.ExecuteAsync("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", cancellationToken);
            return null;
        }
    }

    // Services that look like PostgreSQL, Aurora among them, may not have these functions.
    private static async Task<string?> LsnAsync(DbSession session, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand(
                "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END)::text", session.Connection);
            return await command.ExecuteScalarAsync(cancellationToken) as string;
        }
        catch (PostgresException)
        {
            return null;
        }
    }
}
