using System.Runtime.CompilerServices;
using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>A migration folder and a database, looked at together. Opens one session; dispose it to release session and locks.</summary>
public sealed class MigrationProject : IAsyncDisposable
{
    /// <summary>How long a run waits at most for its record in the database, so that whoever stops it does not wait for long.</summary>
    private static readonly TimeSpan PatienceToRecord = TimeSpan.FromSeconds(10);

    private readonly MigrationSource _source;
    private readonly DbSession _session;
    private readonly IMigrationJournal _journal;
    private readonly IEngineObserver _observer;
    private readonly Preflight _preflight;
    private readonly Dictionary<string, Migration> _migrations;
    private readonly Dictionary<(string Version, bool Undo), ScriptOutline> _outlines = [];
    private ServerState? _state;

    private MigrationProject(
        MigrationSource source, MigrationFolder folder, DbSession session, IMigrationJournal journal, ServerState state, IEngineObserver observer)
    {
        _source = source;
        Folder = folder;
        _session = session;
        _preflight = new Preflight(session, folder.Format, journal, state, observer);
        _journal = _preflight.Journal;
        _migrations = folder.Migrations.ToDictionary(m => m.Version, _journal.VersionComparer);
        _state = state;
        _observer = observer;
    }

    /// <summary>The folder.</summary>
    public MigrationFolder Folder { get; }

    /// <summary>The table that records the folder's migrations, in SQL's spelling.</summary>
    public string JournalTable => _journal.Table.ToString();

