using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>Measures the tables of a database.</summary>
public static class TableSizes
{
    private const int Attempts = 10;

    // Measuring opens the table with an access share lock. Whoever holds or waits for an access exclusive one is seen before that, but
    // may come in between: then we give way soon and look again.
    private static readonly SqlCommandText s_giveWay = new("SELECT set_config('lock_timeout', '200ms', true)");

    /// <summary>Measures all tables and materialised views outside of the system's schemas, the biggest first. Waits for no lock.</summary>
    /// <param name="session">The session; no transaction may be open.</param>
    /// <param name="listPartitions">List each partition instead of each partitioned table.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    /// <exception cref="DbMigrateException"><c>LockTimeout</c>, <c>ConnectionLost</c>, <c>SqlError</c>, <c>SqlPermission</c>.</exception>
    public static Task<IReadOnlyList<DbTableSize>> ReadAsync(DbSession session, bool listPartitions, CancellationToken cancellationToken) =>
        ServerFailure.GuardAsync(async () =>
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    return await ReadOnceAsync(session, listPartitions, cancellationToken);
                }
                catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
                {
                    if (attempt == Attempts)
                    {
                        throw new DbMigrateException(
                            "LockTimeout",
                            ErrorKind.Timeout,
                            $"Tables of {session.Target} are locked and unlocked too fast to be measured.",
                            "Try again in a while.",
                            e) { Subject = session.Target };
                    }
                }
            }
        });

    private static async Task<IReadOnlyList<DbTableSize>> ReadOnceAsync(DbSession session, bool listPartitions, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(s_giveWay.ToBatchCommand());
        batch.BatchCommands.Add(new SqlCommandText(Query, listPartitions).ToBatchCommand());
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var tables = new List<DbTableSize>();
        while (await reader.ReadAsync(cancellationToken))
        {
            tables.Add(new DbTableSize
            {
                Schema = reader.GetString(0),
                Name = reader.GetString(1),
                Table = reader.GetString(2),
                Kind = Enum.Parse<DbTableKind>(reader.GetString(3)),
                Partitions = (int)reader.GetInt64(4),
                TotalSize = reader.GetInt64(5) + reader.GetInt64(6) + reader.GetInt64(7),
                TableSize = reader.GetInt64(5),
                IndexSize = reader.GetInt64(6),
                ToastSize = reader.GetInt64(7),
                Rows = reader.GetInt64(8),
                DeadRows = reader.GetInt64(9),
                BloatSize = NullableColumns.Number(reader, 10),
                LastVacuum = NullableColumns.Time(reader, 11),
                LastAutovacuum = NullableColumns.Time(reader, 12),
                LastAnalyze = NullableColumns.Time(reader, 13),
                LastAutoanalyze = NullableColumns.Time(reader, 14),
                IsLocked = reader.GetBoolean(15),
                Target = session.Target,
            });
        }

        return tables;
    }

    // Sizes: PostgreSQL manual, 9.28.7 Database Object Size Functions. Rows on a page: 65.6 Database Page Layout; 24 bytes of page header, and for
    // each row 4 bytes of pointer, 23 of header with a bit for each column where there are NULLs, rounded up to 8, and the columns, rounded up to 8.
    private const string Query =
        """
        WITH exclusive AS MATERIALIZED (
            SELECT relation FROM pg_locks
            WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' AND pid IS DISTINCT FROM pg_backend_pid()
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        ), locked AS MATERIALIZED (
            SELECT relation AS oid FROM exclusive
            UNION SELECT indrelid FROM pg_index WHERE indexrelid IN (SELECT relation FROM exclusive)
            UNION SELECT oid FROM pg_class WHERE reltoastrelid IN (SELECT relation FROM exclusive)
            UNION SELECT c.oid FROM pg_class c JOIN pg_index i ON i.indrelid = c.reltoastrelid WHERE i.indexrelid IN (SELECT relation FROM exclusive)
        ), page AS (
            SELECT current_setting('block_size')::bigint AS size
        ), tables AS MATERIALIZED (
            SELECT c.oid, CASE WHEN $1 THEN c.oid ELSE coalesce(pg_partition_root(c.oid)::oid, c.oid) END AS root, n.nspname, c.relname,
                c.relkind, c.reltoastrelid, c.relpages::bigint AS pages, c.reltuples, c.oid IN (SELECT oid FROM locked) AS is_locked,
                coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 100) AS fillfactor
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        ), widths AS MATERIALIZED (
            SELECT t.oid, 4 + ceil((23 + CASE WHEN bool_or(s.null_frac > 0) THEN ceil(count(*) / 8.0) ELSE 0 END) / 8.0) * 8
                    + ceil(coalesce(sum((1 - s.null_frac) * s.avg_width), 0) / 8.0) * 8 AS width,
                count(*) = count(s.attname) AS is_known
            FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_stats s ON s.schemaname = t.nspname AND s.tablename = t.relname AND s.attname = a.attname AND NOT s.inherited
            GROUP BY t.oid
        ), measured AS (
            SELECT t.*,
                CASE WHEN t.is_locked THEN t.pages * page.size
                    ELSE pg_table_size(t.oid) - coalesce(pg_total_relation_size(nullif(t.reltoastrelid, 0)), 0) END AS table_size,
                CASE WHEN t.is_locked
                    THEN (SELECT coalesce(sum(c.relpages::bigint), 0) * page.size FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = t.oid)
                    ELSE pg_indexes_size(t.oid) END AS index_size,
                CASE WHEN t.is_locked
                    THEN (SELECT coalesce(sum(c.relpages::bigint), 0) * page.size FROM pg_class c
                        WHERE c.oid = t.reltoastrelid OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = t.reltoastrelid AND t.reltoastrelid <> 0))
                    ELSE coalesce(pg_total_relation_size(nullif(t.reltoastrelid, 0)), 0) END AS toast_size,
                CASE WHEN t.reltuples > 0 OR t.pages > 0 THEN t.reltuples::bigint ELSE pg_stat_get_live_tuples(t.oid) END AS row_count,
                pg_stat_get_dead_tuples(t.oid) AS dead_rows,
                CASE WHEN t.reltuples >= 0 AND t.pages > 0 AND w.is_known
                    THEN greatest(0, t.pages - ceil(t.reltuples / greatest(1, floor((page.size - 24) * t.fillfactor / 100 / w.width))))::bigint * page.size
                    END AS bloat_size
            FROM tables t CROSS JOIN page LEFT JOIN widths w ON w.oid = t.oid
            WHERE t.relkind <> 'p'
        )
        SELECT r.nspname::text, r.relname::text, quote_ident(r.nspname) || '.' || quote_ident(r.relname),
            CASE WHEN r.relkind = 'p' THEN 'PartitionedTable' WHEN r.relkind = 'm' THEN 'MaterializedView'
                WHEN (SELECT relispartition FROM pg_class WHERE oid = r.oid) THEN 'Partition' ELSE 'Table' END,
            CASE WHEN r.relkind = 'p' THEN count(m.oid) ELSE 0 END,
            coalesce(sum(m.table_size), 0)::bigint, coalesce(sum(m.index_size), 0)::bigint, coalesce(sum(m.toast_size), 0)::bigint,
            coalesce(sum(m.row_count), 0)::bigint, coalesce(sum(m.dead_rows), 0)::bigint, sum(m.bloat_size)::bigint,
            CASE WHEN count(*) = count(pg_stat_get_last_vacuum_time(m.oid)) THEN min(pg_stat_get_last_vacuum_time(m.oid)) END,
            CASE WHEN count(*) = count(pg_stat_get_last_autovacuum_time(m.oid)) THEN min(pg_stat_get_last_autovacuum_time(m.oid)) END,
            CASE WHEN count(*) = count(pg_stat_get_last_analyze_time(m.oid)) THEN min(pg_stat_get_last_analyze_time(m.oid)) END,
            CASE WHEN count(*) = count(pg_stat_get_last_autoanalyze_time(m.oid)) THEN min(pg_stat_get_last_autoanalyze_time(m.oid)) END,
            coalesce(bool_or(m.is_locked), false)
        FROM tables r LEFT JOIN measured m ON m.root = r.oid
        WHERE r.oid = r.root AND NOT ($1 AND r.relkind = 'p')
        GROUP BY r.oid, r.nspname, r.relname, r.relkind
        ORDER BY coalesce(sum(m.table_size + m.index_size + m.toast_size), 0) DESC, 1, 2
        """;
}
