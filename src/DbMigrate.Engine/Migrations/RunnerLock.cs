using System.Diagnostics;
using System.Globalization;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>
/// The tool's own advisory locks, held by the migrating session. They are polled for: a session that waits in
/// <c>pg_advisory_lock()</c> holds a snapshot, and a holder that runs CREATE INDEX CONCURRENTLY would wait for it in turn, until the
/// server reports a deadlock.
/// </summary>
internal sealed class RunnerLock : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly NpgsqlConnection _connection;
    private readonly List<long> _held = [];

    private RunnerLock(NpgsqlConnection connection) => _connection = connection;

    /// <summary>Takes the keys in order.</summary>
    /// <exception cref="DbMigrateException"><c>RunnerBusy</c> when another runner still holds one after <paramref name="wait"/>.</exception>
    public static async Task<RunnerLock> TakeAsync(
        DbSession session, IReadOnlyList<long> keys, TimeSpan wait, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var taken = new RunnerLock(session.Connection);
        try
        {
            var clock = Stopwatch.StartNew();
            foreach (var key in keys)
            {
                await taken.TakeAsync(session, key, wait, clock, observer, cancellationToken);
            }

            return taken;
        }
        catch
        {
            await taken.DisposeAsync();
            throw;
        }
    }

    /// <summary>Releases the keys. A broken session has released them already.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var key in Enumerable.Reverse(_held))
        {
            if (_connection.State != System.Data.ConnectionState.Open)
            {
                break;
            }

            try
            {
                await using var unlock = new NpgsqlCommand("SELECT pg_advisory_unlock($1)", _connection);
                unlock.Parameters.Add(new NpgsqlParameter { Value = key });
                await unlock.ExecuteNonQueryAsync();
            }
            catch (NpgsqlException)
            {
                await _connection.CloseAsync();
            }
        }

        _held.Clear();
    }

    private async Task TakeAsync(
        DbSession session, long key, TimeSpan wait, Stopwatch clock, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        var told = false;
        while (true)
        {
            await using (var attempt = new NpgsqlCommand("SELECT pg_try_advisory_lock($1)", _connection))
            {
                attempt.Parameters.Add(new NpgsqlParameter { Value = key });
                if (await attempt.ExecuteScalarAsync(cancellationToken) is true)
                {
                    _held.Add(key);
                    return;
                }
            }

            if (!told || clock.Elapsed >= wait)
            {
                var holder = await HolderAsync(key, cancellationToken);
                if (clock.Elapsed >= wait)
                {
                    throw new DbMigrateException(
                        "RunnerBusy",
                        ErrorKind.Busy,
                        $"Another runner holds the migration lock {key.ToString(CultureInfo.InvariantCulture)} on {session.Target}: {holder}.",
                        "Wait until it has finished, or give -RunnerWait (--runner-wait) more time. If that session is a leftover, end it and run again.")
                    { Subject = session.Target };
                }

                observer.Message(MessageLevel.Warning, $"Waiting for another runner that holds the migration lock: {holder}.");
                told = true;
            }

            // Jitter keeps many waiting runners from asking in step.
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), cancellationToken);
            pause = pause * 1.5 < LongestPause ? pause * 1.5 : LongestPause;
        }
    }

    private async Task<string> HolderAsync(long key, CancellationToken cancellationToken)
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
            _connection);
        command.Parameters.Add(new NpgsqlParameter { Value = key });
        return await command.ExecuteScalarAsync(cancellationToken) as string ?? "a session that has just ended";
    }
}
