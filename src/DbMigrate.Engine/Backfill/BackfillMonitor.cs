using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Engine.Backfill;

/// <summary>
/// Watches the server over a session of its own while others work, and makes them rest: while a standby is behind, while the server writes more WAL than it should,
/// half of the time while autovacuum is on the table, and with a smaller batch when somebody waited for one.
/// </summary>
internal sealed class BackfillMonitor(DbSession session, BackfillTable table, BackfillOptions options, BackfillProgress progress, IEngineObserver observer)
{
    /// <summary>
    /// Which rows of pg_stat_replication are standbys. Who decodes a logical slot, as change capture does, confirms when it likes, and answers nobody's queries.
    /// </summary>
    public const string IsStandby = "pid NOT IN (SELECT active_pid FROM pg_replication_slots WHERE slot_type = 'logical' AND active_pid IS NOT NULL)";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RateWindow = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<int, int> _waiters = new();
    private readonly ConcurrentDictionary<int, (long At, ServerSession Session)> _blockers = new();
    private readonly Queue<(TimeSpan At, double Wal)> _written = new();
    private volatile Signals _signals = new(TimeSpan.Zero, 0, false);

    private sealed record Signals(TimeSpan ReplicaLag, double WalRate, bool IsVacuumed);

    /// <summary>A session works from now on.</summary>
    public void Add(int processId) => _waiters[processId] = 0;

    /// <summary>Who was in the session's way when it waited last, within a time from now: who was in the way of an earlier batch may be gone.</summary>
    public ServerSession? BlockerOf(int processId, TimeSpan within) =>
        _blockers.TryGetValue(processId, out var seen) && Stopwatch.GetElapsedTime(seen.At) <= within ? seen.Session : null;

    /// <summary>Looks until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        double? start = null;
        var clock = new Stopwatch();
        while (!cancellationToken.IsCancellationRequested)
        {
            var wal = await LookAsync(start, clock.Elapsed, cancellationToken);

            // A slow hour must not be saved up for a burst, nor a burst be forgiven.
            if (start is null || (clock.Elapsed > RateWindow && _signals.WalRate <= options.MaxWalRate))
            {
                start = wal;
                clock.Restart();
            }

            await Task.Delay(Interval, cancellationToken);
        }
    }

    /// <summary>Waits until the next batch may start. Returns whether somebody waited for the last one.</summary>
    /// <param name="processId">The session that asks.</param>
    /// <param name="lastBatch">How long its last batch took.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<bool> WaitForTurnAsync(int processId, TimeSpan lastBatch, CancellationToken cancellationToken)
    {
        var rest = options.Pause + (_signals.IsVacuumed ? lastBatch : TimeSpan.Zero);
        if (rest > TimeSpan.Zero)
        {
            await Task.Delay(rest, cancellationToken);
        }

        var told = Stopwatch.StartNew();
        while (Hold(_signals) is { } why)
        {
            progress.Resting(why);
            if (told.Elapsed >= TellEvery)
            {
                observer.Message(MessageLevel.Warning, $"The backfill of {table.DisplayName} rests: {why}.");
                told.Restart();
            }

            await Task.Delay(Interval, cancellationToken);
        }

        return _waiters.TryUpdate(processId, 0, 1);
    }

    private string? Hold(Signals signals)
    {
        if (options.MaxReplicaLag > TimeSpan.Zero && signals.ReplicaLag > options.MaxReplicaLag)
        {
            return string.Create(CultureInfo.InvariantCulture, $"a standby is {signals.ReplicaLag.TotalSeconds:0} s behind");
        }

        return options.MaxWalRate > 0 && signals.WalRate > options.MaxWalRate
            ? $"the server has written {ByteSize.Text((long)signals.WalRate)} of WAL a second"
            : null;
    }

    /// <summary>Looks once and returns how much WAL the server has written since it was made, in bytes.</summary>
    private async Task<double> LookAsync(double? walStart, TimeSpan elapsed, CancellationToken cancellationToken)
    {
        var pids = "{" + string.Join(',', _waiters.Keys) + "}";

        // pg_locks shows everybody's locks to everybody. Who waits for a row waits for the transaction that changed it (manual 54.12). pg_blocking_pids() would
        // tell exactly, but it stops all locking for a moment, so it is asked about our own sessions only. pg_partition_tree() would wait for a locked partition.
        var command = new SqlBuilder().Add(
            $"""
            SELECT (SELECT min(pg_wal_lsn_diff(replay_lsn, '0/0'))::float8 FROM pg_stat_replication WHERE state IN ('streaming', 'catchup') AND {IsStandby}),
                pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8,
                EXISTS (WITH RECURSIVE tree (oid) AS (SELECT
            """).Add(" ").Value(table.Oid).Add(
            """
            ::oid UNION SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid)
                    SELECT FROM pg_stat_progress_vacuum v JOIN pg_stat_activity a USING (pid) JOIN tree ON tree.oid = v.relid WHERE a.backend_type = 'autovacuum worker'),
                (SELECT string_agg(DISTINCT h.pid::text, ',') FROM pg_locks h JOIN pg_locks w ON NOT w.granted AND w.locktype = h.locktype
                    AND (w.transactionid = h.transactionid OR (w.database = h.database AND w.relation = h.relation AND w.locktype = 'relation'))
                 WHERE h.granted AND h.pid = ANY (
            """).Value(pids).Add("::int[]) AND w.pid <> ALL (").Value(pids).Add(
            """
            ::int[])),
                EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid = ANY (
            """).Value(pids).Add("::int[]))");
        var row = (await command.QueryAsync(session.Connection, cancellationToken))[0];
        var wal = (double)row[1]!;
        foreach (var pid in (row[3] as string)?.Split(',') ?? [])
        {
            _waiters[int.Parse(pid, CultureInfo.InvariantCulture)] = 1;
        }

        if ((bool)row[4]!)
        {
            var now = Stopwatch.GetTimestamp();
            foreach (var wait in await LockTree.ReadAsync(session, new LockTreeOptions { ForPids = [.. _waiters.Keys] }, cancellationToken))
            {
                _blockers[wait.BlockedPid] = (now, wait.Blocking);
            }
        }

        var rate = walStart is { } start && elapsed > TimeSpan.Zero ? (wal - start) / elapsed.TotalSeconds : 0;
        _signals = new Signals(ReplicaLag(wal, row[0] as double?), rate, (bool)row[2]!);
        return wal;
    }

    /// <summary>
    /// How long ago the server wrote what the slowest standby has not replayed yet. The server's own replay_lag is that of the last answer, and does not grow while a
    /// standby is stuck (manual 27.2.4, pg_stat_replication).
    /// </summary>
    private TimeSpan ReplicaLag(double written, double? replayed)
    {
        _written.Enqueue((progress.Elapsed, written));
        while (_written.TryPeek(out var oldest) && oldest.Wal <= (replayed ?? written))
        {
            _written.Dequeue();
        }

        return _written.TryPeek(out var missing) ? progress.Elapsed - missing.At : TimeSpan.Zero;
    }
}
