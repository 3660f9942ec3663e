using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Engine.Tests.Activity;

public sealed class ProgressWatchTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task The_watch_ends_with_the_statement()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.CloseGateAsync();
        var (process, _) = await scene.StartAsync("CREATE INDEX CONCURRENTLY i ON orders (gate(id))");
        var observer = new RecordingObserver();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var seen = new List<DbProgress>();
        await scene.WaitForGateAsync(process);
        await using var session = await OpenAsync(scene);
        var options = new ProgressWatchOptions { ProcessId = process, Interval = TimeSpan.FromMilliseconds(20) };
        await foreach (var progress in ProgressWatch.WatchAsync(session, options, observer, limit.Token))
        {
            if (seen.Count == 0)
            {
                await scene.OpenGateAsync();
            }

            seen.Add(progress);
        }

        Assert.All(seen, p => Assert.Same(scene.Target, p.Target));
        Assert.Equal(("building index: scanning table", 49.9), (seen[0].Phase, seen[0].Percent));
        Assert.Equal(seen.Count, seen.Select(p => (p.Phase, p.Done, p.Total, p.CurrentLocker?.ProcessId)).Distinct().Count());
        Assert.Contains(observer.ProgressReports, r => r.Activity == $"CREATE INDEX CONCURRENTLY on public.orders, pid {process}" && r.Percent == 49);
    }

    [Fact]
    public async Task A_process_is_watched_while_it_runs_a_statement_that_the_server_does_not_report_on()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.CloseGateAsync();
        var (process, work) = await scene.StartAsync("SELECT count(gate(id)) FROM orders", "SELECT pg_sleep(0.2)");
        await scene.WaitForGateAsync(process);
        await using var session = await OpenAsync(scene);
        var options = new ProgressWatchOptions { ProcessId = process, Interval = TimeSpan.FromMilliseconds(20) };
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var watch = Task.Run(async () =>
        {
            await foreach (var progress in ProgressWatch.WatchAsync(session, options, new RecordingObserver(), limit.Token))
            {
                Assert.Fail($"There is nothing to see, but {progress}.");
            }
        });
        await Task.WhenAny(watch, Task.Delay(500));
        Assert.False(watch.IsCompleted);
        await scene.OpenGateAsync();
        await work;
        await watch;
    }

    [Fact]
    public async Task It_ends_at_once_where_nothing_is_in_progress_and_after_a_look_or_a_time_limit_where_something_is()
    {
        await using var scene = await Scene.CreateAsync();
        await using var session = await OpenAsync(scene);
        var other = session.ProcessId + 1_000_000;
        Assert.Empty(await WatchAsync(session, new ProgressWatchOptions { ProcessId = other }));

        await scene.CloseGateAsync();
        var (process, _) = await scene.StartAsync("CREATE INDEX CONCURRENTLY i ON orders (gate(id))");
        await scene.WaitForGateAsync(process);
        Assert.Single(await WatchAsync(session, new ProgressWatchOptions { ProcessId = process, Once = true }));

        // What has not changed is given once.
        var options = new ProgressWatchOptions { ProcessId = process, Interval = TimeSpan.FromMilliseconds(50), Timeout = TimeSpan.FromMilliseconds(400) };
        Assert.Single(await WatchAsync(session, options));
    }

    [Fact]
    public void The_rate_is_that_of_the_last_half_minute()
    {
        var tracker = new ProgressTracker();
        Assert.Null(At(tracker, 0, 0).Rate);
        Assert.Equal(100, At(tracker, 10, 1000).Rate);
        Assert.Equal(100, At(tracker, 30, 3000).Rate);

        // 4000 more in 20 s; what came before is forgotten in steps.
        var seen = At(tracker, 50, 7000);
        Assert.Equal(200, seen.Rate);
        Assert.Equal(TimeSpan.FromSeconds(15), seen.TimeLeft);
    }

    [Fact]
    public void Another_phase_or_another_statement_begins_anew()
    {
        var tracker = new ProgressTracker();
        At(tracker, 0, 0);
        Assert.Equal(10, At(tracker, 10, 100).Rate);
        Assert.Null(tracker.Track([Progress(20, 200) with { Phase = "vacuuming heap" }])[0].Rate);
        Assert.Null(At(tracker, 30, 300).Rate);
        Assert.Null(tracker.Track([Progress(40, 400) with { StartedAt = s_start.AddSeconds(35) }])[0].Rate);
        tracker.Track([]);
        Assert.Null(At(tracker, 50, 500).Rate);
        Assert.Null(At(tracker, 60, 0).Rate);
    }

    [Fact]
    public void What_cannot_be_known_is_not_made_up()
    {
        var tracker = new ProgressTracker();
        tracker.Track([Progress(0, 1) with { Unit = "sessions", Total = 3 }]);
        var seen = tracker.Track([Progress(10, 2) with { Unit = "sessions", Total = 3 }])[0];
        Assert.Null(seen.Rate);
        Assert.Null(seen.TimeLeft);

        var stuck = new ProgressTracker();
        At(stuck, 0, 10);
        seen = At(stuck, 10, 10);
        Assert.Equal(0, seen.Rate);
        Assert.Null(seen.TimeLeft);
        Assert.Null((Progress(0, 5) with { Total = 0 }).Percent);
        Assert.Null((Progress(0, 5) with { Total = null }).Percent);
        Assert.Equal(100, (Progress(0, 20_000) with { Total = 10_000 }).Percent);
    }

    private static DbProgress At(ProgressTracker tracker, int second, long done) => Assert.Single(tracker.Track([Progress(second, done)]));

    private static DbProgress Progress(int second, long done) => new()
    {
        ProcessId = 1, Command = "VACUUM", Phase = "scanning heap", Unit = "blocks", Done = done, Total = 10_000,
        StartedAt = s_start, At = s_start.AddSeconds(second),
    };

    private static async Task<List<DbProgress>> WatchAsync(DbSession session, ProgressWatchOptions options)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var seen = new List<DbProgress>();
        await foreach (var progress in ProgressWatch.WatchAsync(session, options, new RecordingObserver(), limit.Token))
        {
            seen.Add(progress);
        }

        return seen;
    }

    private static Task<DbSession> OpenAsync(Scene scene) =>
        DbSession.OpenAsync(scene.Target, new RecordingObserver(), CancellationToken.None);
}
