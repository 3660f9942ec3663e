using System.Management.Automation;
using DbMigrate.Commands;
using DbMigrate.Testing;
using Npgsql;

namespace DbMigrate.PowerShell.Tests;

/// <summary>The cmdlets that look at a running database, with the real engine.</summary>
public sealed class ActivityCommandTests : IAsyncLifetime
{
    private DbTarget _target = null!;

    public ActivityCommandTests() => CommandRun.NewSession();

    public async Task InitializeAsync()
    {
        _target = await SandboxFixture.NewDatabaseAsync();
        await _target.RunAsync(
            "CREATE TABLE small (id int)",
            "CREATE TABLE orders WITH (autovacuum_enabled = off) AS SELECT generate_series(1, 5000) AS id",
            "DELETE FROM orders WHERE id > 1000");

        // The server counts what a session has removed a while after.
        await Eventually.IsTrueAsync(() => _target.ScalarAsync<bool>("SELECT pg_stat_get_dead_tuples('orders'::regclass) = 4000"));
        await _target.OldSnapshotsEndAsync();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Activity_is_one_object_and_obeys_the_time()
    {
        await using var idle = await _target.ConnectAsync();
        await using var begin = new NpgsqlCommand("BEGIN", idle);
        await begin.ExecuteNonQueryAsync();

        var activity = Assert.IsType<DbActivity>(Assert.Single(new GetDbActivityCommand { Target = _target, OlderThan = TimeSpan.Zero }.Run().Output));
        Assert.Equal(idle.ProcessID, Assert.Single(activity.IdleInTransaction).ProcessId);
        activity = Assert.IsType<DbActivity>(Assert.Single(new GetDbActivityCommand { Target = _target }.Run().Output));
        Assert.Empty(activity.IdleInTransaction);
    }

    [Fact]
    public void Sizes_are_filtered_and_cut()
    {
        Assert.Equal(["public.orders", "public.small"], Sizes(new GetDbTableSizeCommand { Target = _target }));
        Assert.Equal(["public.orders"], Sizes(new GetDbTableSizeCommand { Target = _target, First = 1 }));
        Assert.Equal(["public.small"], Sizes(new GetDbTableSizeCommand { Target = _target, First = 1, Name = ["SM*", "nothing"] }));
        Assert.Equal(["public.orders", "public.small"], Sizes(new GetDbTableSizeCommand { Target = _target, Name = ["public.*"] }));
    }

    [Fact]
    public async Task What_if_asks_and_writes_nothing()
    {
        var runtime = Vacuum("orders", "small").Run(new RecordingRuntime { WhatIf = true });
        Assert.Equal([$"VACUUM public.orders on {_target}", $"VACUUM public.small on {_target}"], runtime.Questions);
        Assert.Empty(runtime.Output);

        var full = Vacuum("orders");
        full.Full = true;
        var question = Assert.Single(full.Run(new RecordingRuntime { WhatIf = true }).Questions);
        Assert.Matches(@"^VACUUM \(FULL\) public\.orders, which keeps everybody out of it and needs up to [0-9.]+ kB of free disk for the copy on ", question);
        Assert.Equal(0, await VacuumsAsync());
        Assert.Equal(4000, Assert.Single(new GetDbTableSizeCommand { Target = _target, First = 1 }.Run().Output.Cast<DbTableSize>()).DeadRows);
    }

    [Fact]
    public async Task A_table_that_cannot_be_done_keeps_nobody_from_the_others()
    {
        var runtime = Vacuum("nothing", "orders").Run();

        Assert.Equal("DbMigrate.TableNotFound", Assert.Single(runtime.Errors).FullyQualifiedErrorId);
        var result = Assert.IsType<DbVacuumResult>(Assert.Single(runtime.Output));
        Assert.Equal(("public.orders", 4000L, 0L), (result.Table, result.DeadRowsBefore, result.DeadRowsAfter));
        Assert.Contains(runtime.Verbose, line => line.Contains("orders", StringComparison.Ordinal));
        Assert.Equal(1, await VacuumsAsync());
    }

    [Fact]
    public async Task Full_needs_a_yes()
    {
        var file = await FileAsync();
        var cmdlet = Vacuum("orders");
        cmdlet.Full = true;
        var runtime = cmdlet.Run();
        Assert.Equal("DbMigrate.FullNotConfirmed", Assert.Single(runtime.Errors).FullyQualifiedErrorId);
        Assert.Contains("-Confirm:$false", runtime.Errors[0].ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Empty(runtime.Output);
        Assert.Equal(file, await FileAsync());

        cmdlet = Vacuum("orders");
        cmdlet.Full = true;
        cmdlet.MyInvocation.BoundParameters["Confirm"] = false;
        Assert.Equal("VACUUM (FULL)", Assert.IsType<DbVacuumResult>(Assert.Single(cmdlet.Run().Output)).Command);
        Assert.NotEqual(file, await FileAsync());
    }

    [Fact]
    public async Task The_switches_reach_the_server()
    {
        var cmdlet = Vacuum("orders");
        cmdlet.AnalyzeOnly = true;
        Assert.Equal("ANALYZE", Assert.IsType<DbVacuumResult>(Assert.Single(cmdlet.Run().Output)).Command);
        cmdlet = Vacuum("orders");
        cmdlet.Analyze = true;
        Assert.Equal("VACUUM (ANALYZE)", Assert.IsType<DbVacuumResult>(Assert.Single(cmdlet.Run().Output)).Command);
        Assert.Equal(1, await VacuumsAsync());

        await using var holder = await _target.ConnectAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("LOCK TABLE small IN SHARE MODE", holder, transaction))
        {
            await command.ExecuteNonQueryAsync();
        }

        cmdlet = Vacuum("small");
        cmdlet.LockTimeout = TimeSpan.FromMilliseconds(50);
        var error = Assert.Single(cmdlet.Run().Errors);
        Assert.Equal(("DbMigrate.LockTimeout", ErrorCategory.OperationTimeout), (error.FullyQualifiedErrorId, error.CategoryInfo.Category));
        Assert.Contains($"pid {holder.ProcessID} ", error.ErrorDetails.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_shows_a_bar_and_gives_objects_until_it_is_stopped()
    {
        await using var gate = await _target.ConnectAsync();
        await using var command = new NpgsqlCommand("SELECT pg_advisory_lock(1)", gate);
        await command.ExecuteNonQueryAsync();
        await _target.RunAsync(
            "CREATE FUNCTION gate(id int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN IF id = 500 THEN PERFORM pg_advisory_lock_shared(1); END IF; RETURN id; END'");
        await using var builder = await _target.ConnectAsync();
        await using var build = new NpgsqlCommand("CREATE INDEX i ON orders (gate(id))", builder);
        using var cancel = new CancellationTokenSource();
        var building = build.ExecuteNonQueryAsync(cancel.Token);
        var gated = $"SELECT EXISTS (SELECT FROM pg_locks WHERE pid = {builder.ProcessID} AND locktype = 'advisory' AND NOT granted)";
        await Eventually.IsTrueAsync(() => _target.ScalarAsync<bool>(gated), building);

        var once = new WatchDbProgressCommand { Target = _target, ProcessId = builder.ProcessID, Once = true };
        Assert.Equal("public.orders", Assert.IsType<DbProgress>(Assert.Single(once.Run().Output)).Relation);

        using var watch = new WatchDbProgressCommand { Target = _target, ProcessId = builder.ProcessID, Interval = TimeSpan.FromMilliseconds(20) };
        var runtime = default(RecordingRuntime);
        var running = Task.Run(() => watch.Run(runtime = new RecordingRuntime { OnObject = _ => watch.Stop() }));
        await Assert.ThrowsAsync<PipelineStoppedException>(() => running);
        Assert.Contains(runtime!.Progress, p => p.Status.StartsWith("building index: scanning table", StringComparison.Ordinal));
        Assert.True(runtime.Progress[^1].Completed);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => building);
        Assert.Empty(new WatchDbProgressCommand { Target = _target, ProcessId = builder.ProcessID }.Run().Output);
    }

    private InvokeDbVacuumCommand Vacuum(params string[] tables) => new() { Target = _target, Table = tables };

    private static IEnumerable<string> Sizes(GetDbTableSizeCommand cmdlet) => cmdlet.Run().Output.Cast<DbTableSize>().Select(t => t.Table);

    private Task<long> VacuumsAsync() => _target.ScalarAsync<long>("SELECT sum(pg_stat_get_vacuum_count(oid))::bigint FROM pg_class WHERE relname IN ('orders', 'small')");

    private Task<string?> FileAsync() => _target.ScalarAsync<string>("SELECT pg_relation_filepath('orders')");
}
