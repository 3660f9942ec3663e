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
    IReadOnlyDictionary<string, string> settings,
    RunOptions options,
    IEngineObserver observer)
{
    private const int MaxStepsPerFlight = 100;
    private const long MaxFlightSize = 512 * 1024;
    private static readonly TimeSpan FirstRetryPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestRetryPause = TimeSpan.FromSeconds(30);

    private readonly CommandStream _stream = new(session.Connection);
    private readonly HashSet<string> _started = new(journal.VersionComparer);
    private List<JournalRow> _rows = [.. journalRows];

    /// <summary>Runs the steps in order and stops at the first that fails.</summary>
    public async IAsyncEnumerable<StepOutcome> RunAsync(IReadOnlyList<MigrationStep> steps, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var activity = $"{(steps is [{ Undo: true }, ..] ? "Undoing" : "Applying")} migrations on {session.Target}";
        var done = 0;
        var attempt = 1;
        while (done < steps.Count)
        {
            observer.Progress(activity, $"{done + 1} of {steps.Count}: {steps[done]}", done * 100 / steps.Count);
            var flight = Flight(steps, done);
            var outcomes = flight.Count > 0 ? FlyAsync(flight, cancellationToken) : RunInPartsAsync(steps[done], cancellationToken);
            await foreach (var outcome in outcomes)
            {
                if (outcome.Error is { } error && IsLockConflict(error.Exception) && attempt <= options.LockRetries)
                {
                    var pause = RetryPause(attempt);
                    observer.Message(MessageLevel.Warning, string.Create(
                        CultureInfo.InvariantCulture,
                        $"{steps[done]} did not get a lock within {options.LockTimeout.TotalSeconds:0.###} s (try {attempt} of {options.LockRetries + 1}). "
                            + $"Trying again in {pause.TotalSeconds:0.0} s."));
                    await Task.Delay(pause, cancellationToken);
                    attempt++;
                    break;
                }

                if (outcome.Error is not null)
                {
                    await TryRecordFailureAsync(steps[done], outcome.FailureRecord, cancellationToken);
                }

                yield return outcome with { Result = outcome.Result with { Attempts = attempt } };
                if (outcome.Error is not null)
                {
                    yield break;
                }

                Remember(steps[done]);
                done++;
                attempt = 1;
                observer.Progress(activity, $"{done} of {steps.Count} done", done * 100 / steps.Count);
            }
        }
    }

    private static bool IsLockConflict(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected };

    private static TimeSpan RetryPause(int attempt)
    {
        var pause = FirstRetryPause * Math.Pow(1.7, attempt - 1);
        return (pause < LongestRetryPause ? pause : LongestRetryPause) * (0.5 + Random.Shared.NextDouble());
    }

    /// <summary>The next steps that may share a round trip; none when the next one does not fit in a transaction.</summary>
    private static List<MigrationStep> Flight(IReadOnlyList<MigrationStep> steps, int from)
    {
        var flight = new List<MigrationStep>();
        long size = 0;
        for (var i = from; i < steps.Count && steps[i].IsSingleTransaction && flight.Count < MaxStepsPerFlight; i++)
        {
            size += steps[i].Outline.Size;
            if (flight.Count > 0 && (!flight[0].Outline.MayShareFlight || !steps[i].Outline.MayShareFlight || size > MaxFlightSize))
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

    private async IAsyncEnumerable<StepOutcome> FlyAsync(List<MigrationStep> flight, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        observer.Message(MessageLevel.Debug, $"Sending {flight.Count} migration(s) in one flight, starting with {flight[0]}.");
        var started = DateTimeOffset.UtcNow;
        await using var replies = _stream.SendAsync(FlightCommands(flight), cancellationToken).GetAsyncEnumerator(cancellationToken);
        DateTimeOffset? at = null;
        var done = 0;
        while (done < flight.Count)
        {
            StepOutcome? stopped = null;
            try
            {
                if (!await replies.MoveNextAsync())
                {
                    break;
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                stopped = await StopAsync(flight[done], e, started, cancellationToken);
            }

            if (stopped is not null)
            {
                yield return stopped;
                yield break;
            }

            var reply = replies.Current;
            if (at is { } begun)
            {
                yield return new StepOutcome(Result(flight[done], DoneAs(flight[done]), begun, reply.At - begun, reply.Statements, reply.Rows));
                done++;
            }

            at = reply.At;
        }
    }

    private IEnumerable<PlannedCommand> FlightCommands(List<MigrationStep> flight)
    {
        yield return Frame(CommandStream.Marker, flight[0]);
        foreach (var step in flight)
        {
            var commands = Commands(step);
            var segment = step.Outline.Segments.Count > 0 ? step.Outline.Segments[0] : null;
            yield return Frame(segment?.Begin ?? "BEGIN", step);
            foreach (var command in commands.Before)
            {
                yield return PlannedCommand.Of(command, CommandRole.Claim, step);
            }

            if (segment is not null)
            {
                using var reader = new SegmentReader(step.Outline.Script);
                foreach (var command in ScriptCommands(reader, segment, step))
                {
                    yield return command;
                }
            }

            foreach (var command in commands.After)
            {
                yield return PlannedCommand.Of(command, CommandRole.Frame, step);
            }

            yield return Frame("COMMIT", step);
            foreach (var command in SessionReset(step))
            {
                yield return command;
            }

            yield return Frame(CommandStream.Marker, step);
        }
    }

    private JournalCommands Commands(MigrationStep step) =>
        step.Undo ? journal.Undo(step.Migration.Version, _rows) : journal.Apply(step.Migration, _rows);

    /// <summary>Runs a step that does not fit in one transaction, or that an earlier run left half-way.</summary>
    private async IAsyncEnumerable<StepOutcome> RunInPartsAsync(MigrationStep step, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var started = DateTimeOffset.UtcNow;
        StepOutcome outcome;
        var counts = new PartCounts();
        try
        {
            var done = await RunPartsAsync(step, counts, cancellationToken) ? DoneAs(step) : MigrationOutcome.AlreadyApplied;
            outcome = new StepOutcome(Result(step, done, started, DateTimeOffset.UtcNow - started, counts.Statements, counts.Rows));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            outcome = await StopAsync(step, e, started, cancellationToken, counts);
        }

        yield return outcome;
    }

    /// <summary>False when another tool, which does not know our lock, was quicker.</summary>
    private async Task<bool> RunPartsAsync(MigrationStep step, PartCounts counts, CancellationToken cancellationToken)
    {
        var version = step.Migration.Version;
        var table = journal.Table;
        _rows = [.. await journal.ReadAsync(session.Connection, cancellationToken)];
        var state = _rows.Find(r => journal.VersionComparer.Equals(r.Version, version))?.State;
        if (!step.Undo && state == MigrationState.Applied)
        {
            return false;
        }

        var commands = Commands(step);
        var segments = step.Outline.Segments;
        await TransactionAsync(step, MigrationProgress.Start(table, version, step.Undo), cancellationToken);
        var progress = (await MigrationProgress.ReadAsync(session.Connection, table, cancellationToken))
            .Single(p => journal.VersionComparer.Equals(p.Version, version));
        counts.HasKeptParts = progress.Segments > 0 || progress.Running;
        var isFirst = _started.Add(version) && step.Progress is null;
        if (isFirst && (step.Undo ? state is null or MigrationState.RolledBack : state == MigrationState.Failed))
        {
            await TransactionAsync(step, MigrationProgress.End(table, version), cancellationToken);
            throw new DbMigrateException(
                "JournalChanged",
                ErrorKind.InvalidState,
                $"Another tool changed {table} for {step} at this moment.",
                "Look at the state with Get-MigrationStatus (dbmigrate migrate-info), then decide anew.") { Subject = version };
        }

        RefuseChangedPrefix(step, progress);
        await TransactionAsync(step, commands.Started, cancellationToken);
        counts.Commands = commands;

        using var reader = new SegmentReader(step.Outline.Script);
        var next = progress.Segments;
        var running = progress.Running;
        await ReplaySettingsAsync(step, next, cancellationToken);
        for (; next < segments.Count; next++, running = false)
        {
            var segment = segments[next];
            var isLast = next == segments.Count - 1;
            var advance = MigrationProgress.Advance(table, version, next + 1, segment.PrefixHash);
            if (segment.Kind == SegmentKind.Alone)
            {
                await RunAloneAsync(step, reader.Read(segment).Single(), running, advance, counts, cancellationToken);
                continue;
            }

            var ending = segment.Kind == SegmentKind.RolledBack
                ? [Frame("ROLLBACK", step), Frame(advance, step)]
                : isLast
                    ? commands.Finished.Concat(MigrationProgress.End(table, version)).Select(c => Frame(c, step)).Append(Frame("COMMIT", step))
                    : (IEnumerable<PlannedCommand>)[Frame(advance, step), Frame("COMMIT", step)];
            await CountedAsync(ScriptCommands(reader, segment, step).Prepend(Frame(segment.Begin, step)).Concat(ending), counts, cancellationToken);
            counts.HasKeptParts = true;
        }

        if (segments.Count == 0 || segments[^1].Kind != SegmentKind.Transaction)
        {
            await TransactionAsync(step, commands.Finished.Concat(MigrationProgress.End(table, version)), cancellationToken);
        }

        await _stream.RunAsync(SessionReset(step), cancellationToken);
        return true;
    }

    /// <summary>What finished parts of the script had set for their session holds for the rest of it.</summary>
    private async Task ReplaySettingsAsync(MigrationStep step, int finishedSegments, CancellationToken cancellationToken)
    {
        if (finishedSegments == 0 || !step.Outline.ChangesSession)
        {
            return;
        }

        var last = step.Outline.Segments[finishedSegments - 1];
        var settings = step.Outline.Script!.ReadStatements().Take(last.First + last.Count).Where(s => s.Kind == Sql.StatementKind.Session);
        await _stream.RunAsync(settings.Select(s => PlannedCommand.Of(s, step)), cancellationToken);
    }

    private async Task RunAloneAsync(
        MigrationStep step, ScriptStatement statement, bool running, SqlCommandText advance, PartCounts counts, CancellationToken cancellationToken)
    {
        var lone = new LoneStatement(session, step, statement, observer);
        if (running && await lone.IsDoneAsync(cancellationToken))
        {
            await _stream.RunAsync([Frame(advance, step)], cancellationToken);
            counts.Statements++;
            return;
        }

        observer.Message(MessageLevel.Verbose, $"{step}: line {statement.Line} runs outside a transaction.");

        // A lock time-out would leave an invalid index behind: CREATE INDEX CONCURRENTLY waits for old snapshots three times.
        var lockTimeout = statement.Kind == Sql.StatementKind.CreateIndexConcurrently ? "0" : settings["lock_timeout"];
        var before = await lone.IndexValidityAsync(cancellationToken);
        if (before == false)
        {
            await lone.DropInvalidIndexAsync(cancellationToken);
        }

        await _stream.RunAsync(
            [Frame(MigrationProgress.Run(journal.Table, step.Migration.Version), step), Frame(LockTimeout(lockTimeout), step)], cancellationToken);
        try
        {
            await CountedAsync([PlannedCommand.Of(statement, step)], counts, cancellationToken);
        }
        catch (PostgresException e) when (!IsEndOfSession(e))
        {
            // The server said no, so it had no effect; only a failed CREATE INDEX CONCURRENTLY leaves something, an invalid index of ours.
            var failed = _stream.Failed;
            if (before is not null || await lone.IndexValidityAsync(cancellationToken) is null)
            {
                await _stream.RunAsync([Frame(MigrationProgress.Refused(journal.Table, step.Migration.Version), step)], cancellationToken);
            }

            _stream.Failed = failed;
            throw;
        }

        counts.HasKeptParts = true;
        await _stream.RunAsync([Frame(advance, step), Frame(LockTimeout(settings["lock_timeout"]), step)], cancellationToken);
    }

    /// <summary>The server ended the session, and with it our view of how the statement ended (classes 08 and 57P).</summary>
    private static bool IsEndOfSession(PostgresException exception) =>
        exception.SqlState.StartsWith("08", StringComparison.Ordinal) || exception.SqlState.StartsWith("57P", StringComparison.Ordinal);

    private static SqlCommandText LockTimeout(string value) => new("SELECT set_config('lock_timeout', $1, false)", value);

    private async Task CountedAsync(IEnumerable<PlannedCommand> commands, PartCounts counts, CancellationToken cancellationToken)
    {
        try
        {
            await _stream.RunAsync(commands, cancellationToken);
        }
        finally
        {
            counts.Statements += _stream.Statements;
            counts.Rows += _stream.Rows;
        }
    }

    private Task TransactionAsync(MigrationStep step, IEnumerable<SqlCommandText> commands, CancellationToken cancellationToken) =>
        _stream.RunAsync(commands.Select(c => Frame(c, step)).Prepend(Frame("BEGIN", step)).Append(Frame("COMMIT", step)), cancellationToken);

    private static void RefuseChangedPrefix(MigrationStep step, MigrationProgress progress)
    {
        var segments = step.Outline.Segments;
        if (progress.Segments > 0 && (progress.Segments > segments.Count || segments[progress.Segments - 1].PrefixHash != progress.PrefixHash))
        {
            throw new DbMigrateException(
                "HalfAppliedChanged",
                ErrorKind.InvalidData,
                $"{step.Outline.Script!.Path}: an earlier run stopped half-way, and the part that it had finished was edited since.",
                "Restore the statements that ran already (those after them may be changed), or finish by hand and run Resolve-Migration (dbmigrate resolve).")
            { Subject = step.Outline.Script.Path };
        }
    }

    private static IEnumerable<PlannedCommand> ScriptCommands(SegmentReader reader, ScriptSegment segment, MigrationStep step) =>
        reader.Read(segment)
            .Where(s => s.Kind is not (Sql.StatementKind.Begin or Sql.StatementKind.Commit or Sql.StatementKind.Rollback))
            .Select(s => PlannedCommand.Of(s, step));

    /// <summary>What a script set for the session must not reach the next one: a run in one go then does what single runs would do.</summary>
    private IEnumerable<PlannedCommand> SessionReset(MigrationStep step)
    {
        if (!step.Outline.ChangesSession)
        {
            yield break;
        }

        yield return Frame("RESET SESSION AUTHORIZATION", step);
        yield return Frame("RESET ROLE", step);
        yield return Frame("RESET ALL", step);
        foreach (var command in SessionSettings.Commands(settings))
        {
            yield return Frame(command, step);
        }
    }

    private static PlannedCommand Frame(string text, MigrationStep step) => new(new NpgsqlBatchCommand(text), CommandRole.Frame, step);

    private static PlannedCommand Frame(SqlCommandText text, MigrationStep step) => PlannedCommand.Of(text, CommandRole.Frame, step);

    private static MigrationOutcome DoneAs(MigrationStep step) => step.Undo ? MigrationOutcome.Undone : MigrationOutcome.Applied;

    private MigrationResult Result(MigrationStep step, MigrationOutcome outcome, DateTimeOffset startedAt, TimeSpan duration, int statements, long rows) => new()
    {
        Version = step.Migration.Version,
        Name = step.Migration.Name,
        Outcome = outcome,
        Format = format,
        Path = step.Outline.Script?.Path,
        StartedAt = startedAt,
        Duration = duration,
        Statements = statements,
        Rows = rows,
        Target = session.Target,
    };

    /// <summary>Rolls back, and tells another runner's work from a failure.</summary>
    private async Task<StepOutcome> StopAsync(
        MigrationStep step, Exception exception, DateTimeOffset started, CancellationToken cancellationToken, PartCounts? counts = null)
    {
        var failed = _stream.Failed;
        var statements = counts?.Statements ?? _stream.Statements;
        var isConnected = await TryRollbackAsync(cancellationToken);
        if (isConnected && failed?.Role == CommandRole.Claim && exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation }
            && (await journal.ReadAsync(session.Connection, cancellationToken)).Any(r => IsApplied(r, step)))
        {
            return new StepOutcome(Result(step, MigrationOutcome.AlreadyApplied, started, DateTimeOffset.UtcNow - started, 0, 0));
        }

        var isHalfWay = counts is { HasKeptParts: true };
        var sql = StepFailure.Describe(exception, failed?.Statement, step);
        var result = Result(step, MigrationOutcome.Failed, started, DateTimeOffset.UtcNow - started, statements, counts?.Rows ?? _stream.Rows);
        return new StepOutcome(result with { Error = sql }, StepFailure.Classify(exception, failed?.Role, step, isHalfWay))
        {
            FailureRecord = isConnected && counts?.Commands is { } commands ? commands.Failed(sql.ToString()) : [],
        };
    }

    private bool IsApplied(JournalRow row, MigrationStep step) =>
        !step.Undo && row.State == MigrationState.Applied && journal.VersionComparer.Equals(row.Version, step.Migration.Version);

    private async Task<bool> TryRollbackAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var rollback = new NpgsqlCommand("ROLLBACK", session.Connection);
            await rollback.ExecuteNonQueryAsync(cancellationToken);
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
            await _stream.RunAsync(commands.Select(c => Frame(c, step)), cancellationToken);
        }
        catch (NpgsqlException e)
        {
            observer.Message(MessageLevel.Warning, $"The failure could not be recorded in {journal.Table}: {e.Message}");
        }
    }

    /// <summary>What a step that runs in parts has done so far.</summary>
    private sealed class PartCounts
    {
        public int Statements { get; set; }

        public long Rows { get; set; }

        /// <summary>Something of the step is committed.</summary>
        public bool HasKeptParts { get; set; }

        /// <summary>The journal's commands, once the step is recorded as started.</summary>
        public JournalCommands? Commands { get; set; }
    }
}
