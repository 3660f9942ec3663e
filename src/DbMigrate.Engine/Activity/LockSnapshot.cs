using System.Globalization;
using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>Who waits for a lock, for whom, and what those hold: what the server said at one moment, in one statement.</summary>
internal sealed record LockSnapshot
{
    /// <summary>Everybody who waits or is waited for.</summary>
    public required IReadOnlyDictionary<SessionKey, ServerSession> Sessions { get; init; }

    /// <summary>The waits; several for one session when its parallel workers wait as well.</summary>
    public required IReadOnlyList<LockWait> Waits { get; init; }

    /// <summary>What the others hold of it.</summary>
    public required IReadOnlyList<LockHold> Holds { get; init; }

    private const int LockColumns = 18;

    /// <summary>Asks the server.</summary>
    public static async Task<LockSnapshot> ReadAsync(NpgsqlConnection connection, bool fullQueries, CancellationToken cancellationToken)
    {
        var sessions = new Dictionary<SessionKey, ServerSession>();
        var waits = new List<LockWait>();
        var holds = new List<LockHold>();
        await using var command = new NpgsqlCommand(Query(connection.PostgreSqlVersion, fullQueries), connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var key = new SessionKey(reader.GetInt32(0), NullableColumns.Text(reader, 1));
            if (!sessions.ContainsKey(key) && Session(reader, key) is { } session)
            {
                sessions.Add(key, session);
            }

            if (NullableColumns.Text(reader, 2) is not { } lockedObject)
            {
                continue;
            }

            var mode = reader.GetString(3);
            if (reader.GetBoolean(4))
            {
                holds.Add(new LockHold(key, lockedObject, mode));
            }
            else
            {
                var time = SessionColumns.Time(reader, 5) ?? TimeSpan.Zero;
                var blockers = reader.GetString(6).Split(',', StringSplitOptions.RemoveEmptyEntries)
                    .Select(pid => int.Parse(pid, CultureInfo.InvariantCulture)).Distinct().ToList();
                waits.Add(new LockWait(key, lockedObject, mode, reader.GetString(7), Describe(reader), NullableColumns.Text(reader, 8), time, blockers));
            }
        }

        return new LockSnapshot { Sessions = sessions, Waits = waits, Holds = holds };
    }

    /// <summary>A prepared transaction, as <c>pg_prepared_xacts</c> has it, in place of the session that it has no more.</summary>
    public static ServerSession Prepared(string name, string? owner, string? database, TimeSpan? age) => new ServerSession
    {
        ProcessId = 0,
        Kind = SessionKind.PreparedTransaction,
        PreparedTransaction = name,
        User = owner,
        Database = database,
        TransactionAge = age,
    }.WithAdvice();

    // A session that ended between the server's two looks has locks and no more: nobody waits for it now.
    private static ServerSession? Session(NpgsqlDataReader reader, SessionKey key)
    {
        if (key.PreparedTransaction is null)
        {
            return SessionColumns.Read(reader, LockColumns);
        }

        return Prepared(key.PreparedTransaction, NullableColumns.Text(reader, 15), NullableColumns.Text(reader, 16), SessionColumns.Time(reader, 17));
    }

    private static string Describe(NpgsqlDataReader reader)
    {
        var type = reader.GetString(7);
        var relation = NullableColumns.Text(reader, 8) ?? (NullableColumns.Text(reader, 9) is { } oid ? $"relation {oid} of database {NullableColumns.Text(reader, 10)}" : null);
        var (high, low, form) = (NullableColumns.Text(reader, 13), NullableColumns.Text(reader, 14), NullableColumns.Text(reader, 11));
        return type switch
        {
            "relation" => relation!,
            "tuple" => $"a row of {relation}",
            "transactionid" when relation is not null => $"a row of {relation}",
            "transactionid" => $"transaction {NullableColumns.Text(reader, 12)}",
            "virtualxid" => $"the snapshot of transaction {NullableColumns.Text(reader, 12)}",
            "advisory" when form == "1" =>
                string.Create(CultureInfo.InvariantCulture, $"advisory lock {(Number(high) << 32) | Number(low)}"),
            "advisory" => $"advisory lock ({(int)Number(high)}, {(int)Number(low)})",
            _ => relation is null ? $"{type} {high} {low}".TrimEnd() : $"{relation} ({type})",
        };
    }

