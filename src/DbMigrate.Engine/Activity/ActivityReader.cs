using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>Reads what goes on in a database, in one round trip.</summary>
public static class ActivityReader
{
    // What a client's session is: a role without pg_monitor sees no type for those of others, but background workers have no role.
    private const string IsClient = "(a.backend_type = 'client backend' OR a.backend_type IS NULL AND a.usesysid IS NOT NULL)";

    // The last WAL there is: written on a primary, received on a standby (which receives none when it reads an archive).
    private const string LastWal =
        "CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_lsn() END";

    /// <summary>Looks once. Takes no locks on tables and waits for nobody.</summary>
    /// <param name="session">The session; it leaves itself out.</param>
    /// <param name="olderThan">How long a statement has to run, and a transaction to do nothing, to be listed.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    /// <exception cref="DbMigrateException"><c>ConnectionLost</c>, <c>SqlError</c>, <c>SqlPermission</c>.</exception>
    public static Task<DbActivity> ReadAsync(DbSession session, TimeSpan olderThan, CancellationToken cancellationToken) =>
        ServerFailure.GuardAsync(async () =>
        {
            await using var batch = new NpgsqlBatch(session.Connection);
            foreach (var command in Commands(session.ServerVersion.Major, olderThan))
            {
                batch.BatchCommands.Add(command.ToBatchCommand());
            }

            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            var activity = Server(reader, session);
            await reader.NextResultAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            activity = activity with { Connections = Connections(reader) };
            await reader.NextResultAsync(cancellationToken);
            var backends = await RowsAsync(reader, r => SessionColumns.Read(r, 0)! with { Target = session.Target }, cancellationToken);
            var xmin = await RowsAsync(reader, r => XminHolder(r, session.Target), cancellationToken);
            var standbys = await RowsAsync(reader, Standby, cancellationToken);
            var slots = await RowsAsync(reader, Slot, cancellationToken);
            return activity with
            {
                LongStatements = [.. backends.Where(b => b.State == "active")],
                IdleInTransaction = [.. backends.Where(b => b.State != "active")],
                OldestXmin = xmin.FirstOrDefault(),
                Standbys = standbys,
                ReplicationSlots = slots,
                NotVisible = NotVisible(activity.Connections, standbys),
            };
        });

    private static IEnumerable<SqlCommandText> Commands(int majorVersion, TimeSpan olderThan)
    {
        yield return new SqlCommandText(
            """
            SELECT clock_timestamp(), current_database()::text, pg_database_size(current_database()), age(datfrozenxid)::bigint,
                current_setting('autovacuum_freeze_max_age')::bigint, mxid_age(datminmxid)::bigint,
                current_setting('autovacuum_multixact_freeze_max_age')::bigint, pg_is_in_recovery(),
                CASE WHEN pg_is_in_recovery() THEN CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
                    ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 END END
            FROM pg_database WHERE datname = current_database()
            """);
        yield return new SqlCommandText(
            $"""
            SELECT count(*), count(*) FILTER (WHERE datname = current_database()), count(*) FILTER (WHERE state = 'active'),
                count(*) FILTER (WHERE state = 'idle'), count(*) FILTER (WHERE state LIKE 'idle in transaction%'),
                count(*) FILTER (WHERE backend_type IS NULL), current_setting('max_connections')::bigint,
                current_setting('superuser_reserved_connections')::bigint + coalesce(current_setting('reserved_connections', true)::bigint, 0)
            FROM pg_stat_activity a WHERE {IsClient}
            """);
        yield return new SqlCommandText(
            $"""
            SELECT {SessionColumns.Sql(fullQueries: true, "a")}
            FROM pg_stat_activity a
            WHERE a.backend_type = 'client backend' AND a.datname = current_database() AND a.pid <> pg_backend_pid()
                AND (a.state = 'active' AND clock_timestamp() - a.query_start >= make_interval(secs => $1)
                    OR a.state LIKE 'idle in transaction%' AND clock_timestamp() - a.state_change >= make_interval(secs => $1))
            ORDER BY CASE WHEN a.state = 'active' THEN a.query_start ELSE a.state_change END
            """,
            olderThan.TotalSeconds);
        yield return new SqlCommandText(XminHolders);
        yield return new SqlCommandText(
            $"""
            SELECT coalesce(nullif(application_name, ''), 'process ' || pid), host(client_addr), pid, state, sync_state,
                extract(epoch FROM replay_lag)::float8, pg_wal_lsn_diff({LastWal}, replay_lsn)::bigint
            FROM pg_stat_replication ORDER BY 7 DESC NULLS LAST
            """);
        yield return new SqlCommandText(
            $"""
            SELECT slot_name::text, slot_type, active, pg_wal_lsn_diff({LastWal}, restart_lsn)::bigint,
                {(majorVersion >= 13 ? "wal_status" : "NULL::text")}
            FROM pg_replication_slots ORDER BY 4 DESC NULLS LAST
            """);
    }

