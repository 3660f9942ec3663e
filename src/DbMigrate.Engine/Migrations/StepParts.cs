using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Sql;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>
/// Runs one step part by part, with its progress recorded in the database: a part in a transaction is recorded in that transaction, a
/// statement outside of one is marked before it runs. A run that stops anywhere is gone on with by the next.
/// </summary>
internal sealed class StepParts(
    MigrationStep step,
    DbSession session,
    IMigrationJournal journal,
    IReadOnlyDictionary<string, string> settings,
    CommandStream stream,
    IEngineObserver observer)
{
    private readonly string _version = step.Migration.Version;
    private readonly JournalTable _table = journal.Table;

    /// <summary>Statements of the script that ran to their end in this run.</summary>
    public int Statements { get; private set; }

    /// <summary>Rows that they changed.</summary>
    public long Rows { get; private set; }

    /// <summary>What is left of the step when it fails now.</summary>
    public KeptWork Kept { get; private set; }

    /// <summary>The journal's commands, once the step is recorded as started.</summary>
    public JournalCommands? Commands { get; private set; }

    /// <summary>Runs what is left of the step. False when another tool, which does not know our lock, was quicker.</summary>
    /// <param name="rows">The journal as it is now.</param>
    /// <param name="isFirstTry">This run has not tried the step before.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    /// <exception cref="DbMigrateException"><c>JournalChanged</c>, <c>HalfAppliedChanged</c>, <c>OutcomeUnknown</c>.</exception>
    public async Task<bool> RunAsync(IReadOnlyList<JournalRow> rows, bool isFirstTry, CancellationToken cancellationToken)
    {
        var state = rows.FirstOrDefault(r => journal.VersionComparer.Equals(r.Version, _version))?.State;
        if (!step.Undo && state == MigrationState.Applied)
        {
            return false;
        }

        var commands = step.Commands(journal, rows);
        await TransactionAsync(MigrationProgress.Start(_table, _version, step.Undo), cancellationToken);
        var progress = (await MigrationProgress.ReadAsync(session.Connection, _table, cancellationToken))
            .Single(p => journal.VersionComparer.Equals(p.Version, _version));
        Kept = progress.Segments > 0 || progress.Running ? KeptWork.Parts : KeptWork.None;
        if (isFirstTry && step.Progress is null && (step.Undo ? state is null or MigrationState.RolledBack : state == MigrationState.Failed))
        {
            await TransactionAsync(MigrationProgress.End(_table, _version), cancellationToken);
            throw new DbMigrateException(
                "JournalChanged",
                ErrorKind.InvalidState,
                $"Another tool changed {_table} for {step} at this moment.",
                "Look at the state with Get-MigrationStatus (dbmigrate migrate-info), then decide anew.") { Subject = _version };
        }

        RefuseChangedPrefix(progress);
        await TransactionAsync(commands.Started, cancellationToken);
        Commands = commands;
        await ReplaySettingsAsync(progress.Segments, cancellationToken);
        await RunSegmentsAsync(progress, commands.Finished, cancellationToken);
        return true;
    }

    private async Task RunSegmentsAsync(MigrationProgress progress, IReadOnlyList<SqlCommandText> finished, CancellationToken cancellationToken)
    {
        var segments = step.Outline.Segments;
        using var reader = new SegmentReader(step.Outline.Script);
        var running = progress.Running;
        for (var next = progress.Segments; next < segments.Count; next++, running = false)
        {
            var segment = segments[next];
            var advance = MigrationProgress.Advance(_table, _version, next + 1, segment.PrefixHash);
            if (segment.Kind == SegmentKind.Alone)
            {
                await RunAloneAsync(reader.Read(segment).Single(), running, advance, cancellationToken);
                continue;
            }

            IEnumerable<PlannedCommand> ending = segment.Kind == SegmentKind.RolledBack
                ? [Frame("ROLLBACK"), Frame(advance)]
                : next == segments.Count - 1
                    ? Ending(finished)
                    : [Frame(advance), Frame("COMMIT")];
            await CountedAsync(reader.Commands(segment, step).Prepend(Frame(segment.Begin)).Concat(ending), cancellationToken);
            Kept = KeptWork.Parts;
        }

        // Also when the rest of the file was taken out after an earlier run.
        if (progress.Segments == segments.Count || segments[^1].Kind != SegmentKind.Transaction)
        {
            await stream.RunAsync(Ending(finished).Prepend(Frame("BEGIN")), cancellationToken);
        }
    }

    private IEnumerable<PlannedCommand> Ending(IReadOnlyList<SqlCommandText> finished) =>
        finished.Concat(MigrationProgress.End(_table, _version)).Select(Frame).Append(PlannedCommand.Commit(step));

    private async Task RunAloneAsync(ScriptStatement statement, bool running, SqlCommandText advance, CancellationToken cancellationToken)
    {
        var lone = new LoneStatement(session, step, statement, observer);
        if (running && await lone.IsDoneAsync(cancellationToken))
        {
            await stream.InsistAsync([Frame(advance)], cancellationToken);
            Statements++;
            return;
        }

        observer.Message(MessageLevel.Verbose, $"{step}: line {statement.Line} runs outside a transaction.");
        var before = await lone.IndexValidityAsync(cancellationToken);
        if (before == false && await lone.DropInvalidIndexAsync(cancellationToken))
        {
            before = null;
        }

        await lone.DropReindexLeftoversAsync(cancellationToken);
        await lone.RememberInvalidIndexesAsync(cancellationToken);

        // A lock time-out would leave an invalid index behind: both wait for old snapshots, with a lock that lets others read and write.
        var lockTimeout = statement.BuildsConcurrently ? "0" : settings["lock_timeout"];
        await stream.RunAsync([Frame(MigrationProgress.Run(_table, _version)), LockTimeout(lockTimeout)], cancellationToken);
        try
        {
            await CountedAsync([PlannedCommand.Of(await lone.NowAsync(cancellationToken), step)], cancellationToken);
        }
        catch (PostgresException)
        {
            var failed = stream.Failed;
            Kept = lone.MayKeep ?? Kept;
            try
            {
                await RefusedAsync(lone, before, cancellationToken);
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
            {
                observer.Message(MessageLevel.Debug, $"{step}: the next run will find line {statement.Line} cut off: {e.Message}");
            }

            stream.Failed = failed;
            throw;
        }

        Kept = KeptWork.Parts;
        await stream.InsistAsync([LockTimeout("0"), Frame(advance), LockTimeout(settings["lock_timeout"])], cancellationToken);
    }

    /// <summary>Records that the server said no; only what may be an invalid index is left for the next try to look at.</summary>
    private async Task RefusedAsync(LoneStatement lone, bool? before, CancellationToken cancellationToken)
    {
        await lone.DropNewInvalidIndexesAsync(cancellationToken);
        var after = await lone.IndexValidityAsync(cancellationToken);
        if (before is null && after == false)
        {
            Kept = KeptWork.Parts;
        }

        IReadOnlyList<PlannedCommand> refused = before is not null || after is null ? [Frame(MigrationProgress.Refused(_table, _version))] : [];
        await stream.InsistAsync([LockTimeout("0"), .. refused, LockTimeout(settings["lock_timeout"])], cancellationToken);
    }

    /// <summary>What finished parts of the script had set for their session holds for the rest of it.</summary>
    private async Task ReplaySettingsAsync(int finishedSegments, CancellationToken cancellationToken)
    {
        if (finishedSegments == 0 || !step.Outline.ChangesSession)
        {
            return;
        }

        var last = step.Outline.Segments[finishedSegments - 1];
        var made = step.Outline.Script!.ReadStatements().Take(last.First + last.Count).Where(s => s.Kind == StatementKind.Session);
        await stream.RunAsync(made.Select(s => PlannedCommand.Of(s, step)), cancellationToken);
    }

    private void RefuseChangedPrefix(MigrationProgress progress)
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

    private async Task CountedAsync(IEnumerable<PlannedCommand> commands, CancellationToken cancellationToken)
    {
        try
        {
            await stream.RunAsync(commands, cancellationToken);
        }
        finally
        {
            Statements += stream.Statements;
            Rows += stream.Rows;
        }
    }

    private Task TransactionAsync(IEnumerable<SqlCommandText> commands, CancellationToken cancellationToken) =>
        stream.RunAsync(commands.Select(Frame).Prepend(Frame("BEGIN")).Append(Frame("COMMIT")), cancellationToken);

    private PlannedCommand LockTimeout(string value) => Frame(new SqlCommandText("SELECT set_config('lock_timeout', $1, false)", value));

    private PlannedCommand Frame(string text) => PlannedCommand.Frame(text, step);

    private PlannedCommand Frame(SqlCommandText text) => PlannedCommand.Frame(text, step);
}
