using System.Diagnostics;
using System.Globalization;
using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>
/// Looks on from a second connection while a step is at work: names who holds it up, tells how far a long statement is, and cancels our own
/// statement when too many queue behind it. Only the runner's own task calls it; nothing is watched between two tries.
/// </summary>
/// <param name="session">The session that migrates.</param>
/// <param name="pid">Its process, as the server counts.</param>
/// <param name="options">The limits.</param>
/// <param name="observer">Told what is seen.</param>
internal sealed class RunWatch(DbSession session, int pid, RunOptions options, IEngineObserver observer) : IAsyncDisposable
{
    /// <summary>Between two looks at the queue behind us.</summary>
    private static readonly TimeSpan QueuePause = TimeSpan.FromMilliseconds(40);

    /// <summary>Between two looks at who is ahead of us.</summary>
    private static readonly TimeSpan BlockerPause = TimeSpan.FromMilliseconds(500);

    /// <summary>What takes less is not looked at, so that a run of quick migrations needs no second connection.</summary>
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a blocker may take to react to a cancel before its session is ended.</summary>
    private static readonly TimeSpan GracePeriod = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<(int Pid, DateTimeOffset? Start, string? Prepared), (ServerSession Session, int Tries)> _blockers = [];
    private readonly HashSet<(int Pid, DateTimeOffset? Start, string? Prepared)> _stopped = [];
    private readonly Stopwatch _waiting = new();
    private Task<DbSession>? _opening;
    private CancellationTokenSource? _ended;
    private Task _watching = Task.CompletedTask;
    private IReadOnlyList<ServerSession> _now = [];

    /// <summary>The process that migrates.</summary>
    public int ProcessId => pid;

    /// <summary>Why our statement was cancelled in this try; null when it was not.</summary>
    public string? Cancelled { get; private set; }

    /// <summary>Who held up the step, over all its tries.</summary>
    public IReadOnlyList<ServerSession> Blockers => [.. _blockers.Values.OrderByDescending(b => b.Tries).Select(b => b.Session)];

    private bool Acts => HasLimits || options.TerminateBlockersAfter is not null;

    private bool HasLimits => options.MaxQueued > 0 || options.MaxQueueTime > TimeSpan.Zero;

    /// <summary>Connects at once where limits have to be kept; a watchdog that cannot watch must be known before anything runs.</summary>
    /// <exception cref="DbMigrateException">As <see cref="DbSession.OpenAsync"/>.</exception>
    public Task OpenAsync(CancellationToken cancellationToken) =>
        Acts ? SecondAsync(cancellationToken) : Task.CompletedTask;

    /// <summary>A new step: nothing is known of it yet.</summary>
    public void Forget()
    {
        _blockers.Clear();
        _waiting.Reset();
    }

    /// <summary>Watches one try, until <see cref="EndTryAsync"/>.</summary>
    /// <param name="activity">The activity of progress reports.</param>
    /// <param name="step">What runs, for people.</param>
    /// <param name="percent">The run's progress.</param>
    /// <param name="lockTimeout">How long this try waits for a lock.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public void BeginTry(string activity, string step, int percent, TimeSpan lockTimeout, CancellationToken cancellationToken)
    {
        Cancelled = null;
        _now = [];
        _ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var first = HasLimits ? QueuePause : Quick;
        first = lockTimeout > TimeSpan.Zero && lockTimeout / 3 < first ? lockTimeout / 3 : first;
        _watching = WatchAsync(_watching, activity, step, percent, first, _ended.Token, cancellationToken);
    }

    /// <summary>Ends the watch over a try, and returns who held it up.</summary>
    public async Task<IReadOnlyList<ServerSession>> EndTryAsync()
    {
        if (_ended is { } ended)
        {
            _ended = null;
            await ended.CancelAsync();
            if (Acts)
            {
                // A cancel that is on its way must not hit what comes next. Who only looks on is not waited for.
                await _watching;
            }
        }

        foreach (var blocker in _now)
        {
            var key = Key(blocker);
            _blockers[key] = (blocker, _blockers.GetValueOrDefault(key).Tries + 1);
        }

        var held = _now;
        _now = [];
        return held;
    }

