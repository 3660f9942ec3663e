using DbMigrate.Engine.Activity;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Activity;

public sealed class LockTreeTests
{
    private const string Update = "UPDATE orders SET note = 'x' WHERE id = ";

    [Fact]
    public async Task An_error_of_the_server_speaks_of_no_migration()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await using (var command = new NpgsqlCommand("SET lock_timeout = '50ms'", scene.Observer))
        {
            await command.ExecuteNonQueryAsync();
        }

        var holder = await scene.SessionAsync("holder", "BEGIN", "LOCK pg_namespace");
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => scene.ReadAsync());
        await using (var end = new NpgsqlCommand("ROLLBACK", holder))
        {
            await end.ExecuteNonQueryAsync();
        }

        Assert.Equal("LockTimeout", error.Id);
        Assert.StartsWith("Another session held a lock for too long", error.Message, StringComparison.Ordinal);
        Assert.Contains("Find-BlockingQuery", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_waits()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await scene.SessionAsync("busy", "BEGIN", "LOCK orders");
        Assert.Empty(await scene.ReadAsync());
    }

    [Fact]
    public async Task One_waits_for_one_that_is_idle_in_a_transaction()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var web = await scene.SessionAsync("web", "BEGIN", "SELECT count(*) FROM orders", "SELECT 'done'");
        var alter = await scene.WaitingAsync("alter", "ALTER TABLE orders ADD total int");
        await scene.UntilAsync("SELECT clock_timestamp() - query_start > '0.2 s' FROM pg_stat_activity WHERE application_name = 'web'");

        // Not since it began, but since it waits.
        await Eventually.IsTrueAsync(async () => await scene.ReadAsync() is [{ BlockedFor.TotalMilliseconds: > 100 }]);

        var edge = Assert.Single(await scene.ReadAsync());

        Assert.Equal((alter.ProcessID, web.ProcessID), (edge.BlockedPid, edge.BlockingPid));
        Assert.Equal(("AccessExclusiveLock", "AccessShareLock"), (edge.WantedMode, edge.HeldMode));
        Assert.Equal(("relation", "public.orders", "public.orders"), (edge.LockType, edge.Relation, edge.LockedObject));
        Assert.Equal((true, true, false, 1, 1), (edge.IsHard, edge.IsRoot, edge.IsDeadlock, edge.BlockedCount, edge.Depth));
        Assert.InRange(edge.BlockedFor, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Assert.Equal([web.ProcessID], edge.Roots.Select(r => r.ProcessId));

        var (blocked, blocking) = (edge.Blocked, edge.Blocking);
        Assert.Equal(SessionKind.IdleInTransaction, blocking.Kind);
        Assert.Equal(("postgres", "web", "127.0.0.1", scene.Target.Database, "idle in transaction"),
            (blocking.User, blocking.Application, blocking.Client, blocking.Database, blocking.State));
        Assert.Equal("SELECT 'done'", blocking.Query);
        Assert.True(blocking.TransactionAge >= blocking.StateAge);
        Assert.Equal("Client: ClientRead", blocking.WaitEvent);
        Assert.Equal(BlockerAdvice.Terminate, edge.Advice);
        Assert.Contains("cancel does nothing, terminate", blocking.AdviceReason, StringComparison.Ordinal);
        Assert.Matches(
            $"""^pid {web.ProcessID} \(user postgres, application web, client 127.0.0.1, idle in transaction for [\d.]+ m?s, last query "SELECT 'done'"\)$""",
            blocking.ToString());
        Assert.Equal((SessionKind.Active, "Lock: relation", "ALTER TABLE orders ADD total int"), (blocked.Kind, blocked.WaitEvent, blocked.Query));
        Assert.True(blocked.MaySignal && blocking.MaySignal);
        await scene.UntilAsync(
            FormattableString.Invariant($"SELECT backend_start = '{blocking.BackendStart:O}' FROM pg_stat_activity WHERE pid = {web.ProcessID}"));
    }

    [Fact]
    public async Task Five_in_a_chain_have_one_root()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await scene.SessionAsync("s0", "BEGIN", Update + 1);
        foreach (var i in Enumerable.Range(1, 5))
        {
            await scene.WaitingAsync($"s{i}", "BEGIN", Update + (i + 1), Update + i);
        }

        var edges = await scene.ReadAsync();

        Assert.Equal(["s1 -> s0", "s2 -> s1", "s3 -> s2", "s4 -> s3", "s5 -> s4"], BlockingScene.Names(edges));
        Assert.Equal([5, 4, 3, 2, 1], edges.Select(e => e.BlockedCount));
        Assert.Equal([1, 2, 3, 4, 5], edges.Select(e => e.Depth));
        Assert.Equal([true, false, false, false, false], edges.Select(e => e.IsRoot));
        Assert.All(edges, e => Assert.Equal("s0", Assert.Single(e.Roots).Application));
        Assert.All(edges, e => Assert.Equal(("transactionid", "a row of public.orders", "public.orders"), (e.LockType, e.LockedObject, e.Relation)));
    }

    [Fact]
    public async Task Two_roots_are_both_named()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await scene.SessionAsync("a", "BEGIN", "SELECT FROM orders", "SELECT pg_advisory_xact_lock(1)");
        await scene.SessionAsync("b", "BEGIN", "SELECT FROM orders");
        await scene.WaitingAsync("alter", "ALTER TABLE orders ADD total int");
        Assert.Equal(["alter -> a", "alter -> b"], BlockingScene.Names(await scene.ReadAsync()).Order());
        await scene.WaitingAsync("reader", "SELECT FROM orders");
        var reader = Assert.Single(await scene.ReadAsync(), e => e.Blocked.Application == "reader");
        Assert.Equal(["a", "b"], reader.Roots.Select(r => r.Application).Order());
    }

    [Fact]
    public async Task A_diamond_is_no_ring()
    {
        // left and right both wait for top, and bottom for both of them.
        await using var diamond = await BlockingScene.BeginAsync();
        await diamond.SessionAsync("top", "BEGIN", "SELECT pg_advisory_xact_lock(1)");
        await diamond.WaitingAsync("left", "BEGIN", "LOCK orders IN ACCESS SHARE MODE", "SELECT pg_advisory_xact_lock_shared(1)");
        await diamond.WaitingAsync("right", "BEGIN", "LOCK orders IN ACCESS SHARE MODE", "SELECT pg_advisory_xact_lock_shared(1)");
        await diamond.WaitingAsync("bottom", "BEGIN", "LOCK orders");

        var edges = await diamond.ReadAsync();

        Assert.Equal(["bottom -> left", "bottom -> right", "left -> top", "right -> top"], BlockingScene.Names(edges).Order());
        Assert.All(edges, e => Assert.Equal("top", Assert.Single(e.Roots).Application));
        Assert.Equal(3, edges.First(e => e.IsRoot).BlockedCount);
        Assert.Equal(2, edges.First(e => e.Blocked.Application == "bottom").Depth);

        // In the tree each wait stands once, below the one that it waits for.
        var nodes = BlockingTree.Arrange(edges);
        Assert.Equal(
            ["left -> top", "bottom -> left", "right -> top", "bottom -> right"],
            BlockingScene.Names(nodes[0].Blocked.Application == "left" ? nodes : [.. nodes.Skip(2), .. nodes.Take(2)]));
        Assert.Equal([0, 3, 0, 3], nodes.Select(n => n.Tree.IndexOf('└', StringComparison.Ordinal)));
        Assert.All(nodes, n => Assert.Equal("top", n.Root.Application));
    }

    [Fact]
    public async Task Who_waits_only_because_of_the_queue_is_told_apart()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await scene.SessionAsync("reader", "BEGIN", "SELECT FROM orders");
        await scene.WaitingAsync("alter", "ALTER TABLE orders ADD total int");
        await scene.WaitingAsync("late", "SELECT FROM orders");

        var edges = await scene.ReadAsync();

        Assert.Equal(["alter -> reader", "late -> alter"], BlockingScene.Names(edges));
        Assert.Equal([true, false], edges.Select(e => e.IsHard));
        Assert.Equal("AccessExclusiveLock", edges[1].HeldMode);
        Assert.Equal("reader", Assert.Single(edges[1].Roots).Application);
    }

    [Fact]
    public async Task Who_is_ahead_is_named_when_it_waits_for_somebody_else_and_else_not()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await scene.SessionAsync("writer", "BEGIN", Update + 1);
        await scene.SessionAsync("reader", "BEGIN", "SELECT FROM orders");
        await scene.WaitingAsync("alter", "ALTER TABLE orders ADD total int");

        // A reader alone would not hold share up, but alter waits for it and is ahead.
        await scene.WaitingAsync("share", "BEGIN", "LOCK orders IN SHARE MODE");
        await scene.WaitingAsync("alter2", "ALTER TABLE orders ADD vat int");

        var edges = await scene.ReadAsync();

        Assert.Equal(
            ["alter -> reader", "alter -> writer", "alter2 -> reader", "alter2 -> writer", "share -> alter", "share -> writer"],
            BlockingScene.Names(edges).Order());
        Assert.Equal(["reader", "writer"], edges.Single(e => !e.IsHard).Roots.Select(r => r.Application).Order());
    }

    [Fact]
    public async Task A_row_that_many_want_gives_one_edge_each()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await scene.SessionAsync("first", "BEGIN", Update + 1);
        foreach (var i in Enumerable.Range(1, 6))
        {
            await scene.WaitingAsync($"w{i}", Update + 1);
        }

        // w1 holds the tuple and waits for the transaction; everybody else waits for the tuple.
        var edges = await scene.ReadAsync();
        Assert.Equal(["w1 -> first", "w2 -> w1", "w3 -> w1", "w4 -> w1", "w5 -> w1", "w6 -> w1"], BlockingScene.Names(edges));
        Assert.All(edges, e => Assert.Equal("a row of public.orders", e.LockedObject));
    }

    [Fact]
    public async Task A_deadlock_about_to_happen_has_no_root()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var one = await scene.SessionAsync("one", "SET deadlock_timeout = '10min'", "BEGIN", Update + 1);
        var two = await scene.WaitingAsync("two", "SET deadlock_timeout = '10min'", "BEGIN", Update + 2, Update + 1);
        await scene.WaitAsync(one, Update + 2);
        await scene.WaitingAsync("third", Update + 2);

        var edges = await scene.ReadAsync();

        Assert.Equal(["one -> two", "third -> one", "two -> one"], BlockingScene.Names(edges).Order());
        Assert.All(edges, e => Assert.Empty(e.Roots));
        Assert.All(edges, e => Assert.False(e.IsRoot));
        Assert.Equal(3, BlockingTree.Arrange(edges).Count);
        Assert.All(BlockingTree.Arrange(edges), n => Assert.Contains("Deadlock: ", n.RootLine, StringComparison.Ordinal));
        Assert.Equal(new[] { one.ProcessID, two.ProcessID }.Order(), edges.Where(e => e.IsDeadlock).Select(e => e.BlockedPid).Order());
    }

    [Fact]
    public async Task A_prepared_transaction_is_named()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var name = $"batch '7' {scene.Target.Database}";
        var quoted = name.Replace("'", "''", StringComparison.Ordinal);
        await scene.SessionAsync("gone", "BEGIN", "LOCK orders", $"PREPARE TRANSACTION '{quoted}'");
        var waiting = await scene.WaitingAsync("waits", "SELECT FROM orders");

        var edge = Assert.Single(await scene.ReadAsync());

        Assert.Equal((waiting.ProcessID, 0, name), (edge.BlockedPid, edge.BlockingPid, edge.Blocking.PreparedTransaction));
        Assert.Equal((SessionKind.PreparedTransaction, "postgres", scene.Target.Database),
            (edge.Blocking.Kind, edge.Blocking.User, edge.Blocking.Database));
        Assert.Equal(("AccessExclusiveLock", true, true), (edge.HeldMode, edge.IsHard, edge.IsRoot));
        Assert.Equal(BlockerAdvice.RollBackPrepared, edge.Advice);
        Assert.Contains($"'{quoted}'", edge.Blocking.AdviceReason, StringComparison.Ordinal);
        Assert.NotNull(edge.Blocking.TransactionAge);
        await scene.Target.RunAsync($"ROLLBACK PREPARED '{quoted}'");
    }

    [Theory]
    [InlineData("pg_advisory_lock(42)", "advisory lock 42")]
    [InlineData("pg_advisory_lock(-3)", "advisory lock -3")]
    [InlineData("pg_advisory_lock(7, -8)", "advisory lock (7, -8)")]
    public async Task An_advisory_lock_outlives_its_transaction(string call, string described)
    {
        await using var scene = await BlockingScene.BeginAsync();
        var holder = await scene.SessionAsync("holder", "SELECT " + call);
        await scene.WaitingAsync("waits", "SELECT " + call);

        var edge = Assert.Single(await scene.ReadAsync());

        Assert.Equal((holder.ProcessID, "advisory", described), (edge.BlockingPid, edge.LockType, edge.LockedObject));
        Assert.Equal((SessionKind.Idle, BlockerAdvice.Terminate), (edge.Blocking.Kind, edge.Advice));
    }

    [Fact]
    public async Task An_index_that_is_built_concurrently_waits_for_an_old_snapshot()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await scene.Target.RunAsync("CREATE TABLE elsewhere (id int)");
        var old = await scene.SessionAsync("old", "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT FROM elsewhere");
        var index = await scene.SessionAsync("index");
        var building = scene.Start(index, "CREATE INDEX CONCURRENTLY ON orders (note)");

        // It waits for every snapshot, one after the other, and first perhaps for that of our own look.
        await scene.UntilAsync(
            $"""
            SELECT EXISTS (SELECT FROM pg_locks wanted JOIN pg_locks held USING (virtualxid)
                WHERE wanted.pid = {index.ProcessID} AND NOT wanted.granted AND held.pid = {old.ProcessID} AND held.granted)
            """,
            building);

        var edge = Assert.Single(await scene.ReadAsync());

        Assert.Equal((index.ProcessID, old.ProcessID, "virtualxid"), (edge.BlockedPid, edge.BlockingPid, edge.LockType));
        Assert.Equal(SessionKind.ConcurrentIndex, edge.Blocked.Kind);
        Assert.Equal(BlockerAdvice.Wait, edge.Blocked.Advice);
        Assert.Contains("invalid index", edge.Blocked.AdviceReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parallel_workers_count_as_their_leader()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await scene.Target.RunAsync(
            "CREATE TABLE locked (id int)",
            "CREATE TABLE big AS SELECT generate_series(1, 200000) AS id",
            "ANALYZE big",
            "CREATE FUNCTION f(int) RETURNS boolean PARALLEL SAFE LANGUAGE plpgsql AS $$ BEGIN RETURN EXISTS (SELECT FROM locked); END $$");
        await scene.SessionAsync("holder", "BEGIN", "LOCK locked");
        var leader = await scene.SessionAsync(
            "leader", "SET parallel_setup_cost = 0", "SET parallel_tuple_cost = 0", "SET min_parallel_table_scan_size = 0",
            "SET max_parallel_workers_per_gather = 2");
        await scene.StartParallelAsync(
            leader, "SELECT count(*) FROM big WHERE f(id)", "SELECT count(*) > 1 FROM pg_locks WHERE NOT granted AND relation = 'locked'::regclass");

        var edge = Assert.Single(await scene.ReadAsync());
        Assert.Equal(leader.ProcessID, edge.BlockedPid);
    }

    [Fact]
    public async Task Only_the_trees_of_some_sessions()
    {
        await using var scene = await BlockingScene.BeginAsync();
        await scene.SessionAsync("s0", "BEGIN", Update + 1);
        await scene.SessionAsync("other", "BEGIN", Update + 9);
        await scene.WaitingAsync("s1", "BEGIN", Update + 2, Update + 1);
        var s2 = await scene.WaitingAsync("s2", "BEGIN", Update + 3, Update + 2);
        await scene.WaitingAsync("s3", Update + 3);
        await scene.WaitingAsync("s4", Update + 9);

        var edges = await scene.ReadAsync(new LockTreeOptions { ForPids = [s2.ProcessID] });

        Assert.Equal(["s1 -> s0", "s2 -> s1"], BlockingScene.Names(edges));
        Assert.Equal(3, edges[0].BlockedCount);
        Assert.Equal(4, (await scene.ReadAsync()).Count);
    }

    [Fact]
    public async Task A_database_or_the_whole_server()
    {
        await using var here = await BlockingScene.BeginAsync();
        await using var there = await BlockingScene.BeginAsync();
        await there.SessionAsync("holder", "BEGIN", "LOCK orders");
        var waiting = await there.WaitingAsync("waits", "SELECT FROM orders");

        Assert.Empty(await here.ReadAsync());
        var edge = Assert.Single(await here.ReadAsync(new LockTreeOptions()), e => e.BlockedPid == waiting.ProcessID);
        Assert.Equal(there.Target.Database, edge.Blocked.Database);
        Assert.Null(edge.Relation);
        Assert.Matches($"^relation \\d+ of database {there.Target.Database}$", edge.LockedObject);
    }

    [Fact]
    public async Task A_row_of_another_database_is_not_named_after_a_table_of_ours()
    {
        await using var here = await BlockingScene.BeginAsync();
        await using var there = await BlockingScene.BeginAsync();
        await there.SessionAsync("holder", "BEGIN", Update + 1);
        var waiting = await there.WaitingAsync("waits", Update + 1);

        var edge = Assert.Single(await here.ReadAsync(new LockTreeOptions()), e => e.BlockedPid == waiting.ProcessID);
        Assert.Matches($"^a row of relation \\d+ of database {there.Target.Database}$", edge.LockedObject);
    }

    [Fact]
    public async Task Queries_are_cut_unless_all_is_wanted()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var query = $"SELECT '{new string('é', 400)}' FROM orders";
        await scene.SessionAsync("holder", "BEGIN", "LOCK orders");
        await scene.WaitingAsync("waits", query);

        Assert.Equal(query[..197] + "...", Assert.Single(await scene.ReadAsync()).Blocked.Query);
        Assert.Equal(query, Assert.Single(await scene.ReadAsync(new LockTreeOptions { OnlyThisDatabase = true, FullQueries = true })).Blocked.Query);
    }

    [Fact]
    public async Task A_role_without_rights_sees_who_and_is_told_what_it_lacks()
    {
        await using var scene = await BlockingScene.BeginAsync();
        var role = "plain_" + scene.Target.Database;
        await scene.Target.RunAsync($"CREATE ROLE {role} LOGIN PASSWORD 'secret'", $"CREATE ROLE {role}_app LOGIN PASSWORD 'secret'",
            $"GRANT ALL ON orders TO {role}, {role}_app");
        var holder = await scene.SessionAsAsync(role + "_app", "holder", "BEGIN", "UPDATE orders SET note = 'y'");
        await scene.WaitingAsync("waits", Update + 1);
        await using var plain = await scene.SessionAsAsync(role, "plain");

        var edge = Assert.Single(await LockTree.ReadAsync(plain, new LockTreeOptions { OnlyThisDatabase = true }, CancellationToken.None));
        Assert.Equal((holder.ProcessID, SessionKind.Hidden, false), (edge.BlockingPid, edge.Blocking.Kind, edge.Blocking.MaySignal));
        Assert.Null(edge.Blocking.Query);
        Assert.Contains("pg_monitor", edge.Blocking.AdviceReason, StringComparison.Ordinal);

        // With pg_monitor it sees; with pg_signal_backend it may end what no superuser owns.
        await scene.Target.RunAsync($"GRANT pg_monitor TO {role}");
        edge = Assert.Single(await LockTree.ReadAsync(plain, new LockTreeOptions { OnlyThisDatabase = true }, CancellationToken.None));
        Assert.Equal((SessionKind.IdleInTransaction, false, BlockerAdvice.Refuse), (edge.Blocking.Kind, edge.Blocking.MaySignal, edge.Advice));
        await scene.Target.RunAsync($"GRANT pg_signal_backend TO {role}");
        edge = Assert.Single(await LockTree.ReadAsync(plain, new LockTreeOptions { OnlyThisDatabase = true }, CancellationToken.None));
        Assert.Equal((true, false, BlockerAdvice.Terminate), (edge.Blocking.MaySignal, edge.Blocked.MaySignal, edge.Advice));
        Assert.Contains("superuser postgres", edge.Blocked.AdviceReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reading_is_cancelled_at_the_server()
    {
        await using var scene = await BlockingScene.BeginAsync();
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => LockTree.ReadAsync(scene.Observer, new LockTreeOptions(), stop.Token));
    }
}
