using System.Diagnostics;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Engine.Backfill;

/// <summary>
/// Session-level advisory locks, which the server frees when the session ends. They are polled for: a session that waits in <c>pg_advisory_lock()</c>
/// holds a snapshot, and would be in the way of VACUUM and of indexes that are built concurrently.
/// </summary>
internal static class BackfillLock
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Takes a key for as long as the session lasts.</summary>
    /// <exception cref="DbMigrateException"><c>BackfillBusy</c> when another session still has it after <paramref name="wait"/>.</exception>
    public static async Task TakeAsync(DbSession session, long key, TimeSpan wait, string table, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var told = false;
        while (true)
        {
            var attempt = new BackfillCommand().Add("SELECT pg_try_advisory_lock(").Value(key).Add("::bigint)");
            if ((await attempt.QueryAsync(session.Connection, cancellationToken))[0][0] is true)
            {
                return;
            }

            if (!told || clock.Elapsed >= wait)
            {
                var holder = await HolderAsync(session, key, cancellationToken);
                if (clock.Elapsed >= wait)
                {
                    throw new DbMigrateException(
                        "BackfillBusy",
                        ErrorKind.Busy,
                        $"The same backfill of {table} is running already: {holder}.",
                        "Let it finish. If that session is a leftover, end it and run again; the backfill goes on from where it is.") { Subject = table };
                }

                observer.Message(MessageLevel.Verbose, $"Waiting for another run of the same backfill: {holder}.");
                told = true;
            }

            await Task.Delay(Pause * (0.5 + Random.Shared.NextDouble()), cancellationToken);
        }
    }

    private static async Task<string> HolderAsync(DbSession session, long key, CancellationToken cancellationToken)
    {
        // The bigint form of a key: upper half in classid, lower half in objid (manual 54.12 pg_locks).
        var rows = await new BackfillCommand().Add(
            """
            SELECT format('pid %s, user %s, application %s, client %s, connected since %s UTC', a.pid, a.usename,
                coalesce(nullif(a.application_name, ''), '(none)'), coalesce(host(a.client_addr), 'local'),
                to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
            FROM (SELECT
            """).Add(" ").Value(key).Add(
            """
            ::bigint AS key) AS k JOIN pg_locks l ON l.classid::bigint = (key >> 32) & 4294967295 AND l.objid::bigint = key & 4294967295
            JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """).QueryAsync(session.Connection, cancellationToken);
        return rows is [[string holder]] ? holder : "a session that has just ended";
    }
}
