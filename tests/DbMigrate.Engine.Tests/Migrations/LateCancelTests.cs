using DbMigrate.Engine.Migrations;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Engine.Tests.Migrations;

/// <summary>
/// A cancel is meant for a statement, and hits whatever runs when it arrives; so does the end of a session. Here it is what follows a migration that is already
/// kept: a function of the same name, ahead in the search path, makes that take long.
/// </summary>
public sealed class LateCancelTests : IAsyncLifetime, IDisposable
{
    private const string Cancel = "pg_cancel_backend";
    private const string Terminate = "pg_terminate_backend";
    private const string Lsn = "pg_current_wal_insert_lsn()";

    private static readonly RunOptions s_options = new() { LockTimeout = TimeSpan.FromMinutes(1), LockRetries = 0 };

    // Here it arrives behind the row that ends the first migration, and before the end of the statement that gave it.
    private static readonly string[] s_firstWithDelayBehindRow =
    [
        "CREATE TABLE public.first (id int)",
        "CREATE FUNCTION late.wait() RETURNS boolean AS $$ BEGIN IF nextval('late.calls') = 1 THEN PERFORM pg_sleep(50); END IF; RETURN false; END $$ LANGUAGE plpgsql",
        $"CREATE FUNCTION late.{Lsn} RETURNS SETOF pg_lsn AS $$ SELECT pg_catalog.{Lsn} UNION ALL SELECT NULL::pg_lsn WHERE late.wait() $$ LANGUAGE sql VOLATILE",
    ];

    private readonly TemporaryMigrations _folder = new(MigrationFormat.Sqlx);
    private DbTarget _target = null!;

