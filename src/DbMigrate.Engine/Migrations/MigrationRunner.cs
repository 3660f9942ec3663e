using System.Globalization;
using System.Runtime.CompilerServices;
using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>
/// Runs steps on a session that holds the runner lock. A step that fits in one transaction travels with its journal row in one batch,
/// and small ones travel together; any other step runs part by part, with its progress recorded in the database.
/// </summary>
internal sealed class MigrationRunner(
    DbSession session,
    MigrationFormat format,
    IMigrationJournal journal,
    IReadOnlyList<JournalRow> journalRows,
    IReadOnlyDictionary<string, string> sessionSettings,
    bool tellsLsn,
    RunOptions options,
    RunWatch watch,
    IEngineObserver observer)
{
    private const int MaxStepsPerFlight = 100;
    private const long MaxFlightSize = 512 * 1024;

    private readonly LockSchedule _schedule = new(options.LockTimeout, options.LockRetries);
    private readonly Dictionary<string, string> _settings = new(sessionSettings);
    private readonly CommandStream _stream = new(session.Connection, tellsLsn);
    // Of those that run in parts, the moment before the first try: later tries begin behind parts that are committed.
    private readonly Dictionary<string, RestorePoint> _begun = new(journal.VersionComparer);
    private List<JournalRow> _rows = [.. journalRows];

    /// <summary>Runs the steps in order and stops at the first that fails.</summary>
    public async IAsyncEnumerable<StepOutcome> RunAsync(IReadOnlyList<MigrationStep> steps, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var activity = $"{(steps is [{ Undo: true }, ..] ? "Undoing" : "Applying")} migrations on {session.Target}";
        var done = 0;
        var attempt = 1;
        while (done < steps.Count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var status = $"{done + 1} of {steps.Count}: {steps[done]}";
            var percent = done * 100 / steps.Count;
            observer.Progress(activity, status, percent);
            var flight = Flight(steps, done);
            var wait = _schedule.Wait(attempt);
            var outcomes = flight.Count > 0 ? FlyAsync(flight, wait, cancellationToken) : RunInPartsAsync(steps[done], wait, cancellationToken);
            watch.BeginTry(activity, status, percent, wait, isQuick: flight.Count > 1 && attempt == 1);
            var end = done + Math.Max(flight.Count, 1);
            await foreach (var outcome in outcomes)
            {
                if (done + 1 == end)
                {
                    await watch.EndTryAsync();
                }

                if (outcome.Error is { MayRetry: true } error && IsLockConflict(error.Exception) && attempt < _schedule.Tries)
                {
                    var pause = LockSchedule.Jitter(LockSchedule.Pause(attempt));
                    observer.Message(MessageLevel.Warning, string.Create(
                        CultureInfo.InvariantCulture,
                        $"{steps[done]} {Conflict(error.Exception, attempt)} (try {attempt} of {_schedule.Tries}){Behind(watch.LastBlockers)}. "
                            + $"Trying again in {pause.TotalSeconds:0.0} s."));
                    await Task.Delay(pause, cancellationToken);
                    attempt++;
                    break;
                }

                if (outcome.Error is not null)
                {
                    await TryRecordFailureAsync(steps[done], outcome.FailureRecord, cancellationToken);
                }

                yield return Finish(outcome, attempt);
                if (outcome.Error is not null)
                {
                    yield break;
                }

                Remember(steps[done]);
                done++;
                attempt = 1;
                watch.Forget();
                observer.Progress(activity, $"{done} of {steps.Count} done", done * 100 / steps.Count);
            }
        }
    }

    private bool IsLockConflict(Exception exception) => exception is PostgresException
    {
        SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected,
    } || IsOurCancel(exception);

    private bool IsOurCancel(Exception exception) =>
        watch.Cancelled is not null && exception is PostgresException { SqlState: PostgresErrorCodes.QueryCanceled };

    private string Conflict(Exception exception, int attempt) => IsOurCancel(exception)
        ? $"was cancelled, because {watch.Cancelled}"
        : exception is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected }
            ? "ran into a deadlock"
            : string.Create(CultureInfo.InvariantCulture, $"did not get a lock within {_schedule.Wait(attempt).TotalSeconds:0.###} s");

    private static string Behind(IReadOnlyList<ServerSession> blockers) =>
        blockers.Count == 0 ? "" : $", behind {string.Join(" and ", blockers)}";

    private StepOutcome Finish(StepOutcome outcome, int attempts)
    {
        var result = outcome.Result with { Attempts = attempts, Blockers = watch.Blockers };
        return outcome.Error is { } error && IsLockConflict(error.Exception)
            ? outcome with
            {
                Result = IsOurCancel(error.Exception) ? result with { Error = result.Error! with { Hint = $"It was cancelled, because {watch.Cancelled}." } } : result,
                BlockedBy = watch.Story(attempts),
            }
            : outcome with { Result = result };
    }

    /// <summary>Tells the server how long to wait for locks, when it has not been told yet.</summary>
    private IEnumerable<PlannedCommand> LockTimeout(TimeSpan wait, MigrationStep step)
    {
        var value = SessionSettings.Milliseconds(wait);
        if (_settings["lock_timeout"] != value)
        {
            // With a Sync behind it, or it would be rolled back with the migration that fails.
            var command = new SqlCommandText("SELECT set_config('lock_timeout', $1, false)", value).ToBatchCommand();
            command.AppendErrorBarrier = true;
            yield return new PlannedCommand(command, CommandRole.Frame, step);
            _settings["lock_timeout"] = value;
        }
    }

    /// <summary>The next steps that may share a round trip; none when the next one does not fit in a transaction.</summary>
    private List<MigrationStep> Flight(IReadOnlyList<MigrationStep> steps, int from)
    {
        var flight = new List<MigrationStep>();
        long size = 0;
        for (var i = from; i < steps.Count && steps[i].IsSingleTransaction && flight.Count < MaxStepsPerFlight; i++)
        {
            size += steps[i].Outline.Size;
            // Replies come when the flight has ended, or when the server has many; limits need to be kept for each migration.
            if (flight.Count > 0 && (watch.Acts || !flight[0].Outline.MayShareFlight || !steps[i].Outline.MayShareFlight || size > MaxFlightSize))
            {
                break;
            }

            flight.Add(steps[i]);
        }

        return flight;
    }

    private void Remember(MigrationStep step)
    {
        if (step.Undo)
        {
            _rows.RemoveAll(r => journal.VersionComparer.Equals(r.Version, step.Migration.Version));
        }
        else
        {
            _rows.Add(new JournalRow { Version = step.Migration.Version, State = MigrationState.Applied });
        }
    }

    private async IAsyncEnumerable<StepOutcome> FlyAsync(List<MigrationStep> flight, TimeSpan wait, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        observer.Message(MessageLevel.Debug, $"Sending {flight.Count} migration(s) in one flight, starting with {flight[0]}.");
        var started = DateTimeOffset.UtcNow;
        await using var replies = _stream.SendAsync(LockTimeout(wait, flight[0]).Concat(FlightCommands(flight)), cancellationToken).GetAsyncEnumerator(cancellationToken);
        RestorePoint? first = null;
        RestorePoint? before = null;
        MigrationResult? last = null;
        var done = 0;
        while (true)
        {
            var step = flight[Math.Min(done, flight.Count - 1)];
            StepOutcome? stopped = null;
            try
            {
                if (!await replies.MoveNextAsync())
                {
                    break;
                }
            }
            catch (Exception e) when (e is not OperationCanceledException || _stream.IsCommitted(step))
            {
                var isDone = _stream.IsCommitted(step);
                if (e is not PostgresException && !isDone)
                {
                    // Npgsql reports a cancel in several ways.
                    cancellationToken.ThrowIfCancellationRequested();
                }

                // Replies come late: how long it took is told by the server's clock up to here, and by ours from here on.
                var began = first is null ? started : started + (before!.At - first.At);
                stopped = isDone
                    ? await EndAsync(step, last ?? Done(step, began, before, _stream.Statements, _stream.Rows))
                    : await StopAsync(step, e, began, before, cancellationToken);
            }

            if (stopped is not null)
            {
                yield return stopped;
                yield break;
            }

            var point = replies.Current.Point;
            first ??= point;
            if (before is not null)
            {
                var result = Done(step, before.At, before, replies.Current.Statements, replies.Current.Rows) with { Duration = point.At - before.At };
                done++;
                if (done < flight.Count)
                {
                    yield return new StepOutcome(result);
                }
                else
                {
                    // Told when the session is known to be fit for the next.
                    last = result;
                }
            }

            before = point;
        }

        yield return new StepOutcome(last!);
    }

    private IEnumerable<PlannedCommand> FlightCommands(List<MigrationStep> flight)
    {
        // A marker is a query, and the BEGIN behind it would join its transaction; where there is only one step, a Sync keeps them apart.
        var first = new NpgsqlBatchCommand(_stream.Marker) { AppendErrorBarrier = flight.Count == 1 };
        yield return new PlannedCommand(first, CommandRole.Frame, flight[0]);
        foreach (var step in flight)
        {
            var commands = step.Commands(journal, _rows);
            var segment = step.Outline.Segments.Count > 0 ? step.Outline.Segments[0] : null;
            yield return PlannedCommand.Frame(segment?.Begin ?? "BEGIN", step);
            using var reader = new SegmentReader(step.Outline.Script);
            var isClaimed = false;
            foreach (var command in segment is null ? [] : reader.Commands(segment, step))
            {
                // SET TRANSACTION has to come before the transaction's first query (manual, SET TRANSACTION).
                if (!isClaimed && !SetsTransaction(command))
                {
                    isClaimed = true;
                    foreach (var claim in commands.Before)
                    {
                        yield return PlannedCommand.Of(claim, CommandRole.Claim, step);
                    }
                }

                yield return command;
            }

            foreach (var claim in isClaimed ? [] : commands.Before)
            {
                yield return PlannedCommand.Of(claim, CommandRole.Claim, step);
            }

            foreach (var command in commands.After)
            {
                yield return PlannedCommand.Frame(command, step);
            }

            yield return PlannedCommand.Commit(step);
            foreach (var command in SessionSettings.Reset(_settings, step))
            {
                yield return command;
            }

            yield return PlannedCommand.Frame(_stream.Marker, step);
        }
    }

    private static bool SetsTransaction(PlannedCommand command) =>
        command.Command.CommandText.Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries) is [var set, var transaction, _]
        && set.Equals("SET", StringComparison.OrdinalIgnoreCase) && transaction.Equals("TRANSACTION", StringComparison.OrdinalIgnoreCase);

    /// <summary>Runs a step that does not fit in one transaction, or that an earlier run left half-way.</summary>
    private async IAsyncEnumerable<StepOutcome> RunInPartsAsync(MigrationStep step, TimeSpan wait, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var started = DateTimeOffset.UtcNow;
        RestorePoint? before = null;
        StepOutcome? stopped = null;
        var isDone = false;
        var parts = new StepParts(step, session, journal, _settings, _stream, observer);
        try
        {
            await foreach (var reply in _stream.SendAsync(LockTimeout(wait, step).Append(PlannedCommand.Frame(_stream.Marker, step)), cancellationToken))
            {
                before = reply.Point;
            }

            _rows = [.. await journal.ReadAsync(session.Connection, cancellationToken)];
            var isFirstTry = _begun.TryAdd(step.Migration.Version, before!);
            before = _begun[step.Migration.Version];
            isDone = await parts.RunAsync(_rows, isFirstTry, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || _stream.IsCommitted(step))
        {
            isDone = _stream.IsCommitted(step);
            stopped = isDone ? null : await StopAsync(step, e, started, before, cancellationToken, parts);
        }

        yield return stopped ?? (isDone
            ? await EndAsync(step, Done(step, started, before, parts.Statements, parts.Rows))
            : new StepOutcome(Result(step, MigrationOutcome.AlreadyApplied, started, DateTimeOffset.UtcNow - started, before)));
    }

    private MigrationResult Done(MigrationStep step, DateTimeOffset started, RestorePoint? before, int statements, long rows) =>
        Result(step, step.Undo ? MigrationOutcome.Undone : MigrationOutcome.Applied, started, DateTimeOffset.UtcNow - started, before)
            with { Statements = statements, Rows = rows };

    private MigrationResult Result(MigrationStep step, MigrationOutcome outcome, DateTimeOffset startedAt, TimeSpan duration, RestorePoint? before) => new()
    {
        Version = step.Migration.Version,
        Name = step.Migration.Name,
        Outcome = outcome,
        Format = format,
        Path = step.Outline.Script?.Path,
        StartedAt = startedAt,
        Duration = duration,
        RestorePoint = before,
        ProcessId = watch.ProcessId,
        Target = session.Target,
    };

    /// <summary>Puts the session back for the next step, behind one that is done whatever becomes of this.</summary>
    private async Task<StepOutcome> EndAsync(MigrationStep step, MigrationResult result)
    {
        // From here on a cancel would hit our own clearing up.
        await watch.EndTryAsync();
        using var patience = new CancellationTokenSource(CommandStream.Patience);
        try
        {
            await _stream.InsistAsync([.. SessionSettings.Reset(_settings, step)], patience.Token);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException or OperationCanceledException)
        {
            observer.Message(MessageLevel.Warning, $"{step} is done, but nothing more can run in its session: {e.Message}");
            await session.Connection.CloseAsync();
        }

        return new StepOutcome(result);
    }

    /// <summary>Rolls back, and tells another runner's work from a failure.</summary>
    private async Task<StepOutcome> StopAsync(
        MigrationStep step, Exception exception, DateTimeOffset started, RestorePoint? before, CancellationToken cancellationToken, StepParts? parts = null)
    {
        // From here on a cancel would hit our own clearing up.
        await watch.EndTryAsync();
        var failed = _stream.Failed;
        var (statements, rows) = (parts?.Statements ?? _stream.Statements, parts?.Rows ?? _stream.Rows);
        var isConnected = await TryRollbackAsync(step, cancellationToken);
        if (isConnected && failed?.Role == CommandRole.Claim && exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation }
            && (await ServerFailure.GuardAsync(() => journal.ReadAsync(session.Connection, cancellationToken))).Any(r => IsApplied(r, step)))
        {
            return new StepOutcome(Result(step, MigrationOutcome.AlreadyApplied, started, DateTimeOffset.UtcNow - started, before));
        }

        var sql = StepFailure.Describe(exception, failed?.Statement, step);
        var result = Result(step, MigrationOutcome.Failed, started, DateTimeOffset.UtcNow - started, before) with { Error = sql, Statements = statements, Rows = rows };
        return new StepOutcome(result, StepFailure.Classify(exception, failed?.Role, step, parts?.Kept ?? KeptWork.None, IsOurCancel(exception), isConnected))
        {
            FailureRecord = isConnected && parts?.Commands is { } commands ? commands.Failed(sql.ToString()) : [],
        };
    }

    private bool IsApplied(JournalRow row, MigrationStep step) =>
        !step.Undo && row.State == MigrationState.Applied && journal.VersionComparer.Equals(row.Version, step.Migration.Version);

    private async Task<bool> TryRollbackAsync(MigrationStep step, CancellationToken cancellationToken)
    {
        try
        {
            await _stream.InsistAsync([PlannedCommand.Frame("ROLLBACK", step)], cancellationToken);
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            return false;  // the connection is gone, and its transaction with it
        }
    }

    private async Task TryRecordFailureAsync(MigrationStep step, IReadOnlyList<SqlCommandText> commands, CancellationToken cancellationToken)
    {
        if (commands.Count == 0)
        {
            return;
        }

        try
        {
            await _stream.RunAsync(commands.Select(c => PlannedCommand.Frame(c, step)), cancellationToken);
        }
        catch (NpgsqlException e)
        {
            observer.Message(MessageLevel.Warning, $"The failure could not be recorded in {journal.Table}: {e.Message}");
        }
    }
}
