using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>Reads how far the server's long statements are.</summary>
public static class ProgressReader
{
    /// <summary>Looks once, in one round trip. Takes no locks on tables and waits for nobody.</summary>
    /// <param name="connection">An open connection on which nothing else runs; not the one whose statement is watched.</param>
    /// <param name="processId">Only the progress of the session with this process; null for all.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    /// <returns>What is in progress now, the oldest first. Names of tables are known in the connection's own database only.</returns>
    /// <exception cref="NpgsqlException">The connection broke, or the server refused.</exception>
    public static async Task<IReadOnlyList<DbProgress>> ReadAsync(
        NpgsqlConnection connection, int? processId, CancellationToken cancellationToken)
    {
        // An autovacuum worker says in its query text what it does, and whether it must ("to prevent wraparound").
        await using var command = new NpgsqlCommand(
            $"""
            SELECT clock_timestamp(), p.pid, a.backend_start, a.query_start,
                CASE WHEN a.backend_type = 'autovacuum worker'
                    THEN 'autovacuum: ' || p.command || CASE WHEN a.query LIKE '%(to prevent wraparound)%' THEN ' (to prevent wraparound)' ELSE '' END
                    ELSE p.command END,
                d.datname::text, {Name("rn", "r")}, {Name("xn", "x")}, p.phase, p.unit, p.done, p.total, p.lockers_total, p.lockers_done,
                {SessionColumns.Sql(fullQueries: true, "l")}
            FROM ({ProgressViews.Query(connection.PostgreSqlVersion.Major)}) p
            LEFT JOIN pg_stat_activity a ON a.pid = p.pid
            LEFT JOIN pg_stat_activity l ON l.pid = p.locker
            LEFT JOIN pg_database d ON d.oid = p.datid
            LEFT JOIN pg_class r ON r.oid = p.relid AND d.datname = current_database()
            LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
            LEFT JOIN pg_class x ON x.oid = p.index_relid AND d.datname = current_database()
            LEFT JOIN pg_namespace xn ON xn.oid = x.relnamespace
            WHERE $1::int IS NULL OR p.pid = $1
            ORDER BY a.query_start NULLS LAST, p.pid
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)processId ?? DBNull.Value });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<DbProgress>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new DbProgress
            {
                At = reader.GetFieldValue<DateTimeOffset>(0),
                ProcessId = reader.GetInt32(1),
                BackendStart = NullableColumns.Time(reader, 2),
                StartedAt = NullableColumns.Time(reader, 3),
                Command = reader.GetString(4),
                Database = NullableColumns.Text(reader, 5),
                Relation = NullableColumns.Text(reader, 6),
                Index = NullableColumns.Text(reader, 7),
                Phase = NullableColumns.Text(reader, 8),
                Unit = NullableColumns.Text(reader, 9),
                Done = NullableColumns.Number(reader, 10),
                Total = NullableColumns.Number(reader, 11),
                LockersTotal = NullableColumns.Number(reader, 12),
                LockersDone = NullableColumns.Number(reader, 13),
                CurrentLocker = SessionColumns.Read(reader, 14),
            });
        }

        return found;
    }

    private static string Name(string schema, string relation) => $"quote_ident({schema}.nspname) || '.' || quote_ident({relation}.relname)";
}