    public async Task InitializeAsync()
    {
        _target = await SandboxFixture.NewDatabaseAsync();
        await _target.RunAsync(
            "CREATE SCHEMA late", "CREATE SEQUENCE late.calls", $"ALTER DATABASE {_target.Database} SET search_path = late, pg_catalog, public");
        _folder.Add(1, "first", ["CREATE TABLE public.first (id int)"], ["DROP TABLE public.first"]);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_committed_is_applied_and_the_run_goes_on()
    {
        AddSecond();
        await DelayAsync($"{Lsn} RETURNS pg_lsn", "to_regclass('public.first') IS NOT NULL", Lsn);

        var run = ApplyAsync();
        await HitAsync(Cancel, "%dbmigrate_marker%", run);

        Assert.Equal([MigrationOutcome.Applied, MigrationOutcome.Applied], (await run).Select(r => r.Outcome));
        Assert.All(await run, r => Assert.Equal((1, 1), (r.Statements, r.Attempts)));
    }

    [Fact]
    public async Task What_was_committed_is_undone()
    {
        await ApplyAsync();
        await DelayAsync($"{Lsn} RETURNS pg_lsn", "to_regclass('public.first') IS NULL", Lsn);

        var run = _folder.UndoAsync(_target, s_options);
        await HitAsync(Cancel, "%dbmigrate_marker%", run);

        Assert.Equal(MigrationOutcome.Undone, Assert.Single(await run).Outcome);
    }

    [Fact]
    public async Task Behind_the_row_that_ends_the_last_one_nothing_fails()
    {
        _folder.Add(1, "first", s_firstWithDelayBehindRow);

        var run = ApplyAsync();
        await HitAsync(Cancel, "%dbmigrate_marker%", run);

        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await run).Outcome);
    }

    [Theory]
    [InlineData(Cancel)]
    [InlineData(Terminate)]
    public async Task Behind_the_row_that_ends_another_the_next_one_fails(string function)
    {
        _folder.Add(1, "first", s_firstWithDelayBehindRow);
        AddSecond();

        var run = ApplyAsync();
        await HitAsync(function, "%dbmigrate_marker%", run);

        var error = await Assert.ThrowsAsync<MigrationFailedException>(() => run);
        Assert.Equal([MigrationOutcome.Applied, MigrationOutcome.Failed], error.Results.Select(r => r.Outcome));
        Assert.False(await _target.ScalarAsync<bool>("SELECT to_regclass('public.second') IS NOT NULL"));
    }

    [Theory]
    [InlineData("CREATE TABLE public.first (id int)")]
    [InlineData("-- no-transaction\nCREATE TABLE public.first (id int)")]
    public async Task The_next_one_finds_the_session_as_it_should_be(string first)
    {
        _folder.Add(1, "first", [first, "SET search_path = other"]).Add(2, "second", ["CREATE TABLE public.path AS SELECT current_setting('search_path') AS value"]);
        await DelayAsync("set_config(text, text, boolean) RETURNS text", "to_regclass('public.first') IS NOT NULL", "set_config($1, $2, $3)");

        var run = ApplyAsync();
        await HitAsync(Cancel, "%set_config%", run);

        Assert.Equal([MigrationOutcome.Applied, MigrationOutcome.Applied], (await run).Select(r => r.Outcome));
        Assert.Equal("late, pg_catalog, public", await _target.ScalarAsync<string>("SELECT value FROM public.path"));
    }

    [Fact]
    public async Task A_session_that_is_ended_behind_the_COMMIT_fails_the_next_migration_only()
    {
        AddSecond();
        await DelayAsync($"{Lsn} RETURNS pg_lsn", "to_regclass('public.first') IS NOT NULL", Lsn);

        var run = ApplyAsync();
        await HitAsync(Terminate, "%dbmigrate_marker%", run);

        var error = await Assert.ThrowsAsync<MigrationFailedException>(() => run);
        Assert.Equal("ConnectionLost", error.Id);
        Assert.Equal([MigrationOutcome.Applied, MigrationOutcome.Failed], error.Results.Select(r => r.Outcome));
        Assert.Equal([MigrationOutcome.Applied], (await ApplyAsync()).Select(r => r.Outcome));
    }

    [Fact]
    public async Task Who_stops_the_run_behind_the_COMMIT_is_told_of_what_is_applied()
    {
        AddSecond();
        await DelayAsync($"{Lsn} RETURNS pg_lsn", "to_regclass('public.first') IS NOT NULL", Lsn);
        using var stop = new CancellationTokenSource();
        var results = new List<MigrationResult>();

        var run = _folder.ApplyAsync(_target, s_options with { RecordInDatabase = true }, results: results, cancellationToken: stop.Token);
        await HitAsync("", "%dbmigrate_marker%", run);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(MigrationOutcome.Applied, Assert.Single(results).Outcome);
        Assert.Equal(1, await _target.ScalarAsync<long>("SELECT count(*) FROM dbmigrate.runs WHERE outcome = 'Applied'"));
        Assert.False(await _target.ScalarAsync<bool>("SELECT to_regclass('public.second') IS NOT NULL"));
    }

    [Fact]
    public async Task The_runner_lock_is_given_back_all_the_same()
    {
        _folder.Add(1, "first", ["-- no-transaction\nVACUUM pg_am;\nCREATE INDEX CONCURRENTLY i ON public.missing (id)"]);
        await Assert.ThrowsAsync<MigrationFailedException>(ApplyAsync);
        await _target.RunAsync("CREATE TABLE public.missing (id int)");
        await DelayAsync("pg_advisory_unlock(bigint) RETURNS boolean", "true", "pg_advisory_unlock($1)");

        // To look whether somebody is at work on what is half-way, it takes the lock and gives it back.
        var run = ApplyAsync();
        await HitAsync(Cancel, "%pg_advisory_unlock%", run);

        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await run).Outcome);
    }

    [Fact]
    public async Task What_was_resolved_is_resolved()
    {
        await ApplyAsync();
        AddSecond();
        await DelayAsync($"{Lsn} RETURNS pg_lsn", "(SELECT count(*) FROM _sqlx_migrations) = 2", Lsn);

        await using var project = await _folder.OpenAsync(_target);
        var run = project.ResolveAsync("2", ResolveAction.Applied, s_options, CancellationToken.None);
        await HitAsync(Cancel, $"%{Lsn}%", run);

        Assert.Equal(MigrationState.Applied, (await run).State);
    }

    private void AddSecond() => _folder.Add(2, "second", ["CREATE TABLE public.second (id int)"]);

    private Task<List<MigrationResult>> ApplyAsync() => _folder.ApplyAsync(_target, s_options);

    /// <summary>Puts a function before the server's own, one that takes long the first time that it is called under a condition.</summary>
    private Task DelayAsync(string signature, string condition, string body) => _target.RunAsync(
        $"CREATE FUNCTION late.{signature} AS $$ BEGIN IF {condition} AND nextval('late.calls') = 1 THEN PERFORM pg_sleep(50); END IF; "
            + $"RETURN pg_catalog.{body}; END $$ LANGUAGE plpgsql");

    /// <summary>Waits until the run is at a statement that takes long, and cancels it or ends its session.</summary>
    private Task HitAsync(string function, string statement, Task run) => Eventually.IsTrueAsync(
        async () => await _target.ScalarAsync<long>(
            $"SELECT count({function}(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '{statement}' AND wait_event = 'PgSleep'") > 0,
        run);
}
