using System.Diagnostics;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Backfill;

/// <summary>
/// Walks a part of the table over a session of its own. A batch is one round trip: where the next batch ends, the UPDATE, and the new position, in one
/// transaction. The statements are planned each time with their real values: a generic plan cannot know how narrow a range is, and planning takes less than
/// a millisecond of a batch.
/// </summary>
internal sealed class BackfillWorker(
    DbSession session, IWalk walk, BackfillUpdate update, BackfillState state, BackfillMonitor monitor, BackfillProgress progress, BackfillOptions options, string table, IEngineObserver observer)
{
    private readonly BatchSizer _sizer = new(options.BatchDuration, walk.FirstSize);
    private TimeSpan _statementTimeout = Limit(options);

    /// <summary>
    /// What holds in a worker's session. A batch that waits for a row holds others, so the limits are short. Scans of the whole table, which is what the walk avoids,
    /// are ruled out even where statistics mislead the planner; compiling (JIT) never pays for a batch; row security would hide rows instead of refusing;
    /// the text of a key must be the same whatever the role's settings are.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Settings(BackfillOptions options) => new Dictionary<string, string>(CommonSettings)
    {
        ["lock_timeout"] = SessionSettings.Milliseconds(options.BatchDuration),
        ["statement_timeout"] = SessionSettings.Milliseconds(Limit(options)),
        ["enable_seqscan"] = "off",
        ["jit"] = "off",
    };

    /// <summary>What every session of a backfill needs, whatever role, database and server have set.</summary>
    public static IReadOnlyDictionary<string, string> CommonSettings { get; } = new Dictionary<string, string>
    {
        ["default_transaction_isolation"] = "read committed",
        ["statement_timeout"] = "0",
        ["idle_in_transaction_session_timeout"] = "0",
        ["standard_conforming_strings"] = "on",
        ["row_security"] = "off",
        ["datestyle"] = "ISO",
        ["extra_float_digits"] = "1",
    };

    /// <summary>Walks the part to its end.</summary>
    public async Task RunAsync(BackfillPart part, CancellationToken cancellationToken)
    {
        var position = part.Position;
        var size = _sizer.Size;
        string[]? upTo = null;
        var isSized = false;
        var failures = 0;
        var series = new Stopwatch();
        while (true)
        {
            var clock = Stopwatch.StartNew();
            series = failures == 0 ? clock : series;
            (long Rows, string[]? Next, long NextSize) done;
            try
            {
                if (size > 1 && _statementTimeout > Limit(options))
                {
                    await SetStatementTimeoutAsync(Limit(options), cancellationToken);
                }

                if (!isSized)
                {
                    // Many dead entries of the index may lie ahead, so that this takes long too.
                    upTo = await AheadAsync(position, part.End, size, cancellationToken);
                    isSized = true;
                }

                done = await RunBatchAsync(part, position, upTo, size, cancellationToken);
            }
            catch (PostgresException e) when (BackfillFailure.IsPassing(e) && !cancellationToken.IsCancellationRequested)
            {
                await GiveWayAsync(e, position, size, clock.Elapsed, series.Elapsed, ++failures, cancellationToken);
                _sizer.Halve(size);
                size = _sizer.Size;
                isSized = false;
                continue;
            }
            catch (NpgsqlException e) when (!cancellationToken.IsCancellationRequested)
            {
                throw BackfillFailure.Explain(e, table, $"{Place(position)} the backfill of");
            }

            failures = 0;
            progress.Committed(done.Rows, upTo is null ? done.Rows : size, clock.Elapsed);
            if (upTo is null)
            {
                return;
            }

            _sizer.Observe(size, clock.Elapsed);
            if (await monitor.WaitForTurnAsync(session.ProcessId, clock.Elapsed, cancellationToken))
            {
                // Where the next one ends was asked for together with the last: that is too far now.
                observer.Message(MessageLevel.Verbose, $"Somebody waited for a batch of {table}, so the next one is half as large.");
                _sizer.Halve(size);
                (position, size, isSized) = (upTo, _sizer.Size, false);
                continue;
            }

            (position, upTo, size) = (upTo, done.Next, done.NextSize);
        }
    }

    private static TimeSpan Limit(BackfillOptions options) => options.BatchDuration * 2;

    private async Task<string[]?> AheadAsync(string[]? position, string[]? end, long size, CancellationToken cancellationToken) =>
        await walk.Ahead(position, end, size).QueryAsync(session.Connection, cancellationToken) is [[string found]] ? WalkPosition.Parse(found) : null;

    private async Task<(long Rows, string[]? Next, long NextSize)> RunBatchAsync(
        BackfillPart part, string[]? position, string[]? upTo, long size, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(session.Connection);
        var nextSize = _sizer.Size;
        if (upTo is not null)
        {
            // Before the UPDATE, so that no row stays locked meanwhile.
            batch.BatchCommands.Add(walk.Ahead(upTo, part.End, nextSize).ToBatchCommand());
        }

        batch.BatchCommands.Add(state.Batch(
            command => update.AddTo(command, position, upTo ?? part.End, BackfillState.IsRecorded), part.Number, position, upTo, upTo is null ? null : size).ToBatchCommand());
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        string[]? next = null;
        if (upTo is not null)
        {
            next = await reader.ReadAsync(cancellationToken) ? WalkPosition.Parse(reader.GetString(0)) : null;
            await reader.NextResultAsync(cancellationToken);
        }

        if (!await reader.ReadAsync(cancellationToken))
        {
            throw new DbMigrateException(
                "BackfillStateLost",
                ErrorKind.InvalidState,
                $"Somebody removed or changed the record of how far the backfill of {table} got, while it ran.",
                "Look at the rows: where it stopped is not known any more. Started again, the backfill begins with the first row.") { Subject = table };
        }

        var rows = reader.GetInt64(0);

        // Only here the server says that it has committed.
        while (await reader.NextResultAsync(cancellationToken))
        {
        }

        return (rows, next, nextSize);
    }

    private string Place(string[]? position) => position is null ? "At the first row" : $"Behind {walk.Describe(position)}";

    private async Task GiveWayAsync(
        PostgresException exception, string[]? position, long size, TimeSpan elapsed, TimeSpan sinceFirst, int failures, CancellationToken cancellationToken)
    {
        var blocker = exception.SqlState == PostgresErrorCodes.QueryCanceled ? null : monitor.BlockerOf(session.ProcessId, elapsed);
        var why = exception.MessageText + (blocker is null ? "" : $", held by {blocker}");
        progress.RolledBack(exception.MessageText, failures, blocker);
        if (failures > options.LockRetries)
        {
            // The monitor looks only now and then, and may have missed the last try: who was in the way of an earlier one is worth knowing.
            if (blocker is null && monitor.BlockerOf(session.ProcessId, sinceFirst) is { } earlier)
            {
                why += $", after an earlier try was held up by {earlier}";
            }

            throw new DbMigrateException(
                "LockTimeout",
                ErrorKind.Timeout,
                $"{Place(position)} a batch of {table} failed {failures} times in a row, the last time with a size of {size}: {why}.",
                "End the session that is in the way (Find-BlockingQuery), or give more time with -BatchDuration (--batch-duration), then run again: it goes on from there.",
                exception) { Subject = table };
        }

        if (exception.SqlState == PostgresErrorCodes.QueryCanceled && size == 1)
        {
            // Less than this cannot be done, so it gets the time that it needs.
            await SetStatementTimeoutAsync(_statementTimeout * 2, cancellationToken);
        }

        // Jitter keeps sessions that met once from meeting again. What was only too much at once has nobody to wait for.
        var attempt = exception.SqlState == PostgresErrorCodes.QueryCanceled ? 1 : failures;
        await Task.Delay(LockSchedule.Jitter(LockSchedule.Pause(attempt)), cancellationToken);
    }

    private async Task SetStatementTimeoutAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        await new SqlBuilder().Add("SELECT set_config('statement_timeout', ").Value(SessionSettings.Milliseconds(timeout)).Add(", false)")
            .QueryAsync(session.Connection, cancellationToken);
        _statementTimeout = timeout;
    }
}
