using System.Globalization;
using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Backfill;

/// <summary>
/// Changes many rows of a live table in short transactions, one range of its key after the other, so that nobody waits long. Each batch and the position behind it
/// are committed together: after a crash the same backfill goes on where it was, and each row is changed exactly once.
/// </summary>
public sealed class BackfillJob : IAsyncDisposable
{
    /// <summary>How long the look at the table waits for who keeps everybody out of it.</summary>
    private static readonly TimeSpan PatienceToLook = TimeSpan.FromSeconds(5);

    /// <summary>Walks behind the first one, for rows that came or moved meanwhile.</summary>
    private const int MoreWalks = 5;

    private readonly DbSession _session;
    private readonly BackfillOptions _options;
    private readonly IEngineObserver _observer;
    private readonly BackfillTable _table;
    private readonly IWalk _walk;
    private readonly BackfillUpdate _update;
    private readonly BackfillState _state;
    private readonly NotNullConstraint? _notNull;
    private long _rowsBefore;
    private bool _isLocked;

    private BackfillJob(
        DbSession session, BackfillOptions options, BackfillTable table, IWalk walk, BackfillUpdate update, BackfillState state, NotNullConstraint? notNull, BackfillPlan plan, IEngineObserver observer)
    {
        (_session, _options, _observer) = (session, options, observer);
        (_table, _walk, _update, _state, _notNull) = (table, walk, update, state, notNull);
        Plan = plan;
    }

    /// <summary>What <see cref="RunAsync"/> would do.</summary>
    public BackfillPlan Plan { get; }

