using System.Diagnostics;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace DbMigrate.Engine.Tests.Activity;

/// <summary>Scenes that need a server of their own: many sessions, and an autovacuum that runs when it should.</summary>
/// <param name="output">Takes the figures.</param>
public sealed class BusyServerTests(ITestOutputHelper output)
{
    private const string Figures = "DBMIGRATE_BLOCKED";

    [Fact]
    public async Task Three_hundred_behind_one_alter_are_one_edge_each()
    {
        await using var server = await StartAsync(400);
        await using var scene = await BlockingScene.BeginAsync(await server.CreateDatabaseAsync(name: null, CancellationToken.None));
        var reader = await scene.SessionAsync("reader", "BEGIN", "SELECT FROM orders");
        var alter = await scene.WaitingAsync("alter", "ALTER TABLE orders ADD total int");
        var waiters = await QueueAsync(scene, 300, _ => "SELECT count(*) FROM orders");

        var edges = await scene.ReadAsync();

        Assert.Equal(301, edges.Count);
        Assert.Equal((alter.ProcessID, reader.ProcessID, 301), (edges[0].BlockedPid, edges[0].BlockingPid, edges[0].BlockedCount));
        Assert.All(edges.Skip(1), e => Assert.Equal((alter.ProcessID, 2, 300), (e.BlockingPid, e.Depth, e.BlockedCount)));
        Assert.Equal(waiters.Order(), edges.Skip(1).Select(e => e.BlockedPid).Order());
        Assert.All(edges, e => Assert.Equal(reader.ProcessID, Assert.Single(e.Roots).ProcessId));
    }

    [Fact]
    public async Task An_autovacuum_is_told_apart_from_one_that_prevents_wraparound()
    {
        await using var server = await StartAsync(50);

        // It gives way after deadlock_timeout, and works slowly enough to be seen.
        await server.Target.RunAsync(
            "ALTER SYSTEM SET deadlock_timeout = '10min'", "ALTER SYSTEM SET autovacuum_naptime = '1s'", "ALTER SYSTEM SET autovacuum_max_workers = 3",
            "SELECT pg_reload_conf()");
        await using var scene = await BlockingScene.BeginAsync(await server.CreateDatabaseAsync(name: null, CancellationToken.None));
        const string Slow = "autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1";
        await scene.Target.RunAsync(
            $"CREATE TABLE rubbish (id int, filler text) WITH ({Slow}, autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0)",

            // Only what prevents wraparound heeds no autovacuum_enabled.
            $"CREATE TABLE ancient (id int, filler text) WITH ({Slow}, autovacuum_enabled = off, autovacuum_freeze_max_age = 100000)",
            "INSERT INTO rubbish SELECT i, repeat('x', 500) FROM generate_series(1, 20000) i",
            "INSERT INTO ancient SELECT i, repeat('x', 500) FROM generate_series(1, 20000) i",
            "DELETE FROM rubbish");
        await using (var age = await scene.Target.ConnectAsync())
        {
            // 100,000 transactions, so that ancient is ancient.
            await using var burn = new NpgsqlCommand(
                "DO $$ BEGIN FOR i IN 1..110000 LOOP BEGIN INSERT INTO orders VALUES (1); EXCEPTION WHEN unique_violation THEN NULL; END; END LOOP; END $$", age);
            burn.CommandTimeout = 0;
            await burn.ExecuteNonQueryAsync();
        }

        await VacuumingAsync(scene, "rubbish%");
        await VacuumingAsync(scene, "ancient (to prevent wraparound)");
        await scene.WaitingAsync("one", "BEGIN", "LOCK rubbish");
        await scene.WaitingAsync("two", "BEGIN", "LOCK ancient");

        var edges = await scene.ReadAsync();

        var rubbish = Assert.Single(edges, e => e.Relation == "public.rubbish");
        Assert.Equal((SessionKind.Autovacuum, BlockerAdvice.Wait, "ShareUpdateExclusiveLock"), (rubbish.Blocking.Kind, rubbish.Advice, rubbish.HeldMode));
        var ancient = Assert.Single(edges, e => e.Relation == "public.ancient");
        Assert.Equal((SessionKind.WraparoundVacuum, BlockerAdvice.Refuse), (ancient.Blocking.Kind, ancient.Advice));
    }

    [SkippableFact]
    public async Task A_thousand_sessions_of_which_half_wait()
    {
        Skip.IfNot(
            int.TryParse(Environment.GetEnvironmentVariable(Figures), out var blocked), $"SKIPPED: {Figures}=500 measures with so many blocked sessions.");
        await using var server = await StartAsync((blocked * 2) + 20);
        await using var scene = await BlockingScene.BeginAsync(await server.CreateDatabaseAsync(name: null, CancellationToken.None));
        var idle = new List<Task>();
        for (var i = 0; i < blocked; i++)
        {
            idle.Add(scene.SessionAsync("idle", "BEGIN", "SELECT FROM orders"));
        }

        await Task.WhenAll(idle);
        await MeasureAsync("nobody blocked", 0);

        // The worst queue: each excludes each, so everybody waits for everybody ahead.
        await scene.SessionAsync("holder", "SELECT pg_advisory_lock(1)");
        await QueueAsync(scene, blocked - 1, _ => "SELECT pg_advisory_lock(1)");
        await MeasureAsync("one queue of advisory locks", blocked - 1);

        async Task MeasureAsync(string what, int edges)
        {
            var times = new List<double>();
            for (var i = 0; i < 7; i++)
            {
                var clock = Stopwatch.StartNew();
                var tree = await scene.ReadAsync();
                times.Add(clock.Elapsed.TotalMilliseconds);
                Assert.Equal(edges, tree.Count);
            }

            times.Sort();
            output.WriteLine(FormattableString.Invariant($"{what}: fastest {times[0]:0} ms, median {times[3]:0} ms"));

            // The fastest is what the work costs; the others are what else the machine did.
            Assert.InRange(times[0], 0, 500);
        }
    }

    private static Task<DbSandbox> StartAsync(int maxConnections) => DbSandbox.StartAsync(
        new SandboxOptions { Install = true, MaxConnections = maxConnections }, new RecordingObserver(), CancellationToken.None);

    // Starts many sessions at once, and waits until all of them wait.
    private static async Task<IReadOnlyList<int>> QueueAsync(BlockingScene scene, int count, Func<int, string> statement)
    {
        var pids = new List<int>();
        for (var i = 0; i < count; i++)
        {
            var session = await scene.SessionAsync($"waiter{i}");
            _ = scene.Start(session, statement(i));
            pids.Add(session.ProcessID);
        }

        await scene.UntilAsync($"SELECT count(*) = {count} FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT granted AND application_name LIKE 'waiter%'");
        return pids;
    }

    private static Task VacuumingAsync(BlockingScene scene, string table) => scene.UntilAsync(
        $"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND query LIKE 'autovacuum: VACUUM%.{table}')");
}
