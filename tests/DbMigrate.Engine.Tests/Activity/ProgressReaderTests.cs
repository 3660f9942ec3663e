using DbMigrate.Engine.Activity;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Engine.Tests.Activity;

public sealed class ProgressReaderTests
{
    [Fact]
    public async Task Nothing_is_in_progress()
    {
        await using var scene = await Scene.CreateAsync();
        await using var session = await scene.SessionAsync("SELECT 1");
        Assert.Empty(await ReadAsync(scene, session.ProcessID));
    }

    [Fact]
    public async Task An_index_build_is_seen_block_by_block()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.CloseGateAsync();
        var (process, work) = await scene.StartAsync("""CREATE INDEX CONCURRENTLY "Odd name" ON orders (gate(id))""");
        await scene.WaitForGateAsync(process);

        var seen = await SeeAsync(scene, process, p => p.Phase == "building index: scanning table" && p.Done > 0);

        Assert.Equal(("CREATE INDEX CONCURRENTLY", "public.orders", "public.\"Odd name\""), (seen.Command, seen.Relation, seen.Index));
        Assert.Equal(("blocks", 1000L), (seen.Unit, seen.Total));
        Assert.InRange(seen.Percent!.Value, 40, 51);
        Assert.Equal(scene.Target.Database, seen.Database);
        Assert.InRange((seen.At - seen.StartedAt!.Value).TotalMinutes, 0, 3);
        Assert.NotNull(seen.BackendStart);
        Assert.Null(seen.CurrentLocker);