    private static long Number(string? text) => long.Parse(text!, CultureInfo.InvariantCulture);

    // pg_blocking_pids() holds up the whole lock table, so it is asked about nobody but those who wait. It names a parallel worker's leader;
    // pg_locks names the worker. A prepared transaction has no pid there; what it locked and its transaction id share a virtualtransaction.
    // The row that somebody waits for is not in the lock on the transaction that changed it, but in the lock on the tuple that the first in the
    // queue holds meanwhile. (PostgreSQL manual, 54.12 pg_locks, 9.27 System Information Functions.)
    private static string Query(Version version, bool fullQueries)
    {
        var leader = version.Major >= 13 ? "a.leader_pid" : "NULL::int";
        var waitStart = version.Major >= 14 ? "l.waitstart" : "NULL::timestamptz";
        return
            $"""
            WITH activity AS MATERIALIZED (
                SELECT a.*, {leader} AS leader FROM pg_stat_activity a),
            lock AS MATERIALIZED (
                SELECT l.*, {waitStart} AS wait_start,
                    ROW(locktype, database, relation, page, tuple, virtualxid, transactionid, classid, objid, objsubid)::text AS object
                FROM pg_locks l),
            waiting AS MATERIALIZED (
                SELECT l.*, pg_blocking_pids(l.pid) AS blockers, coalesce(a.leader, l.pid) AS client,
                    coalesce(l.relation, t.relation) AS place,
                    coalesce(l.database, t.database) AS place_database, coalesce(l.wait_start, a.query_start) AS since
                FROM lock l
                LEFT JOIN activity a ON a.pid = l.pid
                LEFT JOIN (SELECT pid, min(relation) AS relation, min(database) AS database FROM lock WHERE granted AND locktype = 'tuple' GROUP BY pid) t
                    ON t.pid = l.pid AND l.locktype = 'transactionid'
                WHERE NOT l.granted),
            blocker AS MATERIALIZED (
                SELECT DISTINCT unnest(blockers) AS client FROM waiting),
            prepared AS MATERIALIZED (
                SELECT l.virtualtransaction, p.* FROM pg_prepared_xacts p
                JOIN lock l ON l.pid IS NULL AND l.locktype = 'transactionid' AND l.transactionid = p.transaction),
            held AS MATERIALIZED (
                SELECT coalesce(a.leader, l.pid, 0) AS client, p.gid, l.object, l.mode, p.owner, p.database, p.prepared
                FROM lock l
                LEFT JOIN activity a ON a.pid = l.pid
                LEFT JOIN prepared p ON l.pid IS NULL AND p.virtualtransaction = l.virtualtransaction
                WHERE l.granted AND l.object IN (SELECT object FROM waiting) AND (l.pid IS NOT NULL OR p.gid IS NOT NULL)),
            part AS (
                SELECT client, NULL::text AS gid, object, mode, false AS granted, since, array_to_string(blockers, ',') AS blockers,
                    locktype, place, place_database AS lock_database, objsubid, coalesce(transactionid::text, virtualxid) AS transaction,
                    classid, objid, NULL::name AS owner, NULL::name AS prepared_in, NULL::timestamptz AS prepared
                FROM waiting
                UNION ALL
                SELECT b.client, h.gid, h.object, h.mode, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                    h.owner, h.database, h.prepared
                FROM blocker b LEFT JOIN held h USING (client))
            SELECT p.client, p.gid, p.object, p.mode, p.granted, {SessionColumns.Milliseconds("p.since")}, p.blockers, p.locktype,
                CASE WHEN c.oid IS NOT NULL THEN quote_ident(n.nspname) || '.' || quote_ident(c.relname) END, p.place::text,
                d.datname::text, p.objsubid::text, p.transaction, p.classid::text, p.objid::text, p.owner::text, p.prepared_in::text,
                {SessionColumns.Milliseconds("p.prepared")}, {SessionColumns.Sql(fullQueries)}
            FROM part p
            LEFT JOIN activity a ON a.pid = p.client
            LEFT JOIN pg_database d ON d.oid = p.lock_database
            LEFT JOIN pg_class c ON c.oid = p.place
                AND (p.lock_database = 0 OR d.datname = current_database())
            LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
            """;
    }
}
