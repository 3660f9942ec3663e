using System.Data;
using System.Diagnostics;
using System.Globalization;
using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>
/// Looks on from a second connection while a step is at work: names who holds it up, tells how far a long statement is, and cancels our own
/// statement when too many queue behind it. Only the runner's own task calls it; nothing is watched between two tries. A watch that fails
/// is told, and never fails the run.
/// </summary>
/// <param name="session">The session that migrates.</param>
/// <param name="limits">Its process, and who may queue behind it.</param>
/// <param name="terminateAfter">After how long who is in its way is ended; zero for never.</param>
/// <param name="observer">Told what is seen.</param>
internal sealed class RunWatch(DbSession session, QueueLimits limits, TimeSpan terminateAfter, IEngineObserver observer) : IAsyncDisposable
{
    /// <summary>Between two looks at the queue behind us.</summary>
    private static readonly TimeSpan QueuePause = TimeSpan.FromMilliseconds(40);

    /// <summary>Between two looks at who is ahead of us.</summary>
    private static readonly TimeSpan BlockerPause = TimeSpan.FromMilliseconds(500);

    /// <summary>What takes less is not looked at, so that a run of quick migrations needs no second connection.</summary>
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(100);

    /// <summary>What takes longer may well take longer than <see cref="Quick"/>.</summary>
    private static readonly TimeSpan BeforeConnecting = TimeSpan.FromMilliseconds(20);

    /// <summary>A wait as long as this is worth a line in a log, where nobody sees progress.</summary>
    private static readonly TimeSpan WorthTelling = TimeSpan.FromSeconds(2);

    /// <summary>How long a blocker may take to react to a cancel before its session is ended.</summary>
    private static readonly TimeSpan GracePeriod = TimeSpan.FromMilliseconds(500);

    /// <summary>A server that takes longer to answer has gone, in seconds. The run must not wait for it.</summary>
    private const int AnswerSeconds = 5;

    // By their identity.
    private readonly Dictionary<object, (ServerSession Session, int Tries)> _blockers = [];
    private readonly HashSet<(object Identity, StopOutcome Outcome)> _stops = [];
    private readonly HashSet<object> _told = [];
    private readonly Stopwatch _waiting = new();
    private readonly Stopwatch _queued = new();
    private readonly CancellationTokenSource _closing = new();
    private Task<DbSession>? _opening;
    private CancellationTokenSource? _ended;
    private Task _watching = Task.CompletedTask;
    private bool _isLost;
    private bool _isOver;
    private IReadOnlyList<ServerSession> _now = [];

    /// <summary>The process that migrates.</summary>
    public int ProcessId => limits.Pid;

    /// <summary>Whether it may cancel our statement, or end others' sessions. Then every migration has to be watched on its own.</summary>
    public bool Acts => limits.Any || terminateAfter > TimeSpan.Zero;

    /// <summary>Why our statement was cancelled in this try; null when it was not.</summary>
    public string? Cancelled { get; private set; }

    /// <summary>Who held up the try that ended last.</summary>
    public IReadOnlyList<ServerSession> LastBlockers { get; private set; } = [];

    /// <summary>Who held up the step, over all its tries; those first that did most often.</summary>
    public IReadOnlyList<ServerSession> Blockers => [.. _blockers.Values.OrderByDescending(b => b.Tries).Select(b => b.Session)];

    private bool IsTimeToTerminate => terminateAfter > TimeSpan.Zero && _waiting.Elapsed >= terminateAfter;

    /// <summary>Connects at once where it has to act; a watchdog that cannot watch must be known before anything runs.</summary>
    /// <exception cref="DbMigrateException">As <see cref="DbSession.OpenAsync"/>.</exception>
    public Task OpenAsync(CancellationToken cancellationToken) => Acts ? SecondAsync().WaitAsync(cancellationToken) : Task.CompletedTask;

    /// <summary>A new step: nothing is known of it yet.</summary>
    public void Forget()
    {
        _blockers.Clear();
        _told.Clear();
        _stops.Clear();
        _waiting.Reset();
    }

    /// <summary>Watches one try, until <see cref="EndTryAsync"/>.</summary>
    /// <param name="activity">The activity of progress reports.</param>
    /// <param name="step">What runs, for people.</param>
    /// <param name="percent">The run's progress.</param>
    /// <param name="lockTimeout">How long this try waits for a lock.</param>
    /// <param name="isQuick">A flight of small migrations, which hardly ever wait; looking on would only slow them down.</param>
    public void BeginTry(string activity, string step, int percent, TimeSpan lockTimeout, bool isQuick)
    {
        Cancelled = null;
        LastBlockers = [];
        _now = [];
        _queued.Reset();
        _ended = new CancellationTokenSource();
        var first = limits.Any ? QueuePause : Quick;
        first = lockTimeout > TimeSpan.Zero && lockTimeout / 3 < first ? lockTimeout / 3 : first;
        _watching = WatchAsync(_watching, activity, step, percent, isQuick ? BlockerPause * 2 : first, isQuick, _ended.Token);
    }