        await scene.OpenGateAsync();
        await work;
        Assert.Empty(await ReadAsync(scene, process));
    }

    [Fact]
    public async Task The_session_that_an_index_waits_for_is_named()
    {
        await using var scene = await Scene.CreateAsync();
        await using var reader = await scene.SessionAsync(
            "SET application_name = 'report'", "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM pg_class");
        var (process, _) = await scene.StartAsync("CREATE INDEX CONCURRENTLY i ON orders (id)");

        var seen = await SeeAsync(scene, process, p => p.Phase == "waiting for old snapshots" && p.CurrentLocker?.ProcessId == reader.ProcessID);

        // A snapshot of ours, or of autovacuum, may have been counted in passing.
        Assert.Equal("sessions", seen.Unit);
        Assert.True(seen.LockersTotal > seen.LockersDone, $"{seen.LockersDone} of {seen.LockersTotal}");
        var locker = seen.CurrentLocker!;
        Assert.Equal((reader.ProcessID, "report", "idle in transaction"), (locker.ProcessId, locker.Application, locker.State));
        Assert.Equal("SELECT count(*) FROM pg_class", locker.Query);
        Assert.Contains($"waits for pid {reader.ProcessID} (user postgres, application report, client 127.0.0.1, idle in transaction for ", seen.Status(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_vacuum_is_seen_block_by_block()
    {
        await using var scene = await Scene.CreateAsync();
        var (process, _) = await scene.StartAsync("SET vacuum_cost_limit = 1", "SET vacuum_cost_delay = 100", "VACUUM orders");

        var seen = await SeeAsync(scene, process, p => p.Phase == "scanning heap" && p.Done > 0);

        Assert.Equal(("VACUUM", "public.orders", "blocks", 1000L), (seen.Command, seen.Relation, seen.Unit, seen.Total));
        Assert.InRange(seen.Percent!.Value, 0.1, 99);
    }

    [Fact]
    public async Task A_rewrite_and_its_index_are_seen()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync("CREATE INDEX i ON orders (gate(id))");
        await scene.CloseGateAsync();
        var (process, _) = await scene.StartAsync("VACUUM FULL orders");

        // The server reports the build of the index under CLUSTER; its counter goes up after each index.
        var seen = await SeeAsync(scene, process, p => p.Phase == "rebuilding index");

        Assert.Equal(("VACUUM FULL", "public.orders", "indexes", 0L), (seen.Command, seen.Relation, seen.Unit, seen.Done));
        Assert.Null(seen.Percent);
    }

    [SkippableFact]
    public async Task An_analyze_is_seen()
    {
        await SkipBeforeAsync(13);
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync("CREATE INDEX i ON orders (gate(id))");
        await scene.CloseGateAsync();
        var (process, _) = await scene.StartAsync("ANALYZE orders");

        var seen = await SeeAsync(scene, process, p => p.Phase == "computing statistics");
        Assert.Equal(("ANALYZE", "public.orders"), (seen.Command, seen.Relation));
    }

    [SkippableFact]
    public async Task A_copy_is_seen_row_by_row()
    {
        await SkipBeforeAsync(14);
        await using var scene = await Scene.CreateAsync();
        await using var session = await scene.SessionAsync("CREATE TABLE copied (line text)");
        await using var copy = await session.BeginTextImportAsync("COPY copied FROM STDIN");
        await copy.WriteAsync(string.Concat(Enumerable.Repeat("line\n", 50_000)));
        await copy.FlushAsync();

        var seen = await SeeAsync(scene, session.ProcessID, p => p.Done > 0);

        Assert.Equal(("COPY FROM", "public.copied", "pipe", "rows"), (seen.Command, seen.Relation, seen.Phase, seen.Unit));
        Assert.Null(seen.Total);
        Assert.Null(seen.Percent);
    }

    [Fact]
    public async Task A_role_that_may_not_see_others_learns_that_something_runs()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.CloseGateAsync();
        var (process, _) = await scene.StartAsync("CREATE INDEX ON orders (gate(id))");
        await SeeAsync(scene, process, p => p.Done > 0);
        var role = "nobody_" + scene.Target.Database;
        await using var session = await scene.SessionAsync($"CREATE ROLE {role}", $"SET ROLE {role}");

        var seen = Assert.Single(await ProgressReader.ReadAsync(session, process, CancellationToken.None));
        Assert.Equal((process, "CREATE INDEX", scene.Target.Database), (seen.ProcessId, seen.Command, seen.Database));
        Assert.Null(seen.Phase);
        Assert.Null(seen.Relation);
        Assert.Null(seen.StartedAt);
    }

    /// <summary>Which columns there are depends on the version; a server of each would be needed to run them all.</summary>
    [Theory]
    [InlineData(12, false, false, false)]
    [InlineData(13, true, false, false)]
    [InlineData(16, true, true, false)]
    [InlineData(17, true, true, true)]
    [InlineData(18, true, true, true)]
    public void Only_views_and_columns_of_the_version_are_asked(int version, bool analyze, bool copy, bool indexes)
    {
        var query = ProgressViews.Query(version);
        Assert.Equal(
            (analyze, analyze, copy, indexes),
            (query.Contains("pg_stat_progress_analyze", StringComparison.Ordinal), query.Contains("pg_stat_progress_basebackup", StringComparison.Ordinal),
                query.Contains("pg_stat_progress_copy", StringComparison.Ordinal), query.Contains("indexes_processed", StringComparison.Ordinal)));
    }

    private static async Task<DbProgress> SeeAsync(Scene scene, int process, Func<DbProgress, bool> isIt)
    {
        await using var connection = await scene.Target.ConnectAsync();
        var seen = await Scene.WaitForAsync(
            () => ProgressReader.ReadAsync(connection, process, CancellationToken.None), list => list.Any(isIt));
        return Assert.Single(seen);
    }

    private static async Task<IReadOnlyList<DbProgress>> ReadAsync(Scene scene, int process)
    {
        await using var connection = await scene.Target.ConnectAsync();
        return await ProgressReader.ReadAsync(connection, process, CancellationToken.None);
    }

    private static async Task SkipBeforeAsync(int version) => Skip.If(
        (await SandboxFixture.ServerAsync()).ServerVersion.Major < version, $"SKIPPED: PostgreSQL {version} or newer is needed.");
}