    /// <summary>Looks at everything that can be looked at before; writes nothing.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="target">The database.</param>
    /// <param name="observer">Told of decisions and progress.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    /// <exception cref="DbMigrateException">
    /// <c>InvalidBackfillSql</c>, <c>InvalidBackfillParameter</c>, <c>InvalidBatchDuration</c>, <c>InvalidTableName</c>, <c>TableNotFound</c>, <c>NotATable</c>,
    /// <c>BackfillNeedsCondition</c>, <c>ColumnNotFound</c>, <c>NotOwner</c>, <c>Standby</c>, <c>ReadOnly</c>, <c>TransactionPooler</c>,
    /// <c>NoWritePrivilege</c>, <c>NoProgressTable</c>, <c>LockTimeout</c>, <c>SqlError</c>, <c>SqlPermission</c>, and those of <see cref="DbSession.OpenAsync"/>.
    /// </exception>
    public static async Task<BackfillJob> OpenAsync(BackfillOptions options, DbTarget target, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var work = Read(options);
        var session = await DbSession.OpenAsync(target, observer, cancellationToken);
        try
        {
            return await BackfillFailure.GuardAsync(options.Table, "The look at", () => LookAsync(session, options, work, observer, cancellationToken), isLook: true);
        }
        catch (Exception e)
        {
            await using (session)
            {
                if (e is DbMigrateException { InnerException: PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } })
                {
                    throw await LockedAsync(session, options, e, cancellationToken);
                }
            }

            throw;
        }
    }

    // The look plans an UPDATE, and asks for sizes, which wants less.
    private static async Task<DbMigrateException> LockedAsync(DbSession session, BackfillOptions options, Exception cause, CancellationToken cancellationToken)
    {
        var holders = LockHolders.Describe(await LockHolders.ReadAsync(session, BackfillTable.Quote(options), "RowExclusiveLock", PatienceToLook, cancellationToken));
        return new DbMigrateException(
            "LockTimeout",
            ErrorKind.Timeout,
            $"{options.Table} stayed locked for {Ages.Text(PatienceToLook)}{(holders.Length == 0 ? "" : $" by {holders}")}. Nothing was changed.",
            "Try again when that session has ended; Find-BlockingQuery (dbmigrate blockers) shows what would end it.",
            cause) { Subject = options.Table };
    }

    /// <summary>Does the work.</summary>
    /// <exception cref="DbMigrateException">
    /// <c>BackfillBusy</c>, <c>BackfillEndedMeanwhile</c>, <c>LockTimeout</c>, <c>SqlError</c>, <c>SqlPermission</c>, <c>BackfillRowsMove</c>, <c>BackfillRowsLeft</c>, <c>BackfillStateLost</c>,
    /// <c>NullsLeft</c>, <c>ConnectionLost</c>.
    /// </exception>
    public async Task<BackfillResult> RunAsync(CancellationToken cancellationToken)
    {
        var startedAt = DateTimeOffset.UtcNow;
        var progress = new BackfillProgress(_table.DisplayName, _session.Target, _walk.EstimatedSize, _observer);
        try
        {
            var verified = await BackfillFailure.GuardAsync(_table.DisplayName, "The backfill of", () => WalkAsync(progress, cancellationToken));
            if (_notNull is not null)
            {
                await BackfillFailure.GuardAsync(_table.DisplayName, "Setting NOT NULL on", () => _notNull.SetAsync(_session, _options, _observer, cancellationToken));
            }

            await BackfillFailure.GuardAsync(_table.DisplayName, "The end of the backfill of", async () =>
            {
                await _state.EndAsync(_session.Connection, cancellationToken);
                return true;
            });
            return new BackfillResult
            {
                Table = _table.DisplayName,
                Rows = progress.Rows,
                RowsBefore = _rowsBefore,
                Batches = progress.Batches,
                Retries = progress.Retries,
                LongestBatch = progress.LongestBatch,
                StartedAt = startedAt,
                Duration = progress.Elapsed,
                Verified = verified,
                NotNullColumn = _options.ThenSetNotNull,
                Target = _session.Target,
            };
        }
        catch (OperationCanceledException)
        {
            _observer.Message(
                MessageLevel.Warning,
                progress.Batches == 0
                    ? $"The backfill of {_table.DisplayName} was stopped before this run changed a row."
                    : string.Create(CultureInfo.InvariantCulture, $"The backfill of {_table.DisplayName} was stopped after {progress.Rows} rows; the same command goes on from there."));
            throw;
        }
        finally
        {
            await ReleaseAsync();
        }
    }

    /// <summary>Closes the connection.</summary>
    public ValueTask DisposeAsync() => _session.DisposeAsync();

    private static async Task<BackfillJob> LookAsync(
        DbSession session, BackfillOptions options, (SqlFragment Set, SqlFragment? Where) work, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var server = await ServerState.ReadAsync(
            session,
            new Dictionary<string, string>(BackfillWorker.CommonSettings) { ["lock_timeout"] = SessionSettings.Milliseconds(PatienceToLook) },
            null,
            cancellationToken);
        await server.RefuseUnwritableAsync(session, observer, cancellationToken);
        server.RefuseWithoutOwnSchema(session.Target, "how far a backfill got", BackfillState.Table);
        var table = await BackfillTable.ReadAsync(session, options, cancellationToken);
        IWalk walk = table.KeyColumns is { } columns ? new KeyWalk(table, table.KeyIsPrimary, columns) : new PageWalk(table, session.ServerVersion);
        if (walk.RowsMove && work.Where is null)
        {
            throw new DbMigrateException(
                "BackfillNeedsCondition",
                ErrorKind.InvalidArgument,
                $"{table.DisplayName} has no primary key, so its rows cannot be told apart: without a condition some would be changed twice.",
                "Give -Where (--where) a condition that a changed row does not fit any more, such as status IS NULL.") { Subject = table.DisplayName };
        }

        var update = new BackfillUpdate(table, walk, work.Set, work.Where);
        var state = new BackfillState(
            BackfillState.Identify(table.Oid.ToString(CultureInfo.InvariantCulture), walk.Description, work.Set.ToString(), work.Where?.ToString() ?? ""),
            Describe(options));
        var plan = await PlanAsync(session, options, table, walk, update, state, cancellationToken);
        var notNull = options.ThenSetNotNull is { } column ? await NotNullConstraint.ReadAsync(session, table, column, cancellationToken) : null;
        await WarnAsync(session, options, table, state, plan, observer, cancellationToken);
        return new BackfillJob(session, options, table, walk, update, state, notNull, plan, observer);
    }

    private static (SqlFragment Set, SqlFragment? Where) Read(BackfillOptions options)
    {
        if (options.BatchDuration < TimeSpan.FromMilliseconds(10))
        {
            throw new DbMigrateException(
                "InvalidBatchDuration", ErrorKind.InvalidArgument, "A batch of less than 10 ms is all overhead.", "Give -BatchDuration (--batch-duration) 10ms or more.");
        }

        var used = new HashSet<string>();
        var set = options.Set is { } text ? SqlFragment.Assignments(text, options.Parameters, used) : SqlFragment.Assignments(options.Values);
        var where = options.Where is { } condition ? SqlFragment.Condition(condition, options.Parameters, used) : null;
        return options.Parameters.Keys.FirstOrDefault(name => !used.Contains(name)) is { } unused
            ? throw SqlFragment.Parameter($"Nothing mentions the parameter @{unused}.", unused)
            : (set, where);
    }

    private static string Describe(BackfillOptions options) =>
        "SET " + (options.Set ?? string.Join(", ", options.Values.Keys)) + (options.Where is null ? "" : " WHERE " + options.Where);

    private static async Task<BackfillPlan> PlanAsync(
        DbSession session, BackfillOptions options, BackfillTable table, IWalk walk, BackfillUpdate update, BackfillState state, CancellationToken cancellationToken)
    {
        var parts = options.Restart ? [] : await state.ReadAsync(session.Connection, cancellationToken);
        var next = parts.FirstOrDefault(p => !p.Finished);
        var ahead = await walk.Ahead(next?.Position, next?.End, walk.FirstSize).QueryAsync(session.Connection, cancellationToken);
        var upTo = ahead is [[string found]] ? WalkPosition.Parse(found) : next?.End;
        var statement = new SqlBuilder();
        update.AddTo(statement, next?.Position, upTo);
        var explain = new SqlBuilder().Add("EXPLAIN ");
        update.AddTo(explain, next?.Position, upTo);

        // Planned as a worker's session will plan it; SET LOCAL would need a transaction block.
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)"));
        batch.BatchCommands.Add(explain.ToBatchCommand());
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var lines = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            lines.Add(reader.GetString(0));
        }

        return new BackfillPlan
        {
            Table = table.DisplayName,
            Walk = walk.Description,
            EstimatedRows = table.EstimatedRows,
            Resumes = parts.Count > 0,
            RowsBefore = parts.Sum(p => p.Rows),
            Statement = statement.Text,
            QueryPlan = string.Join('\n', lines),
            Target = session.Target,
        };
    }

    private static async Task WarnAsync(
        DbSession session, BackfillOptions options, BackfillTable table, BackfillState state, BackfillPlan plan, IEngineObserver observer, CancellationToken cancellationToken)
    {
        if (table.Triggers is { } triggers)
        {
            observer.Message(MessageLevel.Warning, $"{table.DisplayName} has triggers that fire for each changed row: {triggers}.");
        }

        foreach (var (_, description) in await state.OthersAsync(table.Oid, session.Connection, cancellationToken))
        {
            observer.Message(
                MessageLevel.Warning,
                $"Another backfill of {table.DisplayName} is not finished: {description}. This one is not the same, and starts by itself; " +
                (options.DiscardOthers ? "the other will be forgotten, unless it is running." : "-DiscardOthers (--discard-others) forgets the other."));
        }

        // Everybody sees that there is a standby, but not where it is.
        if (options.MaxReplicaLag > TimeSpan.Zero && await new SqlBuilder().Add(
                $"SELECT current_user::text FROM pg_stat_replication WHERE state IS NULL AND {BackfillMonitor.IsStandby} LIMIT 1")
            .QueryAsync(session.Connection, cancellationToken) is [[string user]])
        {
            observer.Message(
                MessageLevel.Warning,
                $"The role {user} may not see how far the standbys of {session.Target} are, so the backfill does not wait for them. Let a superuser run: " +
                $"GRANT pg_monitor TO {Formats.JournalTable.Quote(user)};");
        }

        observer.Message(
            MessageLevel.Verbose,
            string.Create(CultureInfo.InvariantCulture, $"Walking {table.DisplayName} by {plan.Walk}, about {table.EstimatedRows ?? 0} rows") +
            (plan.Resumes ? string.Create(CultureInfo.InvariantCulture, $"; an earlier run changed {plan.RowsBefore} rows.") : "."));
    }

    /// <summary>Walks until no row is left. Returns whether that could be asked.</summary>
    private async Task<bool> WalkAsync(BackfillProgress progress, CancellationToken cancellationToken)
    {
        var other = await LockAsync(_session, _state.LockKey, _options.RunnerWait, cancellationToken);
        _isLocked = true;
        var recorded = await _state.ReadAsync(_session.Connection, cancellationToken);
        if (recorded.Count == 0 && (other is not null || Plan.Resumes))
        {
            // To begin with the first row would change all rows once more.
            throw new DbMigrateException(
                "BackfillEndedMeanwhile",
                ErrorKind.Busy,
                $"The same backfill of {_table.DisplayName} was run by somebody else{(other is null ? "" : $" ({other})")} meanwhile, and has ended. This run changed nothing.",
                "If that run succeeded there is nothing left to do. If it did not, run again.") { Subject = _table.DisplayName };
        }

        _rowsBefore = _options.Restart ? 0 : recorded.Sum(p => p.Rows);
        try
        {
            return await WalkLockedAsync(_options.Restart ? [] : recorded, progress, cancellationToken);
        }
        catch when (progress.Batches == 0)
        {
            await ForgetAsync();
            throw;
        }
    }

    /// <summary>What has changed nothing, and may never be tried again in the same words, leaves no record behind.</summary>
    private async Task ForgetAsync()
    {
        using var patience = new CancellationTokenSource(PatienceToLook);
        try
        {
            await _state.EndUntouchedAsync(_session.Connection, patience.Token);
        }
        catch (Exception e) when (e is NpgsqlException or OperationCanceledException or InvalidOperationException)
        {
            _observer.Message(MessageLevel.Verbose, $"The record of the backfill of {_table.DisplayName} stays: {e.Message}");
        }
    }

    /// <summary>
    /// Frees the lock. It would go with the session, but the server may notice the session's end late: who runs the same again at once would take this run for
    /// somebody else's that has ended meanwhile.
    /// </summary>
    private async Task ReleaseAsync()
    {
        if (!_isLocked)
        {
            return;
        }

        using var patience = new CancellationTokenSource(PatienceToLook);
        try
        {
            await AdvisoryLock.ReleaseAsync(_session.Connection, _state.LockKey, patience.Token);
        }
        catch (Exception e) when (e is NpgsqlException or OperationCanceledException or InvalidOperationException)
        {
            // The session is lost, and the lock goes with it.
        }
    }

    private async Task<bool> WalkLockedAsync(IReadOnlyList<BackfillPart> parts, BackfillProgress progress, CancellationToken cancellationToken)
    {
        // From here on patience is better than an error: what is done is kept, and the monitor tells of waits.
        await new SqlBuilder().Add("SELECT set_config('lock_timeout', '0', false)").QueryAsync(_session.Connection, cancellationToken);
        if (_options.DiscardOthers)
        {
            await DiscardOthersAsync(cancellationToken);
        }

        if (parts.Count == 0)
        {
            var cuts = _options.Parallel > 1 ? await _walk.Cuts(_options.Parallel).QueryAsync(_session.Connection, cancellationToken) : [];
            await _state.StartAsync(_table.Oid, [.. cuts.Select(cut => WalkPosition.Parse(cut[0])!)], _session.Connection, cancellationToken);
        }

        for (var walks = 0; ; walks++)
        {
            await WalkOnceAsync(progress, cancellationToken);
            if (!_update.HasCondition)
            {
                return false;
            }

            parts = await _state.ReadAsync(_session.Connection, cancellationToken);
            if (parts.Any(p => p.Matching > 0))
            {
                _observer.Message(MessageLevel.Verbose, $"Changed rows of {_table.DisplayName} still fit the condition, so it cannot be asked whether rows are left.");
                return false;
            }

            progress.Resting("looking for rows that are left");
            if ((await _update.AnyLeft().QueryAsync(_session.Connection, cancellationToken))[0][0] is false)
            {
                return true;
            }

            if (walks == MoreWalks)
            {
                throw new DbMigrateException(
                    "BackfillRowsLeft",
                    ErrorKind.InvalidState,
                    $"Rows of {_table.DisplayName} fit the condition again and again, after {walks + 1} walks: something still writes such rows.",
                    "Deploy the application that writes the new value first, then run again.") { Subject = _table.DisplayName };
            }

            _observer.Message(MessageLevel.Verbose, $"Rows of {_table.DisplayName} came or moved meanwhile; walking once more.");
            await _state.StartAsync(_table.Oid, [], _session.Connection, cancellationToken);
        }
    }

    private async Task DiscardOthersAsync(CancellationToken cancellationToken)
    {
        foreach (var (other, description) in await _state.OthersAsync(_table.Oid, _session.Connection, cancellationToken))
        {
            var isForgotten = await other.TryEndAsync(_session.Connection, cancellationToken);
            _observer.Message(
                isForgotten ? MessageLevel.Verbose : MessageLevel.Warning,
                $"Another backfill of {_table.DisplayName} {(isForgotten ? "is forgotten" : "is running, and stays")}: {description}.");
        }
    }

    private async Task WalkOnceAsync(BackfillProgress progress, CancellationToken cancellationToken)
    {
        var parts = await _state.ReadAsync(_session.Connection, cancellationToken);
        progress.Begin(parts.Sum(p => p.Walked));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var stopMonitor = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var monitor = new BackfillMonitor(_session, _table, _options, progress, _observer);
        var watching = monitor.RunAsync(stopMonitor.Token);
        var working = Parallel.ForEachAsync(
            parts.Where(p => !p.Finished),
            new ParallelOptions { MaxDegreeOfParallelism = _options.Parallel, CancellationToken = stop.Token },
            async (part, token) => await WorkAsync(part, monitor, progress, token));

        // Without the monitor's session nobody looks after the neighbours, and the lock of the backfill is gone.
        var first = await Task.WhenAny(working, watching);
        var second = first == working ? watching : working;
        await (first == working ? stopMonitor : stop).CancelAsync();
        await second.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await first;
    }

    private async Task WorkAsync(BackfillPart part, BackfillMonitor monitor, BackfillProgress progress, CancellationToken cancellationToken)
    {
        await using var session = await DbSession.OpenAsync(_session.Target, _observer, cancellationToken);
        await using (var settings = new NpgsqlBatch(session.Connection))
        {
            foreach (var command in SessionSettings.Commands(BackfillWorker.Settings(_options)))
            {
                settings.BatchCommands.Add(command.ToBatchCommand());
            }

            await settings.ExecuteNonQueryAsync(cancellationToken);
        }

        monitor.Add(await session.IdentifyAsync(cancellationToken));

        // The last batch of a runner that was killed may be still at work, and may still commit.
        await LockAsync(session, _state.PartKey(part.Number), TimeSpan.FromMinutes(1), cancellationToken);
        var current = (await _state.ReadAsync(session.Connection, cancellationToken)).First(p => p.Number == part.Number);
        if (!current.Finished)
        {
            await new BackfillWorker(session, _walk, _update, _state, monitor, progress, _options, _table.DisplayName, _observer).RunAsync(current, cancellationToken);
        }
    }

    /// <summary>Takes a key, and returns who had it when it had to be waited for; null when nobody did.</summary>
    private async Task<string?> LockAsync(DbSession session, long key, TimeSpan wait, CancellationToken cancellationToken)
    {
        string? other = null;
        await AdvisoryLock.TakeAsync(
            session.Connection,
            key,
            wait,
            holder =>
            {
                other = holder;
                _observer.Message(MessageLevel.Verbose, $"Waiting for another run of the same backfill: {holder}.");
            },
            holder => new DbMigrateException(
                "BackfillBusy",
                ErrorKind.Busy,
                $"The same backfill of {_table.DisplayName} is running already: {holder}.",
                "Let it finish. If that session is a leftover, end it and run again; the backfill goes on from where it is.") { Subject = _table.DisplayName },
            cancellationToken);
        return other;
    }
}