    // Sessions of other databases do not count, those without a database (walsenders) do; VACUUM's own snapshot counts for nobody
    // (GetOldestNonRemovableTransactionId in the server's procarray.c). A standby with a slot keeps its xmin there. Of several that are equally old,
    // the one whose own transaction it is comes first: snapshots of others, and what a standby reports, only follow from it.
    private static string XminHolders => $"""
        SELECT h.kind, h.name, h.age, {SessionColumns.Sql(fullQueries: true, "s")}
        FROM (
            SELECT CASE WHEN backend_type = 'walsender' THEN 'Standby' ELSE 'Session' END AS kind,
                coalesce(nullif(application_name, ''), 'process ' || pid) AS name,
                greatest(age(backend_xid), age(backend_xmin))::bigint AS age, pid,
                CASE WHEN backend_type = 'walsender' THEN 3 WHEN age(backend_xid) >= coalesce(age(backend_xmin), 0) THEN 0 ELSE 1 END AS rank
            FROM pg_stat_activity a
            WHERE (backend_xid IS NOT NULL OR backend_xmin IS NOT NULL) AND pid <> pg_backend_pid()
                AND (datid IS NULL OR datid = 0 OR datname = current_database())
                AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum v WHERE v.pid = a.pid)
            UNION ALL
            SELECT 'PreparedTransaction', gid, age(transaction)::bigint, NULL, 0 FROM pg_prepared_xacts WHERE database = current_database()
            UNION ALL
            SELECT 'ReplicationSlot', slot_name::text, greatest(age(xmin), age(catalog_xmin))::bigint, NULL, 2 FROM pg_replication_slots
            WHERE xmin IS NOT NULL OR catalog_xmin IS NOT NULL
        ) h LEFT JOIN pg_stat_activity s ON s.pid = h.pid
        ORDER BY h.age DESC, h.rank, s.xact_start LIMIT 1
        """;

    private static DbActivity Server(NpgsqlDataReader reader, DbSession session) => new()
    {
        Target = session.Target,
        ServerVersion = session.ServerVersion,
        At = reader.GetFieldValue<DateTimeOffset>(0),
        Database = reader.GetString(1),
        DatabaseSize = reader.GetInt64(2),
        TransactionIdAge = reader.GetInt64(3),
        FreezeMaxAge = reader.GetInt64(4),
        MultixactIdAge = reader.GetInt64(5),
        MultixactFreezeMaxAge = reader.GetInt64(6),
        IsStandby = reader.GetBoolean(7),
        ReplayDelay = NullableColumns.Age(reader, 8),
        Connections = null!,
        LongStatements = [],
        IdleInTransaction = [],
        Standbys = [],
        ReplicationSlots = [],
        NotVisible = [],
    };

    private static DbConnections Connections(NpgsqlDataReader reader) => new()
    {
        Total = (int)reader.GetInt64(0),
        InDatabase = (int)reader.GetInt64(1),
        Active = (int)reader.GetInt64(2),
        Idle = (int)reader.GetInt64(3),
        IdleInTransaction = (int)reader.GetInt64(4),
        Hidden = (int)reader.GetInt64(5),
        Max = (int)reader.GetInt64(6),
        Reserved = (int)reader.GetInt64(7),
    };

    private static DbXminHolder XminHolder(NpgsqlDataReader reader, DbTarget target) => new()
    {
        Kind = Enum.Parse<XminHolderKind>(reader.GetString(0)),
        Name = reader.GetString(1),
        Age = reader.GetInt64(2),
        Backend = SessionColumns.Read(reader, 3) is { } session ? session with { Target = target } : null,
    };

    private static DbStandby Standby(NpgsqlDataReader reader) => new()
    {
        Name = reader.GetString(0),
        Client = NullableColumns.Text(reader, 1),
        ProcessId = reader.GetInt32(2),
        State = NullableColumns.Text(reader, 3),
        SyncState = NullableColumns.Text(reader, 4),
        ReplayLag = NullableColumns.Age(reader, 5),
        BytesBehind = NullableColumns.Number(reader, 6),
    };

    private static DbReplicationSlot Slot(NpgsqlDataReader reader) => new()
    {
        Name = reader.GetString(0),
        Type = reader.GetString(1),
        IsActive = reader.GetBoolean(2),
        RetainedBytes = NullableColumns.Number(reader, 3),
        WalStatus = NullableColumns.Text(reader, 4),
    };

    private static List<string> NotVisible(DbConnections connections, IReadOnlyList<DbStandby> standbys)
    {
        var hidden = new List<string>();
        if (connections.Hidden > 0)
        {
            hidden.Add($"What {connections.Hidden} sessions of other roles do, and since when: GRANT pg_monitor to the role.");
        }

        if (standbys.Any(s => s.State is null))
        {
            hidden.Add("How far the standbys are: GRANT pg_monitor to the role.");
        }

        return hidden;
    }

    /// <summary>The rows of the reader's result, leaving it at the next one.</summary>
    private static async Task<List<T>> RowsAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        await reader.NextResultAsync(cancellationToken);
        return rows;
    }
}
