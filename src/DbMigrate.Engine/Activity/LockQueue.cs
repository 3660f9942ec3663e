using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>
/// Who queues behind one session, directly or behind others that do. It is asked many times a second, so it looks at <c>pg_locks</c> once and
/// leaves out <c>pg_blocking_pids()</c>, which holds up the whole lock table for every waiter.
/// </summary>
/// <param name="Sessions">How many sessions of clients wait.</param>
/// <param name="Longest">How long the one waits that has waited longest; zero when none does.</param>
/// <param name="IsOver">More wait, or longer, than allowed.</param>
/// <param name="IsCancelled">The session's statement was cancelled for that.</param>
internal readonly record struct LockQueue(int Sessions, TimeSpan Longest, bool IsOver, bool IsCancelled)
{
    private static readonly string Conflicts = string.Join(
        ", ", LockMode.All.SelectMany(held => LockMode.All.Where(wanted => LockMode.Conflict(held, wanted)).Select(wanted => $"('{held}', '{wanted}')")));

    /// <summary>
    /// Looks, and cancels the session's statement when more wait, or longer, than allowed. Both in one statement: what is cancelled is still what
    /// others wait for.
    /// </summary>
    /// <param name="connection">A connection on which nothing else runs.</param>
    /// <param name="limits">The session, and what is allowed.</param>
    /// <param name="seen">Since when the caller has seen somebody wait; counts for those of whom the server does not tell.</param>
    /// <param name="mayCancel">False only to look.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    public static async Task<LockQueue> LimitAsync(
        NpgsqlConnection connection, QueueLimits limits, TimeSpan seen, bool mayCancel, CancellationToken cancellationToken)
    {
        // Before 14 the server does not record since when somebody waits. Then everybody else counts as behind a wait of ours, and of roles that
        // ours may not look at the time is not known at all. What a session is, is hidden from such a role too, but not whose it is.
        var since = connection.PostgreSqlVersion.Major >= 14 ? "waitstart" : "NULL::timestamptz";
        await using var command = new NpgsqlCommand(
            $"""
            WITH RECURSIVE lock AS MATERIALIZED (
                SELECT pid, mode, granted, {since} AS since,
                    ROW(locktype, database, relation, page, tuple, virtualxid, transactionid, classid, objid, objsubid)::text AS object,
                    coalesce(
                        relation = (SELECT to_regclass($6)) AND mode IN ('AccessExclusiveLock', 'ShareRowExclusiveLock')
                            OR locktype = 'advisory' AND objsubid = 1 AND (classid::bigint << 32 | objid::bigint) = ANY ($7),
                        false) AS is_for_runners
                FROM pg_locks),
            conflict (held, wanted) AS (VALUES {Conflicts}),
            behind (pid) AS (
                SELECT $1::int
                UNION
                SELECT waiting.pid
                FROM behind
                JOIN lock ahead USING (pid)
                JOIN lock waiting ON waiting.object = ahead.object AND NOT waiting.granted AND waiting.pid <> ahead.pid AND NOT waiting.is_for_runners
                    AND (ahead.granted OR {(connection.PostgreSqlVersion.Major >= 14 ? "waiting.since > ahead.since" : "true")})
                JOIN conflict ON conflict.held = ahead.mode AND conflict.wanted = waiting.mode),
            queue AS MATERIALIZED (
                SELECT count(DISTINCT pid)::int AS sessions,
                    coalesce(max(coalesce(extract(epoch FROM clock_timestamp() - coalesce(lock.since, activity.query_start)), $5)), 0)::float8 AS longest
                FROM behind JOIN lock USING (pid) JOIN pg_stat_activity activity USING (pid)
                WHERE pid <> $1 AND NOT lock.granted
                    AND (activity.backend_type = 'client backend' OR activity.backend_type IS NULL AND activity.usesysid IS NOT NULL))
            SELECT sessions, longest, is_over, CASE WHEN is_over AND $4 THEN pg_cancel_backend($1) ELSE false END
            FROM (SELECT *, ($2 > 0 AND sessions > $2) OR ($3 > 0 AND longest > $3) AS is_over FROM queue) q
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limits.Pid });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limits.MaxSessions });
        command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = limits.MaxTime.TotalSeconds });
        command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = mayCancel });
        command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = seen.TotalSeconds });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = limits.RunnerTable });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. limits.RunnerKeys] });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new LockQueue(reader.GetInt32(0), TimeSpan.FromSeconds(Math.Max(reader.GetDouble(1), 0)), reader.GetBoolean(2), reader.GetBoolean(3));
    }
}
