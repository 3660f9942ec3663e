using System.Diagnostics;
using Npgsql;

namespace DbMigrate.Engine.Targets;

/// <summary>
/// Session-level advisory locks, which the server frees when the session ends. They are polled for: a session that waits in
/// <c>pg_advisory_lock()</c> holds a snapshot, and a holder that runs CREATE INDEX CONCURRENTLY would wait for it in turn, until the server
/// reports a deadlock.
/// </summary>
internal static class AdvisoryLock
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Takes a key for as long as the session lasts.</summary>
    /// <param name="connection">The session's connection.</param>
    /// <param name="key">The key.</param>
    /// <param name="wait">The longest to wait for another session.</param>
    /// <param name="waiting">Told once, when it has to wait, who has it.</param>
    /// <param name="busy">The error for when that one still has it in the end.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task TakeAsync(
        NpgsqlConnection connection,
        long key,
        TimeSpan wait,
        Action<string> waiting,
        Func<string, DbMigrateException> busy,
        CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var pause = FirstPause;
        var told = false;
        while (true)
        {
            if (await TryTakeAsync(connection, key, cancellationToken))
            {
                return;
            }

            if (!told || clock.Elapsed >= wait)
            {
                var holder = await HolderAsync(connection, key, cancellationToken);
                if (clock.Elapsed >= wait)
                {
                    throw busy(holder);
                }

                waiting(holder);
                told = true;
            }

            // Jitter keeps many who wait from asking in step.
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), cancellationToken);
            pause = pause * 1.5 < LongestPause ? pause * 1.5 : LongestPause;
        }
    }

    /// <summary>Takes a key unless another session has it.</summary>
    public static Task<bool> TryTakeAsync(NpgsqlConnection connection, long key, CancellationToken cancellationToken) =>
        AskAsync("SELECT pg_try_advisory_lock($1)", connection, key, cancellationToken);

    /// <summary>Gives back a key that was taken.</summary>
    public static Task ReleaseAsync(NpgsqlConnection connection, long key, CancellationToken cancellationToken) =>
        LateCancel.RepeatAsync(() => AskAsync("SELECT pg_advisory_unlock($1)", connection, key, cancellationToken));

    private static async Task<bool> AskAsync(string query, NpgsqlConnection connection, long key, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(query, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = key });
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static async Task<string> HolderAsync(NpgsqlConnection connection, long key, CancellationToken cancellationToken)
    {
        // The bigint form of a key: upper half in classid, lower half in objid (manual 54.12 pg_locks).
        await using var command = new NpgsqlCommand(
            """
            SELECT format('pid %s, user %s, application %s, client %s, connected since %s UTC', a.pid, a.usename,
                coalesce(nullif(a.application_name, ''), '(none)'), coalesce(host(a.client_addr), 'local'),
                to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
            FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND l.classid::bigint = ($1 >> 32) & 4294967295 AND l.objid::bigint = $1 & 4294967295
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = key });
        return await command.ExecuteScalarAsync(cancellationToken) as string ?? "a session that has just ended";
    }
}