    /// <summary>Ends the watch over a try. Does nothing when it has ended.</summary>
    public async Task EndTryAsync()
    {
        if (_ended is not { } ended)
        {
            return;
        }

        _ended = null;
        await ended.CancelAsync();
        if (Acts)
        {
            // A cancel that is on its way must not hit what comes next. Who only looks on is not waited for.
            await _watching;
        }

        LastBlockers = _now;
        foreach (var blocker in LastBlockers)
        {
            _blockers[blocker.Identity] = (blocker, _blockers.GetValueOrDefault(blocker.Identity).Tries + 1);
        }
    }

    /// <summary>Who held up the step and in how many of its tries, a line each; empty when nobody was seen.</summary>
    public string Story(int tries) => string.Concat(_blockers.Values
        .OrderByDescending(b => b.Tries)
        .Select(b => Environment.NewLine + string.Create(CultureInfo.InvariantCulture, $"Blocked in {b.Tries} of {tries} {(tries == 1 ? "try" : "tries")} by {b.Session}.")));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await EndTryAsync();
        await _closing.CancelAsync();
        await _watching;
        await LoseSecondAsync();
        _closing.Dispose();
    }

    private async Task WatchAsync(Task before, string activity, string step, int percent, TimeSpan first, bool isQuick, CancellationToken ended)
    {
        try
        {
            var head = first < BeforeConnecting || isQuick ? first : BeforeConnecting;
            await Task.Delay(head, ended);
            await before;

            // Connecting takes a few round trips, and a first try only a quarter of a second.
            _ = SecondAsync();
            await Task.Delay(first - head, ended);
            while (true)
            {
                try
                {
                    await LookOnAsync(activity, step, percent, ended);
                }
#pragma warning disable CA1031 // Whatever befalls the watch, the run goes on, and the watch is taken up again.
                catch (Exception e) when (!ended.IsCancellationRequested && !_closing.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    observer.Message(Acts && !_isLost ? MessageLevel.Warning : MessageLevel.Debug, $"Nobody watches over {step} until there is another connection: {e.Message}");
                    _isLost = true;
                    await LoseSecondAsync();
                    await Task.Delay(BlockerPause, ended);
                }
            }
        }
#pragma warning disable CA1031 // The try has ended: whatever a query says that was cancelled with it.
        catch (Exception) when (ended.IsCancellationRequested || _closing.IsCancellationRequested)
#pragma warning restore CA1031
        {
        }
        finally
        {
            // The watch of the try before may still be asking, and a connection that is closed under a query may never come to rest.
            await before;
        }
    }

    private async Task LookOnAsync(string activity, string step, int percent, CancellationToken ended)
    {
        var second = await SecondAsync().WaitAsync(ended);
        _isLost = false;
        var clock = Stopwatch.StartNew();
        var nextLook = TimeSpan.Zero;
        while (true)
        {
            var isCancelled = limits.Any && await KeepLimitsAsync(second, step, ended);
            ended.ThrowIfCancellationRequested();
            if (!isCancelled && clock.Elapsed >= nextLook)
            {
                await LookAsync(second, activity, step, percent, ended);
                nextLook = clock.Elapsed + BlockerPause;
            }

            await Task.Delay(limits.Any ? QueuePause : BlockerPause, ended);
        }
    }

    /// <summary>Cancels our statement when too many queue behind it, but not before it is known who is ahead of it.</summary>
    private async Task<bool> KeepLimitsAsync(DbSession second, string step, CancellationToken ended)
    {
        if (await LimitAsync(second, mayCancel: _now.Count > 0 && !IsTimeToTerminate))
        {
            return true;
        }

        if (_isOver && await FindBlockersAsync(second) is not null)
        {
            if (IsTimeToTerminate)
            {
                await TerminateAsync(second, step, ended);
            }

            ended.ThrowIfCancellationRequested();
            return await LimitAsync(second, mayCancel: true);
        }

        return _isOver && await LimitAsync(second, mayCancel: true);
    }

    // Queries that have begun are not cancelled when a try ends: they are short, and cancelling takes a connection of its own.
    private async Task<bool> LimitAsync(DbSession second, bool mayCancel)
    {
        var queue = await LockQueue.LimitAsync(second.Connection, limits, _queued.Elapsed, mayCancel, _closing.Token);
        _isOver = queue.IsOver;
        if (queue.Sessions > 0)
        {
            _queued.Start();
        }
        else
        {
            _queued.Reset();
        }

        if (queue.IsCancelled)
        {
            // With the cancelled statement its transaction ends, and with that its locks: the next look finds nobody behind us.
            Cancelled = string.Create(
                CultureInfo.InvariantCulture,
                $"{queue.Sessions} {(queue.Sessions == 1 ? "session" : "sessions")} queued behind it, the first for {queue.Longest.TotalSeconds:0.0} s");
            await Task.Delay(QueuePause, _closing.Token);
        }

        return queue.IsCancelled;
    }

    /// <summary>What our statement waits for; null when it does not wait.</summary>
    private async Task<BlockingQuery?> FindBlockersAsync(DbSession second)
    {
        var tree = await LockTree.ReadAsync(second, new LockTreeOptions { ForPids = [ProcessId] }, _closing.Token);
        if (tree.FirstOrDefault(e => e.BlockedPid == ProcessId) is not { } wait)
        {
            return null;
        }

        var roots = SessionStop.RootsOf(tree);
        _now = roots.Count > 0 ? roots : [wait.Blocking];
        _waiting.Start();
        return wait;
    }

    private async Task LookAsync(DbSession second, string activity, string step, int percent, CancellationToken ended)
    {
        var found = await FindBlockersAsync(second);
        ended.ThrowIfCancellationRequested();
        if (found is { } wait)
        {
            observer.Progress(
                activity,
                string.Create(CultureInfo.InvariantCulture, $"{step}: waits {wait.BlockedFor.TotalSeconds:0} s for {wait.LockedObject} behind {_now[0]}"),
                percent);
            if (wait.BlockedFor >= WorthTelling && _told.Add(_now[0].Identity))
            {
                observer.Message(MessageLevel.Warning, $"{step} waits for {wait.LockedObject} behind {_now[0]}.");
            }

            if (IsTimeToTerminate)
            {
                await TerminateAsync(second, step, ended);
            }

            return;
        }

        _waiting.Reset();
        if (await ProgressReader.ReadAsync(second.Connection, ProcessId, _closing.Token) is [var progress, ..])
        {
            observer.Progress(activity, $"{step}: {progress.Status()}", progress.Percent is { } done ? (int)done : percent);
        }
    }

    private async Task TerminateAsync(DbSession second, string step, CancellationToken ended)
    {
        foreach (var blocker in _now.Where(b => !_stops.Contains((b.Identity, StopOutcome.Refused))).ToList())
        {
            ended.ThrowIfCancellationRequested();
            var stop = await SessionStop.LookAsync(second, blocker, [ProcessId], new StopOptions { Terminate = true, GracePeriod = GracePeriod }, _closing.Token);
            var result = await stop.RunAsync(observer, _closing.Token);

            // Between two tries nobody waits for it; the next look finds it in the way again, as it does one that takes its time to end.
            var isNothing = result.Outcome is StopOutcome.NotBlocking or StopOutcome.AlreadyGone or StopOutcome.Waiting;
            var isNews = !isNothing && _stops.Add((blocker.Identity, result.Outcome));
            observer.Message(isNews ? MessageLevel.Warning : MessageLevel.Verbose, $"{step} was held up by {blocker}: {result.Outcome}. {result.Reason}");
        }
    }

    /// <summary>The second session; a new one when the first was lost between two tries.</summary>
    private Task<DbSession> SecondAsync()
    {
        if (_opening is { IsCompletedSuccessfully: true } && _opening.Result.Connection.State != ConnectionState.Open)
        {
            _opening = null;
        }

        return _opening ??= OpenSecondAsync();
    }

    /// <summary>What has failed is not asked again: a server that did not answer in time may answer out of turn.</summary>
    private async Task LoseSecondAsync()
    {
        var lost = _opening;
        _opening = null;
        if (lost is not null)
        {
            // One that is being made ends when the watch is closed.
            await lost.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            if (lost.IsCompletedSuccessfully)
            {
                await lost.Result.DisposeAsync();
            }
        }
    }

    private async Task<DbSession> OpenSecondAsync()
    {
        var settings = new NpgsqlConnectionStringBuilder(session.Target.ConnectionString) { CommandTimeout = AnswerSeconds, CancellationTimeout = 2000 };
        var second = await DbSession.OpenAsync(session.Target.With(settings.ConnectionString), observer, _closing.Token);
        try
        {
            await using var command = new NpgsqlCommand(SessionSettings.WhereKnown.Text, second.Connection);
            await command.ExecuteNonQueryAsync(_closing.Token);
            return second;
        }
        catch
        {
            await second.DisposeAsync();
            throw;
        }
    }
}
