using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Activity;

public sealed class SessionStopTests
{
    private static readonly StopOptions Gently = new() { GracePeriod = TimeSpan.FromSeconds(30) };
    private static readonly StopOptions Firmly = Gently with { Terminate = true };

    [Fact]
    public async Task A_running_statement_is_cancelled_and_the_waiter_goes_on()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var busy = await BusyAsync(scene);
        var waiting = await scene.SessionAsync("waits");
        var select = scene.Start(waiting, "SELECT FROM orders");
        await scene.UntilAsync("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass)", select);

        var result = Assert.Single(await StopRootsAsync(scene, Gently));

        Assert.Equal((busy.ProcessID, StopOutcome.Cancelled, 1), (result.ProcessId, result.Outcome, result.BlockedCount));
        Assert.True(result.Duration > TimeSpan.Zero);
        Assert.Null(SessionStop.Failure(result));
        await select;
        Assert.True(await LivesAsync(scene, busy));
    }

    [Fact]
    public async Task Idle_in_a_transaction_is_refused_unless_it_may_be_terminated()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var idle = await scene.SessionAsync("idle", "BEGIN", "LOCK orders");
        await scene.WaitingAsync("waits", "SELECT FROM orders");

        var refused = Assert.Single(await StopRootsAsync(scene, Gently));
        Assert.Equal((idle.ProcessID, StopOutcome.Refused), (refused.ProcessId, refused.Outcome));
        Assert.Contains("-Terminate", refused.Reason, StringComparison.Ordinal);
        Assert.Equal("BlockerRefused", SessionStop.Failure(refused)!.Id);
        Assert.True(await LivesAsync(scene, idle));

        var ended = Assert.Single(await StopRootsAsync(scene, Firmly));
        Assert.Equal((idle.ProcessID, StopOutcome.Ended), (ended.ProcessId, ended.Outcome));
        Assert.False(await LivesAsync(scene, idle));
        await scene.UntilAsync("SELECT NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass)");
    }

    [Fact]
    public async Task What_answers_the_cancel_by_holding_on_is_terminated_after_the_grace_period()
    {
        await using var scene = await BlockingScene.BeginAsync();
        const string Stubborn = "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$";
        var stubborn = await scene.SessionAsync("stubborn", "BEGIN", "LOCK orders");
        _ = scene.Start(stubborn, Stubborn);
        await scene.UntilAsync(Sleeping(stubborn));
        await scene.WaitingAsync("waits", "SELECT FROM orders");

        var still = Assert.Single(await StopRootsAsync(scene, Gently with { GracePeriod = TimeSpan.FromMilliseconds(300) }));
        Assert.Equal(StopOutcome.StillThere, still.Outcome);
        Assert.Equal("BlockerStillThere", SessionStop.Failure(still)!.Id);

        // Killing takes longer than a few seconds on a machine that is busy, so the second time there is more of it.
        var ended = await scene.StopAsync(stubborn.ProcessID, new StopOptions { Terminate = true, GracePeriod = TimeSpan.FromSeconds(12) });
        Assert.Equal(StopOutcome.Ended, ended.Outcome);
    }

    [Fact]
    public async Task Each_root_is_stopped_once_and_the_waiters_are_left_alone()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var root = await scene.SessionAsync("root", "BEGIN", "SELECT FROM orders");
        var alter = await scene.WaitingAsync("alter", "ALTER TABLE orders ADD total int");
        await scene.WaitingAsync("reader1", "SELECT FROM orders");
        await scene.WaitingAsync("reader2", "SELECT FROM orders");

        var edges = await scene.ReadAsync();
        Assert.Equal([root.ProcessID], SessionStop.RootsOf(edges).Select(r => r.ProcessId));
        Assert.Equal([root.ProcessID], SessionStop.RootsOf(edges.Where(e => !e.IsRoot)).Select(r => r.ProcessId));

        var victim = await scene.StopAsync(alter.ProcessID, Firmly);
        Assert.Equal(StopOutcome.Waiting, victim.Outcome);
        Assert.Contains($"pid {root.ProcessID}", victim.Reason, StringComparison.Ordinal);
        Assert.Equal("BlockerWaits", SessionStop.Failure(victim)!.Id);

        // It may be the right one all the same: without it the readers go on.
        Assert.Equal(StopOutcome.Cancelled, (await scene.StopAsync(alter.ProcessID, Gently with { AllowWaiting = true })).Outcome);
        await scene.UntilAsync("SELECT NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass)");
        Assert.True(await LivesAsync(scene, root));
    }

    [Fact]
    public async Task A_pid_that_belongs_to_another_session_now_is_not_touched()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var busy = await BusyAsync(scene);
        await scene.WaitingAsync("waits", "SELECT FROM orders");
        var waits = await scene.ReadAsync();
        var found = Assert.Single(SessionStop.RootsOf(waits));
        var former = found with { BackendStart = found.BackendStart!.Value.AddTicks(-10) };

        var result = await scene.StopAsync(former, waits, Firmly);

        Assert.Equal(StopOutcome.AlreadyGone, result.Outcome);
        Assert.Contains("another session", result.Reason, StringComparison.Ordinal);
        await scene.UntilAsync(Sleeping(busy));
    }

    [Fact]
    public async Task Who_ends_between_the_look_and_the_answer_is_gone()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var busy = await BusyAsync(scene);
        await scene.WaitingAsync("waits", "SELECT FROM orders");
        await using var session = await OpenAsync(scene.Target);
        var look = await LookAsync(scene, session, Firmly);
        Assert.StartsWith("Cancel the statement, and terminate the session after 30 s", look.Action, StringComparison.Ordinal);
        Assert.EndsWith("for which 1 session waits", look.Subject, StringComparison.Ordinal);

        var pid = busy.ProcessID;
        await scene.Target.RunAsync(FormattableString.Invariant($"SELECT pg_terminate_backend({pid})"));
        await scene.UntilAsync(FormattableString.Invariant($"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})"));
        Assert.Equal(StopOutcome.AlreadyGone, (await RunAsync(look)).Outcome);
    }

    [Fact]
    public async Task Who_has_gone_on_to_block_somebody_else_before_the_answer_is_left_alone()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await scene.Target.RunAsync("CREATE TABLE other (id int)");
        var pooled = await scene.SessionAsync("pooled", "BEGIN", "LOCK orders");
        await scene.WaitingAsync("waits", "SELECT FROM orders");
        var waits = await scene.ReadAsync();
        await using var session = await OpenAsync(scene.Target);
        var look = await LookAsync(scene, session, Firmly);
        Assert.Equal("Terminate the session", look.Action);

        foreach (var next in new[] { "COMMIT", "BEGIN", "LOCK other" })
        {
            await using var command = new NpgsqlCommand(next, pooled);
            await command.ExecuteNonQueryAsync();
        }

        await scene.UntilAsync("SELECT NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted)");
        await scene.WaitingAsync("somebody else", "SELECT FROM other");

        Assert.Equal(StopOutcome.NotBlocking, (await RunAsync(look)).Outcome);
        Assert.Equal(StopOutcome.NotBlocking, (await scene.StopAsync(Assert.Single(SessionStop.RootsOf(waits)), waits, Firmly)).Outcome);
        Assert.True(await LivesAsync(scene, pooled));
    }

    [Fact]
    public async Task Who_does_something_else_by_the_time_of_the_answer_is_left_alone()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await using var session = await OpenAsync(scene.Target);
        var pooled = await scene.SessionAsync("pooled");
        var sleep = scene.Start(pooled, "SELECT pg_sleep(600)");
        await scene.UntilAsync(Sleeping(pooled));
        var look = await SessionStop.LookAsync(session, pooled.ProcessID, null, Gently with { AllowWaiting = true }, CancellationToken.None);
        Assert.Equal("Cancel the statement", look.Action);

        await scene.Target.RunAsync(FormattableString.Invariant($"SELECT pg_cancel_backend({pooled.ProcessID})"));
        await Assert.ThrowsAsync<PostgresException>(() => sleep);
        await scene.SessionAsync("writer", "BEGIN", "UPDATE orders SET note = 'open'");
        await scene.WaitAsync(pooled, "CREATE INDEX CONCURRENTLY orders_note ON orders (note)");

        // The question was not whether an invalid index may be left behind.
        var result = await RunAsync(look);
        Assert.Equal(StopOutcome.Refused, result.Outcome);
        Assert.Contains("invalid index", result.Reason, StringComparison.Ordinal);
        Assert.Equal(1, await scene.Target.ScalarAsync<long>("SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()"));
    }

    [Fact]
    public async Task The_signal_itself_checks_whose_pid_it_is()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var busy = await BusyAsync(scene);
        await scene.WaitingAsync("waits", "SELECT FROM orders");
        var found = Assert.Single(SessionStop.RootsOf(await scene.ReadAsync()));
        var former = found with { BackendStart = found.BackendStart!.Value.AddTicks(-10) };

        Assert.False(await SessionStop.SignalAsync(scene.Observer, "pg_terminate_backend", former, CancellationToken.None));
        await scene.UntilAsync(Sleeping(busy));

        Assert.True(await SessionStop.SignalAsync(scene.Observer, "pg_terminate_backend", found, CancellationToken.None));
        await scene.UntilAsync(FormattableString.Invariant($"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {found.ProcessId})"));
    }

    [Fact]
    public async Task What_has_ended_or_blocks_nobody_any_more_is_no_failure()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var holder = await scene.SessionAsync("holder", "BEGIN", "LOCK orders");
        var waiting = await scene.WaitingAsync("waits", "SELECT FROM orders");
        var waits = await scene.ReadAsync();
        var found = Assert.Single(SessionStop.RootsOf(waits));

        await using (var commit = new NpgsqlCommand("COMMIT", holder))
        {
            await commit.ExecuteNonQueryAsync();
        }

        // The pool has given the session to somebody else, who must not be hit.
        _ = scene.Start(holder, "SELECT pg_sleep(600)");
        await scene.UntilAsync(Sleeping(holder));
        var free = await scene.StopAsync(found, waits, Firmly);
        Assert.Equal(StopOutcome.NotBlocking, free.Outcome);
        await scene.UntilAsync(Sleeping(holder));

        Assert.Equal(StopOutcome.AlreadyGone, (await scene.StopAsync(found with { ProcessId = 2_000_000 }, waits, Firmly)).Outcome);
        Assert.Equal(StopOutcome.AlreadyGone, (await scene.StopAsync(2_000_000, Firmly)).Outcome);
        Assert.All([free], r => Assert.Null(SessionStop.Failure(r)));
        Assert.True(await LivesAsync(scene, waiting));
    }

    [Fact]
    public async Task Who_has_no_right_is_told_so_and_nothing_happens()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var role = "stop_" + scene.Target.Database;
        await scene.Target.RunAsync(
            $"CREATE ROLE {role} LOGIN PASSWORD 'secret'", $"CREATE ROLE {role}_app LOGIN PASSWORD 'secret'", $"GRANT ALL ON orders TO {role}_app");
        var busy = await scene.SessionAsAsync(role + "_app", "busy");
        _ = scene.Start(busy, "UPDATE orders SET note = pg_sleep(600)::text");
        await scene.UntilAsync(Sleeping(busy));
        var super = await scene.SessionAsync("super");
        _ = scene.Start(super, "SELECT pg_sleep(600)");
        await scene.UntilAsync(Sleeping(super));
        await using var session = await OpenAsync(scene.Target, role);

        Assert.Contains("pg_monitor", (await StopAsync(session, busy.ProcessID)).Reason, StringComparison.Ordinal);
        await scene.Target.RunAsync($"GRANT pg_monitor TO {role}");
        Assert.Contains("pg_signal_backend", (await StopAsync(session, busy.ProcessID)).Reason, StringComparison.Ordinal);
        await scene.UntilAsync(Sleeping(busy));

        await scene.Target.RunAsync($"GRANT pg_signal_backend TO {role}");
        Assert.Equal(StopOutcome.Cancelled, (await StopAsync(session, busy.ProcessID)).Outcome);
        var refused = await StopAsync(session, super.ProcessID);
        Assert.Equal(StopOutcome.Refused, refused.Outcome);
        Assert.Contains("superuser postgres", refused.Reason, StringComparison.Ordinal);
        await scene.UntilAsync(Sleeping(super));

        static async Task<StopResult> StopAsync(DbSession session, int pid) =>
            await (await SessionStop.LookAsync(session, pid, null, Firmly, CancellationToken.None)).RunAsync(new RecordingObserver(), CancellationToken.None);
    }

    [Fact]
    public async Task Our_own_sessions_and_the_servers_are_refused()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await using var session = await OpenAsync(scene.Target);
        var own = await SessionStop.LookAsync(session, session.ProcessId, null, Firmly, CancellationToken.None);
        Assert.Null(own.Action);
        Assert.Contains("our own session", (await own.RunAsync(new RecordingObserver(), CancellationToken.None)).Reason, StringComparison.Ordinal);

        // Another runner, elsewhere: the observer calls itself DbMigrate.
        var other = await scene.StopAsync(scene.Observer.ProcessID, Firmly, session);
        Assert.Equal((StopOutcome.Refused, SessionKind.Migration), (other.Outcome, other.Session.Kind));

        var checkpointer = await scene.Target.ScalarAsync<int>("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'");
        var server = await scene.StopAsync(checkpointer, Firmly);
        Assert.Equal((StopOutcome.Refused, SessionKind.ServerProcess), (server.Outcome, server.Session.Kind));
    }

    [Fact]
    public async Task A_runner_that_was_left_behind_is_ended_when_that_is_allowed()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var runner = await scene.SessionAsync("DbMigrate", "BEGIN", "LOCK orders");
        await scene.WaitingAsync("waits", "SELECT FROM orders");
        Assert.Equal(StopOutcome.Refused, Assert.Single(await StopRootsAsync(scene, Firmly)).Outcome);

        var gently = Assert.Single(await StopRootsAsync(scene, Gently with { AllowMigration = true }));
        Assert.Equal(StopOutcome.Refused, gently.Outcome);
        Assert.Contains("-Terminate", gently.Reason, StringComparison.Ordinal);
        var ended = Assert.Single(await StopRootsAsync(scene, Firmly with { AllowMigration = true }));

        Assert.Equal((runner.ProcessID, StopOutcome.Ended), (ended.ProcessId, ended.Outcome));
        Assert.False(await LivesAsync(scene, runner));

        await using var session = await OpenAsync(scene.Target);
        Assert.Null((await SessionStop.LookAsync(session, session.ProcessId, null, Firmly with { AllowMigration = true }, CancellationToken.None)).Action);
    }

    [Fact]
    public async Task A_runner_at_work_is_ended_for_a_lock_that_nobody_is_seen_to_wait_for()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var runner = await scene.SessionAsync("DbMigrate", "SELECT pg_advisory_lock(7)");
        _ = scene.Start(runner, "SELECT pg_sleep(600)");
        await scene.UntilAsync(Sleeping(runner));

        var pid = runner.ProcessID;
        var ended = await scene.StopAsync(pid, Firmly with { AllowMigration = true });

        Assert.Equal(StopOutcome.Ended, ended.Outcome);
        Assert.False(await scene.Target.ScalarAsync<bool>(FormattableString.Invariant($"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})")));
    }

    [Fact]
    public async Task A_runner_that_builds_an_index_is_not_stopped_without_a_word_about_it()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await scene.SessionAsync("old snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT FROM orders");
        var runner = await scene.WaitingAsync("DbMigrate", "CREATE INDEX CONCURRENTLY late ON orders (id)");
        await using var session = await OpenAsync(scene.Target);

        foreach (var options in new[] { Gently, Firmly })
        {
            var stop = await SessionStop.LookAsync(session, runner.ProcessID, null, options with { AllowMigration = true, AllowWaiting = true }, CancellationToken.None);
            Assert.EndsWith("leaves an invalid index", stop.Action, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_walsender_is_refused()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var settings = new NpgsqlConnectionStringBuilder(scene.Target.ConnectionString) { ApplicationName = "replica" };
        await using var replication = new Npgsql.Replication.PhysicalReplicationConnection(settings.ConnectionString);
        await replication.Open();
        var walsender = await scene.Target.ScalarAsync<int>("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walsender'");

        var result = await scene.StopAsync(walsender, Firmly);

        Assert.Equal((StopOutcome.Refused, SessionKind.Walsender), (result.Outcome, result.Session.Kind));
        Assert.Contains("replica", result.Reason, StringComparison.Ordinal);
        Assert.True(await scene.Target.ScalarAsync<bool>(FormattableString.Invariant($"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {walsender})")));
    }

    [Fact]
    public async Task A_prepared_transaction_is_rolled_back_only_when_asked_and_only_in_its_database()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var name = $@"a'b\c {scene.Target.Database}";
        await scene.SessionAsync("gone", "BEGIN", "LOCK orders", $"PREPARE TRANSACTION '{name.Replace("'", "''", StringComparison.Ordinal)}'");
        await scene.WaitingAsync("waits", "SELECT FROM orders");
        var waits = await scene.ReadAsync();
        var root = Assert.Single(SessionStop.RootsOf(waits));

        var refused = await scene.StopAsync(root, waits, Firmly);
        Assert.Equal(StopOutcome.Refused, refused.Outcome);
        Assert.Contains("ROLLBACK PREPARED", refused.Reason, StringComparison.Ordinal);

        await using (var elsewhere = await OpenAsync(await SandboxFixture.NewDatabaseAsync()))
        {
            var other = await scene.StopAsync(root, waits, Firmly with { RollBackPrepared = true }, elsewhere);
            Assert.Equal(StopOutcome.Refused, other.Outcome);
            Assert.Contains("connected to", other.Reason, StringComparison.Ordinal);
        }

        // As a session, which is how $wait.Blocking binds, it has only its pid.
        var unnamed = await scene.StopAsync(root.ProcessId, Firmly with { RollBackPrepared = true });
        Assert.Equal(StopOutcome.Refused, unnamed.Outcome);
        Assert.Contains("Pipe the wait itself", unnamed.Reason, StringComparison.Ordinal);

        Assert.Equal(StopOutcome.RolledBack, (await scene.StopAsync(root, waits, Firmly with { RollBackPrepared = true })).Outcome);
        Assert.Equal(StopOutcome.AlreadyGone, (await scene.StopAsync(root, waits, Firmly with { RollBackPrepared = true })).Outcome);
    }

    [Fact]
    public async Task A_parallel_worker_is_stopped_with_its_leader()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await scene.Target.RunAsync(
            "CREATE TABLE big AS SELECT generate_series(1, 100000) AS id", "ANALYZE big",
            "CREATE FUNCTION slow(int) RETURNS boolean PARALLEL SAFE LANGUAGE sql AS $$ SELECT pg_sleep(60) IS NOT NULL $$");
        var leader = await scene.SessionAsync(
            "leader", "SET parallel_setup_cost = 0", "SET parallel_tuple_cost = 0", "SET min_parallel_table_scan_size = 0",
            "SET max_parallel_workers_per_gather = 2");
        var workers = $"FROM pg_stat_activity WHERE backend_type = 'parallel worker' AND datname = '{scene.Target.Database}'";
        await scene.StartParallelAsync(leader, "SELECT count(*) FROM big WHERE slow(id)", $"SELECT EXISTS (SELECT {workers})");
        var worker = await scene.Target.ScalarAsync<int>($"SELECT pid {workers} LIMIT 1");
        Assert.NotEqual(leader.ProcessID, worker);

        var result = await scene.StopAsync(worker, Gently);

        Assert.Equal((leader.ProcessID, StopOutcome.Cancelled), (result.ProcessId, result.Outcome));
    }

    // A session that works while it holds an exclusive lock on orders.
    private static async Task<NpgsqlConnection> BusyAsync(BlockingScene scene)
    {
        var busy = await scene.SessionAsync("busy", "BEGIN", "LOCK orders");
        _ = scene.Start(busy, "SELECT pg_sleep(600)");
        await scene.UntilAsync(Sleeping(busy));
        return busy;
    }

    private static string Sleeping(NpgsqlConnection session) => FormattableString.Invariant(
        $"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {session.ProcessID} AND state = 'active' AND wait_event = 'PgSleep')");

    private static Task<bool> LivesAsync(BlockingScene scene, NpgsqlConnection session) => scene.Target.ScalarAsync<bool>(
        FormattableString.Invariant($"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {session.ProcessID})"));

    private static async Task<DbSession> OpenAsync(DbTarget target, string? role = null)
    {
        if (role is not null)
        {
            target = TargetResolver.Resolve($"postgres://{role}:secret@{target.Host}:{target.Port}/{target.Database}?sslmode=disable", _ => null);
        }

        return await DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None);
    }

    private static async Task<SessionStop> LookAsync(BlockingScene scene, DbSession session, StopOptions options)
    {
        var waits = await scene.ReadAsync();
        return await SessionStop.LookAsync(session, Assert.Single(SessionStop.RootsOf(waits)), waits, options, CancellationToken.None);
    }

    private static Task<StopResult> RunAsync(SessionStop stop) => stop.RunAsync(new RecordingObserver(), CancellationToken.None);

    private static async Task<List<StopResult>> StopRootsAsync(BlockingScene scene, StopOptions options)
    {
        var results = new List<StopResult>();
        var waits = await scene.ReadAsync();
        foreach (var root in SessionStop.RootsOf(waits))
        {
            results.Add(await scene.StopAsync(root, waits, options));
        }

        return results;
    }
}
