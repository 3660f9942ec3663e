using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;
using DbMigrate.Engine.Tests.Targets;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Activity;

public sealed class VacuumTests
{
    private readonly RecordingObserver _observer = new();

    [Fact]
    public async Task Dead_rows_go_and_the_report_says_so()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync("DELETE FROM orders WHERE id > 1000");
        await scene.CountedAsync("orders", "dead", 4000);
        await scene.OldSnapshotsEndAsync();

        var result = await RunAsync(scene.Target, "orders", new VacuumOptions { Analyze = true });

        Assert.Equal(("public.orders", "VACUUM (ANALYZE)"), (result.Table, result.Command));
        Assert.Equal((4000L, 0L), (result.DeadRowsBefore, result.DeadRowsAfter));
        Assert.Equal(800, result.PagesRemoved);
        Assert.True(result.SizeBefore - result.SizeAfter > 790 * 8192, $"{result.SizeBefore} {result.SizeAfter}");
        Assert.Contains(result.Messages, line => line.Contains("public.orders", StringComparison.Ordinal));
        Assert.True(result.Messages.Count > 5 && result.Messages.All(line => line.Length > 0 && !line.Contains('\n')), string.Join('\n', result.Messages));
        Assert.True(result.Duration > TimeSpan.Zero);
        Assert.Same(scene.Target, result.Target);
        Assert.Equal(1000, await scene.Target.ScalarAsync<float>("SELECT reltuples FROM pg_class WHERE relname = 'orders'"));
    }

    [Fact]
    public async Task Full_writes_the_table_anew()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync("ALTER TABLE orders SET (autovacuum_enabled = off)", "DELETE FROM orders WHERE id % 5 <> 0");
        await scene.CountedAsync("orders", "dead", 4000);
        await scene.OldSnapshotsEndAsync();
        var file = await scene.Target.ScalarAsync<string>("SELECT pg_relation_filepath('orders')");

        var result = await RunAsync(scene.Target, "public.orders", new VacuumOptions { Full = true });

        Assert.NotEqual(file, await scene.Target.ScalarAsync<string>("SELECT pg_relation_filepath('orders')"));
        Assert.Equal(("VACUUM (FULL)", 800L, 4000L), (result.Command, result.PagesRemoved, result.DeadRowsBefore));
        Assert.Null(result.DeadRowsAfter);
    }

    [Fact]
    public async Task Analyze_alone_removes_nothing()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync("DELETE FROM orders WHERE id > 1000");
        await scene.CountedAsync("orders", "dead", 4000);
        var result = await RunAsync(scene.Target, "orders", new VacuumOptions { Vacuum = false, Analyze = true });
        Assert.Equal(("ANALYZE", 0L, 4000L), (result.Command, result.PagesRemoved, result.DeadRowsAfter));
        Assert.Equal(1000, await scene.Target.ScalarAsync<float>("SELECT reltuples FROM pg_class WHERE relname = 'orders'"));
    }

    [Fact]
    public async Task A_partitioned_table_is_measured_with_its_partitions()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync(
            "CREATE TABLE events (id int) PARTITION BY RANGE (id)",
            "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (1000) WITH (autovacuum_enabled = off)",
            "CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (1000) TO (3000) WITH (autovacuum_enabled = off)",
            "INSERT INTO events SELECT generate_series(1, 2000)",
            "DELETE FROM events WHERE id <> 1500");
        await scene.CountedAsync("events_1", "dead", 999);
        await scene.CountedAsync("events_2", "dead", 1000);
        await scene.OldSnapshotsEndAsync();
        var result = await RunAsync(scene.Target, "events", new VacuumOptions());
        Assert.Equal((1999L, 0L), (result.DeadRowsBefore, result.DeadRowsAfter));
        Assert.True(result.SizeBefore > 8 * 8192, result.SizeBefore.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task The_name_is_a_name_and_nothing_else()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync("""CREATE TABLE "Odd; DROP TABLE orders" (id int)""");
        Assert.Equal("public.\"Odd; DROP TABLE orders\"", (await RunAsync(scene.Target, """ "Odd; DROP TABLE orders" """, new VacuumOptions())).Table);
        foreach (var name in new[] { "nothing", "no.where", "a b", "orders; SELECT 1", "", "a.b.c.d", "orders(id)" })
        {
            Assert.Equal(("TableNotFound", ErrorKind.NotFound), await RefuseAsync(scene.Target, name));
        }

        await scene.Target.RunAsync("CREATE INDEX orders_id ON orders (id)", "CREATE VIEW v AS SELECT 1");
        Assert.Equal(("NotATable", ErrorKind.InvalidArgument), await RefuseAsync(scene.Target, "orders_id"));
        Assert.Equal(("NotATable", ErrorKind.InvalidArgument), await RefuseAsync(scene.Target, "v"));
        Assert.Equal(5000, await scene.Target.ScalarAsync<long>("SELECT count(*) FROM orders"));
    }

    [Fact]
    public async Task A_role_that_may_not_is_told_who_may()
    {
        await using var scene = await Scene.CreateAsync();
        var role = "plain_" + scene.Target.Database;
        await scene.Target.RunAsync($"CREATE ROLE {role} LOGIN PASSWORD 'x'", $"GRANT ALL ON orders TO {role}", $"REVOKE ALL ON orders FROM {role}");
        var target = As(scene.Target, role);
        Assert.Equal(("NoVacuumPrivilege", ErrorKind.Permission), await RefuseAsync(target, "orders"));

        if ((await SandboxFixture.ServerAsync()).ServerVersion.Major >= 17)
        {
            await scene.Target.RunAsync($"GRANT MAINTAIN ON orders TO {role}");
            Assert.Equal("public.orders", (await RunAsync(target, "orders", new VacuumOptions())).Table);
            await scene.Target.RunAsync($"REVOKE MAINTAIN ON orders FROM {role}");
        }

        await scene.Target.RunAsync($"ALTER DATABASE {scene.Target.Database} OWNER TO {role}");
        Assert.Equal("public.orders", (await RunAsync(target, "orders", new VacuumOptions())).Table);

        // Taken away between the look and the deed: PostgreSQL says it in a warning and does nothing.
        foreach (var options in new[] { new VacuumOptions(), new VacuumOptions { Full = true } })
        {
            await using var session = await OpenAsync(target);
            var plan = await Vacuum.PlanAsync(session, "orders", options, CancellationToken.None);
            await scene.Target.RunAsync($"ALTER DATABASE {scene.Target.Database} OWNER TO postgres");
            var refused = await Assert.ThrowsAsync<DbMigrateException>(() => Vacuum.RunAsync(session, plan, _observer, CancellationToken.None));
            Assert.Equal("NoVacuumPrivilege", refused.Id);
            await scene.Target.RunAsync($"ALTER DATABASE {scene.Target.Database} OWNER TO {role}");
        }
    }

    [Fact]
    public async Task It_is_done_also_when_the_table_cannot_be_looked_at_afterwards()
    {
        await using var scene = await Scene.CreateAsync();

        // The time limit of the locks is not for the gate.
        await scene.Target.RunAsync("CREATE INDEX i ON orders (gate(id))", "ALTER FUNCTION gate SET lock_timeout = 0");
        var file = await scene.Target.ScalarAsync<string>("SELECT pg_relation_filepath('orders')");
        await scene.CloseGateAsync();
        await using var session = await OpenAsync(scene.Target);
        var plan = await Vacuum.PlanAsync(session, "orders", new VacuumOptions { Full = true, LockTimeout = TimeSpan.FromMilliseconds(300) }, CancellationToken.None);
        var running = Vacuum.RunAsync(session, plan, _observer, CancellationToken.None);
        await scene.WaitForGateAsync(session.ProcessId);
        var (next, locking) = await scene.StartAsync("BEGIN", "LOCK TABLE orders");
        await Scene.WaitForAsync(
            () => scene.Target.ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM pg_locks WHERE pid = {next} AND locktype = 'relation' AND NOT granted)"), waits => waits);

        await scene.OpenGateAsync();
        var result = await running;

        await locking;
        Assert.Equal(("public.orders", "VACUUM (FULL)"), (result.Table, result.Command));
        Assert.True(result.SizeBefore > 0);
        Assert.Equal((null, null, null), (result.SizeAfter, result.DeadRowsAfter, result.PagesRemoved));
        Assert.NotEqual(file, await scene.Target.ScalarAsync<string>("SELECT pg_relation_filepath('orders')"));
        var warning = Assert.Single(_observer.Texts(MessageLevel.Warning));
        Assert.StartsWith("VACUUM (FULL) of public.orders is done, but its size and dead rows afterwards are not known: ", warning, StringComparison.Ordinal);
        Assert.Contains($"locked for 300 ms by pid {next} ", warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "LOCK TABLE orders IN SHARE MODE")]
    [InlineData(false, "LOCK TABLE orders")]
    [InlineData(true, "SELECT count(*) FROM orders")]
    public async Task Whoever_holds_a_lock_too_long_is_named(bool full, string statement)
    {
        await using var scene = await Scene.CreateAsync();
        await using var holder = await scene.SessionAsync("BEGIN", statement);
        await using var bystander = await scene.SessionAsync("BEGIN", "SELECT 1");

        var options = new VacuumOptions { Full = full, LockTimeout = TimeSpan.FromMilliseconds(100) };
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => RunAsync(scene.Target, "orders", options));

        Assert.Equal("LockTimeout", error.Id);
        Assert.Contains($"public.orders stayed locked for 100 ms by pid {holder.ProcessID} (user postgres, application DbMigrate", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain($"pid {bystander.ProcessID} ", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Behind_a_pooler_it_is_told_whom_it_waits_for()
    {
        Skip.IfNot(Pooler.IsInstalled, "SKIPPED: pgbouncer is not installed, so no pooler was tried.");
        await using var scene = await Scene.CreateAsync();
        await using var pooler = await Pooler.StartAsync(scene.Target, "session");
        await using var holder = await scene.SessionAsync("BEGIN", "LOCK TABLE orders IN SHARE MODE");

        var running = RunAsync(pooler.Target, "orders", new VacuumOptions { LockTimeout = TimeSpan.FromMinutes(1) });
        await Scene.WaitForAsync(
            () => Task.FromResult(_observer.ProgressReports),
            reports => reports.Any(r => r.Activity == "Waiting for a lock" && r.Status.StartsWith($"held by pid {holder.ProcessID} ", StringComparison.Ordinal)));

        await holder.DisposeAsync();
        await running;
    }

    [Fact]
    public async Task A_table_that_was_dropped_meanwhile_is_missed()
    {
        await using var scene = await Scene.CreateAsync();
        await using var session = await OpenAsync(scene.Target);
        var plan = await Vacuum.PlanAsync(session, "orders", new VacuumOptions(), CancellationToken.None);
        await scene.Target.RunAsync("DROP TABLE orders");
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => Vacuum.RunAsync(session, plan, _observer, CancellationToken.None));
        Assert.Equal("TableNotFound", error.Id);
    }

    [Fact]
    public async Task A_reader_does_not_stop_a_plain_vacuum()
    {
        await using var scene = await Scene.CreateAsync();
        await using var reader = await scene.SessionAsync("BEGIN", "SELECT count(*) FROM orders");
        Assert.Equal("VACUUM", (await RunAsync(scene.Target, "orders", new VacuumOptions { LockTimeout = TimeSpan.FromMilliseconds(100) })).Command);
    }

    [Fact]
    public async Task Progress_is_shown_and_cancelling_reaches_the_server()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync("CREATE INDEX i ON orders (gate(id))");
        await scene.CloseGateAsync();
        using var cancel = new CancellationTokenSource();
        await using var session = await OpenAsync(scene.Target);
        var plan = await Vacuum.PlanAsync(session, "orders", new VacuumOptions { Full = true }, CancellationToken.None);
        var running = Vacuum.RunAsync(session, plan, _observer, cancel.Token);
        await Scene.WaitForAsync(
            () => Task.FromResult(_observer.ProgressReports), reports => reports.Any(r => r.Activity == "VACUUM FULL on public.orders" && r.Status.StartsWith("rebuilding index", StringComparison.Ordinal)));

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(0, await scene.Target.ScalarAsync<long>($"SELECT count(*) FROM pg_stat_activity WHERE pid = {session.ProcessId} AND state = 'active'"));
        Assert.Equal(0, await scene.Target.ScalarAsync<long>("SELECT count(*) FROM pg_locks WHERE relation = 'orders'::regclass AND mode = 'AccessExclusiveLock'"));
    }

    private async Task<DbVacuumResult> RunAsync(DbTarget target, string table, VacuumOptions options)
    {
        await using var session = await OpenAsync(target);
        var plan = await Vacuum.PlanAsync(session, table, options, CancellationToken.None);
        return await Vacuum.RunAsync(session, plan, _observer, CancellationToken.None);
    }

    private async Task<(string Id, ErrorKind Kind)> RefuseAsync(DbTarget target, string table)
    {
        await using var session = await OpenAsync(target);
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => Vacuum.PlanAsync(session, table, new VacuumOptions(), CancellationToken.None));
        return (error.Id, error.Kind);
    }

    private Task<DbSession> OpenAsync(DbTarget target) =>
        DbSession.OpenAsync(target, _observer, CancellationToken.None);

    private static DbTarget As(DbTarget target, string role)
    {
        var settings = new NpgsqlConnectionStringBuilder(target.ConnectionString) { Username = role, Password = "x" };
        return new DbTarget(settings.ConnectionString) { Host = target.Host, Port = target.Port, Database = target.Database, User = role, Source = "test" };
    }
}