    /// <summary>Reads the folder, then connects and looks at where we are. Writes nothing.</summary>
    /// <exception cref="DbMigrateException">Folder, address, login, tracking table: whatever stands in the way.</exception>
    public static async Task<MigrationProject> OpenAsync(
        MigrationSource source, DbTarget target, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var (path, candidates) = FolderLocator.Find(source);
        var table = source.JournalTable is { } name ? Formats.JournalTable.Parse(name) : null;

        // A folder that cannot be read is said before a connection is tried.
        var folder = candidates is [var only] ? FolderLocator.Read(only, path, target) : null;
        var session = await DbSession.OpenAsync(target, observer, cancellationToken);
        try
        {
            var format = candidates.Count == 1 ? candidates[0] : await ChooseAsync(path, candidates, session, cancellationToken);
            folder ??= FolderLocator.Read(format, path, target);
            foreach (var warning in folder.Warnings)
            {
                observer.Message(MessageLevel.Warning, warning);
            }

            var journal = format.Journal(folder, table, target);
            var settings = SessionSettings.Of(journal.SessionSettings, target, new RunOptions());
            var state = await ServerFailure.GuardAsync(() => ServerState.ReadAsync(session, settings, journal.Table.Name, cancellationToken));
            return new MigrationProject(source, folder, session, journal, state, observer);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Every migration of the folder, and those only the database remembers, in the folder's order.</summary>
    /// <exception cref="DbMigrateException"><c>ForeignTable</c>, <c>NoReadPrivilege</c>.</exception>
    public async Task<IReadOnlyList<MigrationStatus>> GetStatusAsync(CancellationToken cancellationToken) =>
        (await ServerFailure.GuardAsync(() => ReadAsync(cancellationToken))).Statuses;

    /// <summary>What <see cref="ApplyAsync"/> would apply. Checks checksums, gaps, scripts and privileges; keeps no lock and writes nothing.</summary>
    public async Task<IReadOnlyList<MigrationStatus>> PlanApplyAsync(
        MigrationSelection selection, RunOptions options, CancellationToken cancellationToken)
    {
        var now = await ServerFailure.GuardAsync(() => ReadSettledAsync(options, cancellationToken));
        var plan = MigrationPlan.Apply(now.Statuses, selection, s => now.IsResumable(s, undo: false), Rules(options));
        await PrepareAsync(plan, now, undo: false, options, cancellationToken);
        return plan;
    }

    /// <summary>
    /// Applies what <see cref="PlanApplyAsync"/> gave, or a leading part of it. Results come as each migration ends; after a failure follow the
    /// failed one and those not run, and then <see cref="MigrationFailedException"/> is thrown.
    /// </summary>
    public IAsyncEnumerable<MigrationResult> ApplyAsync(
        IReadOnlyList<MigrationStatus> plan, RunOptions options, CancellationToken cancellationToken) => RunAsync(plan, undo: false, options, cancellationToken);

    /// <summary>What <see cref="UndoAsync"/> would undo, newest first.</summary>
    public async Task<IReadOnlyList<MigrationStatus>> PlanUndoAsync(
        MigrationSelection selection, RunOptions options, CancellationToken cancellationToken)
    {
        var now = await ServerFailure.GuardAsync(() => ReadSettledAsync(options, cancellationToken));
        var plan = MigrationPlan.Undo(now.Statuses, selection, s => now.IsResumable(s, undo: true), Rules(options));
        await PrepareAsync(plan, now, undo: true, options, cancellationToken);
        return plan;
    }

    /// <summary>Runs the down scripts of what <see cref="PlanUndoAsync"/> gave, or of a leading part of it; results as in <see cref="ApplyAsync"/>.</summary>
    public IAsyncEnumerable<MigrationResult> UndoAsync(
        IReadOnlyList<MigrationStatus> plan, RunOptions options, CancellationToken cancellationToken) => RunAsync(plan, undo: true, options, cancellationToken);

    /// <summary>What <see cref="ResolveAsync"/> would change: the migration as it is now. Writes nothing.</summary>
    public async Task<MigrationStatus> PlanResolveAsync(string version, ResolveAction action, CancellationToken cancellationToken)
    {
        var now = await ServerFailure.GuardAsync(() => ReadAsync(cancellationToken));
        var status = Find(now.Statuses, version, action);
        _ = ResolveCommands(status, action, now);
        await ServerFailure.GuardAsync(() => _preflight.RefuseUnwritableAsync(new RunOptions { AllowOtherTool = true }, cancellationToken));
        return status;
    }

    /// <summary>Writes the journal without running a script, and returns the migration as it is afterwards.</summary>
    public async Task<MigrationStatus> ResolveAsync(string version, ResolveAction action, RunOptions options, CancellationToken cancellationToken)
    {
        await using var held = await ServerFailure.GuardAsync(() => LockAsync(options, cancellationToken));
        var status = await ServerFailure.GuardAsync(() => ResolveLockedAsync(version, action, options, cancellationToken));
        _state = null;
        var after = await ServerFailure.GuardAsync(() => LateCancel.RepeatAsync(() => ReadAsync(cancellationToken)));
        return after.Statuses.FirstOrDefault(s => _journal.VersionComparer.Equals(s.Version, status.Version)) ?? status with { State = MigrationState.Pending, Note = null };
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _session.DisposeAsync();

    private async Task<MigrationStatus> ResolveLockedAsync(string version, ResolveAction action, RunOptions options, CancellationToken cancellationToken)
    {
        await CreateJournalAsync(cancellationToken);
        var now = await ReadAsync(cancellationToken);
        var status = Find(now.Statuses, version, action);
        var commands = ResolveCommands(status, action, now).ToList();
        if (now.Progress.Count + now.Stale.Count > 0)
        {
            // A forced version settles whatever was half-way.
            if (action == ResolveAction.Force)
            {
                commands.Add(MigrationProgress.EndAll(_journal.Table));
            }

            commands.AddRange(MigrationProgress.End(_journal.Table, status.Version));
        }

        await ExecuteAsync(SessionSettings.Commands(Settings(options)), cancellationToken);
        await TransactionAsync(commands, cancellationToken);
        return status;
    }

    private IReadOnlyDictionary<string, string> Settings(RunOptions options) => SessionSettings.Of(_journal.SessionSettings, _session.Target, options);

    private static async Task<IMigrationFormat> ChooseAsync(
        string path, IReadOnlyList<IMigrationFormat> candidates, DbSession session, CancellationToken cancellationToken)
    {
        var state = await ServerState.ReadAsync(session, new Dictionary<string, string>(), null, cancellationToken);
        var recorded = candidates.Where(c => state.Tables.Any(t => t.IsVisible && t.Table.Name == c.DefaultTable)).ToList();
        return recorded is [var only] ? only : throw FolderLocator.Ambiguous(path, candidates);
    }

    private PlanRules Rules(RunOptions options) =>
        new(_journal.AppliesOutOfOrder, _journal.RefusesMissing, options.AllowModified, options.AllowMissing);

    private async Task<Reading> ReadAsync(CancellationToken cancellationToken)
    {
        var state = await ReadStateAsync(cancellationToken);
        var rows = _preflight.FindTable() is not null ? await _journal.ReadAsync(_session.Connection, cancellationToken) : [];
        var progress = state.HasProgress ? await MigrationProgress.ReadAsync(_session.Connection, _journal.Table, cancellationToken) : [];
        var stale = progress.Where(p => StatusComparison.IsStale(p, rows, _journal)).ToList();
        progress = [.. progress.Except(stale)];
        return new Reading(rows, progress, stale, StatusComparison.Compare(Folder, _journal, rows, progress, _source, _session.Target));
    }

    /// <summary>A migration that looks failed may be another runner's, at work right now; then that one is waited for.</summary>
    private async Task<Reading> ReadSettledAsync(RunOptions options, CancellationToken cancellationToken)
    {
        var now = await ReadAsync(cancellationToken);
        if (now.Statuses.All(s => s.State != MigrationState.Failed))
        {
            return now;
        }

        await (await LockAsync(options, cancellationToken)).DisposeAsync();
        return await ReadAsync(cancellationToken);
    }

    /// <summary>Reads every script that is to run from end to end, so that what cannot run is known before anything is written.</summary>
    private async Task PrepareAsync(
        IReadOnlyList<MigrationStatus> plan, Reading now, bool undo, RunOptions options, CancellationToken cancellationToken)
    {
        await _preflight.RefuseUnwritableAsync(options, cancellationToken);
        var needsProgress = false;
        if (options.RecordInDatabase)
        {
            _preflight.State.RefuseWithoutOwnSchema(_session.Target, "the record of runs");
        }

        foreach (var status in plan)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var outline = Outline(status.Version, undo, cancellationToken);
            needsProgress |= !outline.IsSingleTransaction;
            if (outline.ConcurrentBuildLine > 0)
            {
                Preflight.RefuseConcurrentBuild(_session.ServerVersion, $"{outline.Script!.Path}:{outline.ConcurrentBuildLine}");
            }

            WarnOfNothing(status, outline);
            if (outline.ToolWouldRefuseLine > 0 && !now.IsResumable(status, undo))
            {
                _observer.Message(
                    MessageLevel.Warning,
                    $"{outline.Script!.Path}:{outline.ToolWouldRefuseLine}: this statement cannot run in a transaction, so it runs outside of one; "
                        + $"{Folder.Format} itself would fail on this file.");
            }
        }

        if (needsProgress)
        {
            _preflight.RefuseWithoutProgressTable();
        }
    }

    /// <summary>What is recorded without having an effect is seldom meant.</summary>
    private void WarnOfNothing(MigrationStatus status, ScriptOutline outline)
    {
        var what = outline.Script is null
            ? $"{status} has no file for this direction, so only its record changes."
            : outline.Segments.Any(s => s.Kind == SegmentKind.RolledBack)
                ? $"{outline.Script.Path} rolls back its own work with ROLLBACK, and counts as done all the same."
                : outline.Statements == 0 ? $"{outline.Script.Path} has no statements, so only its record changes." : null;
        if (what is not null)
        {
            _observer.Message(MessageLevel.Warning, what);
        }
    }

    private ScriptOutline Outline(string version, bool undo, CancellationToken cancellationToken)
    {
        if (!_outlines.TryGetValue((version, undo), out var outline))
        {
            var migration = Migration(version);
            _outlines[(version, undo)] = outline = ScriptOutline.Read(undo ? migration.Down : migration.Up, cancellationToken);
        }

        return outline;
    }

    private Migration Migration(string version) => _migrations[version];

    private async IAsyncEnumerable<MigrationResult> RunAsync(
        IReadOnlyList<MigrationStatus> plan, bool undo, RunOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (plan.Count == 0)
        {
            yield break;
        }

        await using var held = await ServerFailure.GuardAsync(() => LockAsync(options, cancellationToken));
        var now = await ServerFailure.GuardAsync(() => BeginAsync(plan, undo, options, cancellationToken));
        var statuses = now.Statuses.ToDictionary(s => s.Version, _journal.VersionComparer);
        var steps = new List<MigrationStep>();
        var results = new List<MigrationResult>();
        foreach (var status in plan)
        {
            var current = statuses[status.Version];
            if (!undo && current.State is MigrationState.Applied or MigrationState.Modified)
            {
                // Another runner was quicker while this one waited for the lock.
                results.Add(Result(current, MigrationOutcome.AlreadyApplied));
                continue;
            }

            var progress = now.Progress.FirstOrDefault(p => _journal.VersionComparer.Equals(p.Version, status.Version));
            steps.Add(new MigrationStep(Migration(status.Version), Outline(status.Version, undo, cancellationToken), undo, progress));
        }

        var run = new MigrationRun
        {
            Id = RunRecord.NewId(_preflight.State.Now.At),
            RestorePoint = _preflight.State.Now with { SnapshotId = options.Snapshot?.Id },
            IsUndo = undo,
            Database = _session.Target.ToString(),
            Folder = Folder.Path,
            Format = Folder.Format,
            RunBy = $"{Environment.UserName}@{Environment.MachineName}",
        };
        using var record = RunRecord.Begin(run, options.RecordFolder, _observer);
        for (var i = 0; i < results.Count; i++)
        {
            results[i] = results[i] with { RunId = run.Id };
            record.Add(results[i]);
            yield return results[i];
        }

        var limits = new QueueLimits(
            _preflight.State.BackendPid, options.MaxQueued, options.MaxQueueTime, _journal.Table.ToString(), _journal.LockKeys(_preflight.State.Database));
        await using var watch = new RunWatch(_session, limits, options.TerminateBlockersAfter, _observer);
        await watch.OpenAsync(cancellationToken);
        var runner = new MigrationRunner(_session, Folder.Format, _journal, now.Rows, Settings(options), _preflight.State.Now.Lsn is not null, options, watch, _observer);
        StepError? error = null;
        var blockedBy = "";
        var done = 0;
        var isStopped = true;
        try
        {
            await foreach (var outcome in runner.RunAsync(steps, cancellationToken))
            {
                _state = null;
                done++;
                var point = outcome.Result.RestorePoint;
                var result = outcome.Result with { RunId = run.Id, RestorePoint = point is null ? null : run.RestorePoint with { At = point.At, Lsn = point.Lsn } };
                results.Add(result);
                record.Add(result);
                yield return result;
                (error, blockedBy) = (outcome.Error, outcome.BlockedBy);
            }

            isStopped = false;
            foreach (var step in steps.Skip(done))
            {
                var result = Result(statuses[step.Migration.Version], MigrationOutcome.NotRun) with { Path = step.Outline.Script?.Path, RunId = run.Id };
                results.Add(result);
                record.Add(result);
                yield return result;
            }

            record.Finish();
        }
        finally
        {
            await watch.EndTryAsync();
            if (options.RecordInDatabase && results.Count > 0)
            {
                await RecordAsync(run, results, isStopped);
            }
        }

        if (error is null)
        {
            yield break;
        }

        var failed = results.Find(r => r.Outcome == MigrationOutcome.Failed)!;
        throw new MigrationFailedException(
            error.Id, error.Kind, $"Migration {steps[done - 1]} failed: {failed.Error}{blockedBy}", error.NextStep + WayBack(options), results, error.Exception) { Subject = failed };
    }

    /// <summary>What is done is done, recorded or not.</summary>
    private async Task RecordAsync(MigrationRun run, IReadOnlyList<MigrationResult> results, bool isStopped)
    {
        using var patience = new CancellationTokenSource(PatienceToRecord);
        try
        {
            if (isStopped)
            {
                await ExecuteAsync([new SqlCommandText("ROLLBACK")], patience.Token);
            }

            await TransactionAsync(RunTable.Record(run, results), patience.Token);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException or OperationCanceledException)
        {
            _observer.Message(MessageLevel.Warning, $"The run {run.Id} is not recorded in {_session.Target}: {e.Message}");
        }
    }

    private static string WayBack(RunOptions options) => options.Snapshot is { } snapshot
        ? $" The way back is the snapshot {snapshot}: {SnapshotGuard.RestoreCommand(snapshot)}"
        : "";

    /// <summary>Under the lock: makes the table where it is not, looks at everything once more, and sets the time limits.</summary>
    private async Task<Reading> BeginAsync(IReadOnlyList<MigrationStatus> plan, bool undo, RunOptions options, CancellationToken cancellationToken)
    {
        await CreateJournalAsync(cancellationToken);
        var now = await ReadAsync(cancellationToken);
        RefuseOutdatedPlan(plan, now, undo, Rules(options));
        await TransactionAsync(now.Stale.SelectMany(p => MigrationProgress.End(_journal.Table, p.Version)), cancellationToken);
        await ExecuteAsync(SessionSettings.Commands(Settings(options)), cancellationToken);
        return now;
    }

    /// <summary>The same plan must still be possible: between the first look and the lock, others may have undone what it builds on.</summary>
    private void RefuseOutdatedPlan(IReadOnlyList<MigrationStatus> plan, Reading now, bool undo, PlanRules rules)
    {
        var states = now.Statuses.ToDictionary(s => s.Version, s => s.State, _journal.VersionComparer);
        var left = plan.Where(p => states[p.Version] is not (MigrationState.Applied or MigrationState.Modified) || undo).Select(p => p.Version).ToList();
        var selection = new MigrationSelection { Versions = left };
        if (undo && plan.FirstOrDefault(p => states[p.Version] is MigrationState.Pending or MigrationState.OutOfOrder or MigrationState.RolledBack) is { } gone)
        {
            throw JournalChanged(gone);
        }

        _ = undo
            ? MigrationPlan.Undo(now.Statuses, selection, s => now.IsResumable(s, undo: true), rules)
            : MigrationPlan.Apply(now.Statuses, selection, s => now.IsResumable(s, undo: false), rules);
    }

    private static DbMigrateException JournalChanged(MigrationStatus status) => new(
        "JournalChanged",
        ErrorKind.InvalidState,
        $"Migration {status} was undone by somebody else while this run waited for the lock.",
        "Look at the state with Get-MigrationStatus (dbmigrate migrate-info), then decide anew.") { Subject = status };

    private MigrationResult Result(MigrationStatus status, MigrationOutcome outcome) => new()
    {
        Version = status.Version,
        Name = status.Name,
        Outcome = outcome,
        Format = status.Format,
        Path = status.Path,
        Attempts = 0,
        Target = _session.Target,
    };

    private async Task<RunnerLock> LockAsync(RunOptions options, CancellationToken cancellationToken)
    {
        await _preflight.RefuseUnwritableAsync(options with { AllowOtherTool = true }, cancellationToken);
        var held = await RunnerLock.TakeAsync(_session, _journal.LockKeys(_preflight.State.Database), options.RunnerWait, _observer, cancellationToken);
        _state = null;
        return held;
    }

    private async Task CreateJournalAsync(CancellationToken cancellationToken)
    {
        await ReadStateAsync(cancellationToken);
        if (_preflight.FindTable() is not null)
        {
            return;
        }

        try
        {
            await TransactionAsync(_journal.Create, cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.DuplicateObject)
        {
            // The owning tool made it at this very moment.
        }

        _state = null;
        _observer.Message(MessageLevel.Verbose, $"Made sure that {_journal.Table} exists.");
    }

    private async Task<ServerState> ReadStateAsync(CancellationToken cancellationToken)
    {
        var settings = Settings(new RunOptions());
        _state ??= await ServerState.ReadAsync(_session, settings, _journal.Table.Name, cancellationToken);
        _preflight.State = _state;
        return _state;
    }

    private Task TransactionAsync(IEnumerable<SqlCommandText> commands, CancellationToken cancellationToken) => commands.ToList() is { Count: > 0 } all
        ? ExecuteAsync([new SqlCommandText("BEGIN"), .. all, new SqlCommandText("COMMIT")], cancellationToken)
        : Task.CompletedTask;

    private async Task ExecuteAsync(IEnumerable<SqlCommandText> commands, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(_session.Connection);
        foreach (var command in commands)
        {
            batch.BatchCommands.Add(command.ToBatchCommand());
        }

        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException) when (_session.Connection.State == System.Data.ConnectionState.Open)
        {
            await using var rollback = new NpgsqlCommand("ROLLBACK", _session.Connection);
            await rollback.ExecuteNonQueryAsync(cancellationToken);
            throw;
        }
    }

    private MigrationStatus Find(IReadOnlyList<MigrationStatus> statuses, string version, ResolveAction action)
    {
        if (action != ResolveAction.Force)
        {
            return statuses[MigrationPlan.IndexOf(statuses, version)];
        }

        return statuses.FirstOrDefault(s => _journal.VersionComparer.Equals(s.Version, version)) ?? new MigrationStatus
        {
            Version = version,
            Name = "",
            State = MigrationState.Missing,
            Format = Folder.Format,
            Folder = Folder.Path,
            Target = _session.Target,
        };
    }

    private IReadOnlyList<SqlCommandText> ResolveCommands(MigrationStatus status, ResolveAction action, Reading now) => action switch
    {
        // An undo that stopped half-way: the record is still there, unless the tool's way marks it.
        ResolveAction.Applied when now.IsResumable(status, undo: true) => _journal.MarksStart(undo: true) ? _journal.Force(status.Version) : [],
        ResolveAction.RolledBack when now.IsResumable(status, undo: true) => _journal.Undo(status.Version, now.Rows).Finished,
        ResolveAction.Force => _journal.Force(status.Version),
        ResolveAction.Applied when !_migrations.ContainsKey(status.Version) => throw new DbMigrateException(
            "MigrationNotFound",
            ErrorKind.NotFound,
            $"{Folder.Path} has no file of migration {status}, so it cannot be recorded as applied.",
            "Bring the file back, or take the record away with Resolve-Migration -As RolledBack (dbmigrate resolve --rolled-back).") { Subject = status },
        ResolveAction.Applied => _journal.MarkApplied(Migration(status.Version), now.Rows),
        // A tool that keeps no row of a started migration knows nothing of ours: there is only our own progress to forget.
        _ when now.Rows.All(r => !_journal.VersionComparer.Equals(r.Version, status.Version)) && status.State == MigrationState.Failed => [],
        _ => _journal.MarkRolledBack(status.Version, now.Rows),
    };

    /// <summary>What the database said, and what follows from it.</summary>
    private sealed record Reading(
        IReadOnlyList<JournalRow> Rows,
        IReadOnlyList<MigrationProgress> Progress,
        IReadOnlyList<MigrationProgress> Stale,
        IReadOnlyList<MigrationStatus> Statuses)
    {
        public bool IsResumable(MigrationStatus status, bool undo) =>
            status.Path is not null && Progress.Any(p => string.Equals(p.Version, status.Version, StringComparison.OrdinalIgnoreCase) && p.Undo == undo);
    }
}