    /// <summary>Who held up the step and in how many of its tries, a line each; empty when nobody was seen.</summary>
    public string Story(int tries) => string.Concat(_blockers.Values
        .OrderByDescending(b => b.Tries)
        .Select(b => Environment.NewLine + string.Create(CultureInfo.InvariantCulture, $"Blocked in {b.Tries} of {tries} {(tries == 1 ? "try" : "tries")} by {b.Session}.")));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await EndTryAsync();
        await _watching;
        if (_opening is not null)
        {
            try
            {
                await (await _opening).DisposeAsync();
            }
            catch (Exception e) when (e is DbMigrateException or OperationCanceledException)
            {
                // It was never there.
            }
        }
    }

    private async Task WatchAsync(
        Task before, string activity, string step, int percent, TimeSpan first, CancellationToken ended, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(first, ended);
            await before;
            var second = await SecondAsync(cancellationToken).WaitAsync(ended);
            var clock = Stopwatch.StartNew();
            var nextLook = TimeSpan.Zero;
            while (true)
            {
                // A query that has begun is not cancelled: it is short, and cancelling takes a connection of its own.
                if (HasLimits)
                {
                    await KeepLimitsAsync(second, cancellationToken);
                }

                ended.ThrowIfCancellationRequested();
                if (clock.Elapsed >= nextLook)
                {
                    await LookAsync(second, activity, step, percent, ended, cancellationToken);
                    nextLook = clock.Elapsed + BlockerPause;
                }

                await Task.Delay(HasLimits ? QueuePause : BlockerPause, ended);
            }
        }
        catch (OperationCanceledException)
        {
            // The try has ended.
        }
        catch (Exception e) when (e is DbMigrateException or NpgsqlException)
        {
            observer.Message(HasLimits ? MessageLevel.Warning : MessageLevel.Debug, $"Nobody watches over {step} any more: {e.Message}");
        }
    }

    private async Task KeepLimitsAsync(DbSession second, CancellationToken cancellationToken)
    {
        var queue = await LockQueue.ReadAsync(second.Connection, pid, cancellationToken);
        var isTooMany = options.MaxQueued > 0 && queue.Sessions > options.MaxQueued;
        var isTooLong = options.MaxQueueTime > TimeSpan.Zero && queue.Longest > options.MaxQueueTime;
        if (!isTooMany && !isTooLong)
        {
            return;
        }

        // With the cancelled statement its transaction ends, and with that its locks: the next look finds nobody behind us.
        Cancelled = string.Create(
            CultureInfo.InvariantCulture,
            $"{queue.Sessions} {(queue.Sessions == 1 ? "session" : "sessions")} queued behind it, the first for {queue.Longest.TotalSeconds:0.0} s");
        await using var cancel = new NpgsqlCommand("SELECT pg_cancel_backend($1)", second.Connection);
        cancel.Parameters.Add(new NpgsqlParameter<int> { TypedValue = pid });
        await cancel.ExecuteNonQueryAsync(cancellationToken);
        await Task.Delay(QueuePause, cancellationToken);
    }

    private async Task LookAsync(
        DbSession second, string activity, string step, int percent, CancellationToken ended, CancellationToken cancellationToken)
    {
        var tree = await LockTree.ReadAsync(second, new LockTreeOptions { ForPids = [pid] }, cancellationToken);
        ended.ThrowIfCancellationRequested();
        if (tree.FirstOrDefault(e => e.BlockedPid == pid) is { } wait)
        {
            var roots = SessionStop.RootsOf(tree);
            _now = roots.Count > 0 ? roots : [wait.Blocking];
            _waiting.Start();
            observer.Progress(
                activity,
                string.Create(CultureInfo.InvariantCulture, $"{step}: waits {wait.BlockedFor.TotalSeconds:0} s for {wait.LockedObject} behind {_now[0]}"),
                percent);
            if (_waiting.Elapsed >= options.TerminateBlockersAfter)
            {
                await TerminateAsync(second, step, cancellationToken);
            }
        }
        else if (await ProgressReader.ReadAsync(second.Connection, new ProgressFilter(pid), cancellationToken) is [var progress, ..])
        {
            observer.Progress(activity, $"{step}: {progress.Status()}", progress.Percent is { } done ? (int)done : percent);
        }
    }

    private async Task TerminateAsync(DbSession second, string step, CancellationToken cancellationToken)
    {
        foreach (var blocker in _now.Where(b => _stopped.Add(Key(b))))
        {
            var stop = await SessionStop.LookAsync(second, blocker, new StopOptions { Terminate = true, GracePeriod = GracePeriod }, cancellationToken);
            var result = await stop.RunAsync(observer, cancellationToken);
            observer.Message(MessageLevel.Warning, $"{step} was held up by {blocker}: {result.Outcome}. {result.Reason}");
        }
    }

    private static (int Pid, DateTimeOffset? Start, string? Prepared) Key(ServerSession session) =>
        (session.ProcessId, session.BackendStart, session.PreparedTransaction);

    private Task<DbSession> SecondAsync(CancellationToken cancellationToken) =>
        _opening ??= DbSession.OpenAsync(session.Target, new Dictionary<string, string>(), observer, cancellationToken);
}
