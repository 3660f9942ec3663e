using DbMigrate.Engine.Migrations;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Migrations;

/// <summary>A cancel is meant for a statement, and hits whatever runs when it arrives: here what follows a migration that is already kept.</summary>
public sealed class LateCancelTests : IAsyncLifetime, IDisposable
{
    private static readonly RunOptions Options = new() { LockTimeout = TimeSpan.FromMinutes(1), LockRetries = 0 };

    private readonly TemporaryMigrations _folder = new(MigrationFormat.Sqlx);
    private readonly RecordingObserver _observer = new();
    private DbTarget _target = null!;

    public async Task InitializeAsync()
    {
        _target = await SandboxFixture.NewDatabaseAsync();
        await _target.RunAsync(
            "CREATE SCHEMA late", "CREATE SEQUENCE late.calls", $"ALTER DATABASE {_target.Database} SET search_path = late, pg_catalog, public");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_committed_is_applied_and_the_run_goes_on()
    {
        _folder.Add(1, "first", ["CREATE TABLE public.first (id int)"]).Add(2, "second", ["CREATE TABLE public.second (id int)"]);
        await DelayAsync("pg_current_wal_insert_lsn() RETURNS pg_lsn", "to_regclass('public.first') IS NOT NULL", "pg_current_wal_insert_lsn()");

        var run = ApplyAsync();
        await HitAsync("pg_cancel_backend", "%dbmigrate_marker%", run);

        Assert.Equal([MigrationOutcome.Applied, MigrationOutcome.Applied], (await run).Select(r => r.Outcome));
        Assert.All(await run, r => Assert.Equal((1, 1), (r.Statements, r.Attempts)));
    }

    [Fact]
    public async Task What_was_committed_is_undone()
    {
        _folder.Add(1, "first", ["CREATE TABLE public.first (id int)"], ["DROP TABLE public.first"]);
        await ApplyAsync();
        await DelayAsync("pg_current_wal_insert_lsn() RETURNS pg_lsn", "to_regclass('public.first') IS NULL", "pg_current_wal_insert_lsn()");

        var run = UndoAsync();
        await HitAsync("pg_cancel_backend", "%dbmigrate_marker%", run);

        Assert.Equal(MigrationOutcome.Undone, Assert.Single(await run).Outcome);
    }

    [Theory]
    [InlineData("CREATE TABLE public.first (id int)")]
    [InlineData("-- no-transaction\nCREATE TABLE public.first (id int)")]
    public async Task The_next_one_finds_the_session_as_it_should_be(string first)
    {
        _folder.Add(1, "first", [first, "SET search_path = other"]).Add(2, "second", ["CREATE TABLE public.path AS SELECT current_setting('search_path') AS value"]);
        await DelayAsync("set_config(text, text, boolean) RETURNS text", "to_regclass('public.first') IS NOT NULL", "set_config($1, $2, $3)");

        var run = ApplyAsync();
        await HitAsync("pg_cancel_backend", "%set_config%", run);

        Assert.Equal([MigrationOutcome.Applied, MigrationOutcome.Applied], (await run).Select(r => r.Outcome));
        Assert.Equal("late, pg_catalog, public", await _target.ScalarAsync<string>("SELECT value FROM public.path"));
    }

    [Fact]
    public async Task A_statement_of_its_own_that_has_ended_is_known_to_have()
    {
        _folder.Add(1, "first", ["-- no-transaction\nCALL public.work()"]);
        await _target.RunAsync("CREATE TABLE public.done (id int)", "CREATE PROCEDURE public.work() AS $$ BEGIN INSERT INTO public.done VALUES (1); COMMIT; PERFORM pg_sleep(1); END $$ LANGUAGE plpgsql");
        var run = ApplyAsync();
        await Eventually.IsTrueAsync(async () => await _target.ScalarAsync<long>("SELECT count(*) FROM public.done") == 1, run);
        await using (var other = await _target.ConnectAsync())
        {
            await using var transaction = await other.BeginTransactionAsync();
            await using var command = new NpgsqlCommand("LOCK TABLE dbmigrate.progress IN EXCLUSIVE MODE", other, transaction);
            await command.ExecuteNonQueryAsync();
            await HitAsync("pg_cancel_backend", "UPDATE dbmigrate.progress%", run);
        }

        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await run).Outcome);
        Assert.Equal(1, await _target.ScalarAsync<long>("SELECT count(*) FROM public.done"));
    }

    [Fact]
    public async Task A_session_that_is_ended_behind_the_COMMIT_fails_the_next_migration_only()
    {
        _folder.Add(1, "first", ["CREATE TABLE public.first (id int)"]).Add(2, "second", ["CREATE TABLE public.second (id int)"]);
        await DelayAsync("pg_current_wal_insert_lsn() RETURNS pg_lsn", "to_regclass('public.first') IS NOT NULL", "pg_current_wal_insert_lsn()");

        var run = ApplyAsync();
        await HitAsync("pg_terminate_backend", "%dbmigrate_marker%", run);

        var error = await Assert.ThrowsAsync<MigrationFailedException>(() => run);
        Assert.Equal("ConnectionLost", error.Id);
        Assert.Equal([MigrationOutcome.Applied, MigrationOutcome.Failed], error.Results.Select(r => r.Outcome));
        Assert.Equal([MigrationOutcome.Applied], (await ApplyAsync()).Select(r => r.Outcome));
    }

    /// <summary>Puts a function before the server's own, one that takes long the first time that it is called under a condition.</summary>
    private Task DelayAsync(string signature, string condition, string body) => _target.RunAsync(
        $"CREATE FUNCTION late.{signature} AS $$ BEGIN IF {condition} AND nextval('late.calls') = 1 THEN PERFORM pg_sleep(50); END IF; "
            + $"RETURN pg_catalog.{body}; END $$ LANGUAGE plpgsql");

    /// <summary>Waits until the run is at a statement for some time, and cancels it or ends its session.</summary>
    private async Task HitAsync(string function, string statement, Task run)
    {
        var hit = $"SELECT count({function}(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' "
            + $"AND query LIKE '{statement}' AND pg_catalog.clock_timestamp() - query_start > interval '200 ms'";
        await Eventually.IsTrueAsync(async () => await _target.ScalarAsync<long>(hit) > 0, run);
    }

    private async Task<List<MigrationResult>> ApplyAsync()
    {
        await using var project = await OpenAsync();
        var plan = await project.PlanApplyAsync(new MigrationSelection(), Options, CancellationToken.None);
        return await ListAsync(project.ApplyAsync(plan, Options, CancellationToken.None));
    }

    private async Task<List<MigrationResult>> UndoAsync()
    {
        await using var project = await OpenAsync();
        var plan = await project.PlanUndoAsync(new MigrationSelection(), Options, CancellationToken.None);
        return await ListAsync(project.UndoAsync(plan, Options, CancellationToken.None));
    }

    private Task<MigrationProject> OpenAsync() =>
        MigrationProject.OpenAsync(new MigrationSource(_folder.Path, _folder.Format), _target, _observer, CancellationToken.None);

    private static async Task<List<MigrationResult>> ListAsync(IAsyncEnumerable<MigrationResult> results)
    {
        var list = new List<MigrationResult>();
        await foreach (var result in results)
        {
            list.Add(result);
        }

        return list;
    }
}
