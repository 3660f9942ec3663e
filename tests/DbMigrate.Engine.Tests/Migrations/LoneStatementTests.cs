using DbMigrate.Engine.Migrations;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Migrations;

/// <summary>Statements outside a transaction: what they keep when they fail, and that each is run as often as it should be.</summary>
public sealed class LoneStatementTests : IAsyncLifetime, IDisposable
{
    private static readonly RunOptions s_options = new() { LockTimeout = TimeSpan.FromSeconds(1), LockRetries = 0 };

    private readonly TemporaryMigrations _folder = new(MigrationFormat.Sqlx);
    private readonly RecordingObserver _observer = new();
    private DbTarget _target = null!;

    public async Task InitializeAsync()
    {
        _target = await SandboxFixture.NewDatabaseAsync();
        await _target.RunAsync("CREATE TABLE done (id int)", "CREATE TABLE parts (id int) PARTITION BY RANGE (id)", "CREATE TABLE part PARTITION OF parts DEFAULT");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("pg_cancel_backend")]
    [InlineData("")]
    public async Task What_has_ended_is_recorded_however_long_that_takes(string function)
    {
        await using var gate = await GateAsync();
        Add("CALL work()");
        var run = ApplyAsync();
        await LockProgressAsync(gate, run, function, "UPDATE dbmigrate.progress%");

        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await run).Outcome);
        Assert.Equal(1, await _target.ScalarAsync<long>("SELECT count(*) FROM done"));
    }

    [Fact]
    public async Task What_was_refused_is_recorded_as_such()
    {
        await using var gate = await GateAsync("RAISE EXCEPTION 'no';");
        Add("CALL work()");
        var run = ApplyAsync();
        await LockProgressAsync(gate, run, "pg_cancel_backend", "UPDATE dbmigrate.progress%");

        Assert.Equal("P0001", (await Assert.ThrowsAsync<MigrationFailedException>(() => run)).Failed!.Error!.SqlState);
        await gate.DisposeAsync();
        Assert.Equal("SqlError", (await Assert.ThrowsAsync<MigrationFailedException>(ApplyAsync)).Id);
    }

    [Fact]
    public async Task A_procedure_that_committed_before_it_failed_is_not_called_again()
    {
        await _target.RunAsync("CREATE PROCEDURE work() AS $$ BEGIN INSERT INTO done VALUES (1); COMMIT; LOCK TABLE parts; END $$ LANGUAGE plpgsql");
        Add("CALL work()");
        await using var reader = await ReaderAsync();

        var error = await Assert.ThrowsAsync<MigrationFailedException>(() => ApplyAsync(s_options with { LockTimeout = TimeSpan.FromMilliseconds(200), LockRetries = 3 }));

        Assert.Equal("LockTimeout", error.Id);
        Assert.Contains("What it committed on its way is kept", error.NextStep, StringComparison.Ordinal);
        Assert.Equal(1, await _target.ScalarAsync<long>("SELECT count(*) FROM done"));
    }

    [Theory]
    [InlineData("08006")]
    [InlineData("XX000")]
    public async Task Whatever_its_error_what_a_procedure_kept_is_told(string code)
    {
        await _target.RunAsync(
            $"CREATE PROCEDURE work() AS $$ BEGIN INSERT INTO done VALUES (1); COMMIT; RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$ LANGUAGE plpgsql");
        Add("CALL work()");

        var error = await Assert.ThrowsAsync<MigrationFailedException>(ApplyAsync);

        Assert.Equal(("SqlError", code, 2), (error.Id, error.Failed!.Error!.SqlState, error.Failed.Error.Line));
        Assert.Contains("What it committed on its way is kept", error.NextStep, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("53200")]
    [InlineData("XX000")]
    public async Task An_error_after_which_the_connection_is_given_up_is_told_as_it_was(string code)
    {
        _folder.Add(1, "first", ["CREATE TABLE first (id int)", $"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$"]);

        var error = await Assert.ThrowsAsync<MigrationFailedException>(ApplyAsync);

        Assert.Equal(("SqlError", code), (error.Id, error.Failed!.Error!.SqlState));
        Assert.Contains("Nothing of it was kept", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_whose_rest_was_taken_out_is_recorded()
    {
        using var folder = new TemporaryMigrations(MigrationFormat.GolangMigrate);
        folder.Add(1, "first", ["BEGIN", "CREATE TABLE first (id int)", "COMMIT", "CREATE INDEX CONCURRENTLY missing_id ON missing (id)"]);
        await Assert.ThrowsAsync<MigrationFailedException>(() => folder.ApplyAsync(_target, s_options));
        folder.Add(1, "first", ["BEGIN", "CREATE TABLE first (id int)", "COMMIT"]);

        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await folder.ApplyAsync(_target, s_options)).Outcome);

        await using var project = await folder.OpenAsync(_target);
        Assert.Equal(MigrationState.Applied, Assert.Single(await project.GetStatusAsync(CancellationToken.None)).State);
        Assert.False(await _target.ScalarAsync<bool>("SELECT to_regnamespace('dbmigrate') IS NOT NULL"));
    }

    [Fact]
    public async Task An_index_without_a_name_leaves_no_remains()
    {
        await _target.RunAsync("INSERT INTO done VALUES (1), (1)");
        Add("CREATE UNIQUE INDEX CONCURRENTLY ON done (id)");

        var error = await Assert.ThrowsAsync<MigrationFailedException>(ApplyAsync);

        Assert.Equal("23505", error.Failed!.Error!.SqlState);
        Assert.Equal(0, await _target.ScalarAsync<long>("SELECT count(*) FROM pg_index WHERE indrelid = 'done'::regclass"));
        Assert.Contains(_observer.Texts(MessageLevel.Warning), w => w.Contains("done_id_idx", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_has_ended_is_recorded_for_who_stops_the_run()
    {
        await using var gate = await GateAsync();
        Add("CALL work()");
        using var stop = new CancellationTokenSource();
        var run = _folder.ApplyAsync(_target, s_options, _observer, cancellationToken: stop.Token);
        await LockProgressAsync(gate, run, "", "UPDATE dbmigrate.progress%", stop);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await ApplyAsync()).Outcome);
        Assert.Equal(1, await _target.ScalarAsync<long>("SELECT count(*) FROM done"));
    }

    [Fact]
    public async Task An_index_that_could_not_be_dropped_is_half_dropped_and_dropped_the_next_time()
    {
        await _target.RunAsync("CREATE INDEX done_id ON done (id)");
        Add("DROP INDEX CONCURRENTLY done_id");
        await using (var reader = await ReaderAsync("done"))
        {
            var error = await Assert.ThrowsAsync<MigrationFailedException>(ApplyAsync);
            Assert.Contains("may be kept", error.NextStep, StringComparison.Ordinal);
        }

        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await ApplyAsync()).Outcome);
        Assert.False(await _target.ScalarAsync<bool>("SELECT to_regclass('done_id') IS NOT NULL"));
    }

    [Theory]
    [InlineData("ALTER TABLE parts DETACH PARTITION part CONCURRENTLY", 10)]
    [InlineData("alter table IF EXISTS only public.parts detach partition public.part concurrently", 0)]
    public async Task A_partition_that_is_half_detached_is_detached(string statement, int retries)
    {
        // A default partition cannot be detached concurrently.
        await _target.RunAsync("DROP TABLE part", "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (10)");
        Add(statement);
        Task<List<MigrationResult>> run;
        await using (await ReaderAsync())
        {
            run = ApplyAsync(s_options with { LockRetries = retries });
            await Eventually.IsTrueAsync(() => _target.ScalarAsync<bool>("SELECT bool_and(inhdetachpending) FROM pg_inherits WHERE inhparent = 'parts'::regclass"));
            await Eventually.IsTrueAsync(() => run.IsCompleted || _observer.Texts(MessageLevel.Warning).Any(w => w.Contains("Trying again", StringComparison.Ordinal)));
        }

        if (retries == 0)
        {
            Assert.Contains("may be kept", (await Assert.ThrowsAsync<MigrationFailedException>(() => run)).NextStep, StringComparison.Ordinal);
            run = ApplyAsync();
        }

        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await run).Outcome);
        Assert.Equal(0, await _target.ScalarAsync<long>("SELECT count(*) FROM pg_inherits WHERE inhparent = 'parts'::regclass"));
    }

    [Fact]
    public async Task A_session_that_is_ended_leaves_it_open_what_was_done()
    {
        await using var gate = await GateAsync();
        Add("CALL work()");
        var run = ApplyAsync();
        await HitAsync("pg_terminate_backend", "CALL%", run);

        Assert.Equal("ConnectionLost", (await Assert.ThrowsAsync<MigrationFailedException>(() => run)).Id);
        Assert.Equal("OutcomeUnknown", (await Assert.ThrowsAsync<MigrationFailedException>(ApplyAsync)).Id);
    }

    private void Add(string statement) => _folder.Add(1, "first", ["-- no-transaction\n" + statement]);

    private Task<List<MigrationResult>> ApplyAsync() => ApplyAsync(s_options);

    private Task<List<MigrationResult>> ApplyAsync(RunOptions options) => _folder.ApplyAsync(_target, options, _observer);

    /// <summary>A procedure that keeps a row, and ends when the session that is returned gives up its lock.</summary>
    private async Task<NpgsqlConnection> GateAsync(string ending = "")
    {
        await _target.RunAsync(
            "CREATE PROCEDURE work() AS $$ BEGIN INSERT INTO done VALUES (1); COMMIT; SET LOCAL lock_timeout = 0; PERFORM pg_advisory_xact_lock(1); " + ending + " END $$ LANGUAGE plpgsql");
        var gate = await _target.ConnectAsync();
        await RunAsync(gate, "SELECT pg_advisory_lock(1)");
        return gate;
    }

    /// <summary>Lets the procedure end while nobody can record that, until the run waits for it.</summary>
    private async Task LockProgressAsync(NpgsqlConnection gate, Task run, string function, string statement, CancellationTokenSource? stop = null)
    {
        await HitAsync("", "CALL%", run);
        await using var other = await _target.ConnectAsync();
        await RunAsync(other, "BEGIN");
        await RunAsync(other, "LOCK TABLE dbmigrate.progress IN EXCLUSIVE MODE");
        await RunAsync(gate, "SELECT pg_advisory_unlock(1)");
        await HitAsync(function, statement, run);

        await (stop?.CancelAsync() ?? Task.CompletedTask);

        // Longer than any wait for a lock of the migration's own.
        await Task.Delay(1500);
    }

    private async Task<NpgsqlConnection> ReaderAsync(string table = "parts")
    {
        var reader = await _target.ConnectAsync();
        await RunAsync(reader, "BEGIN");
        await RunAsync(reader, $"SELECT * FROM {table}");
        return reader;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string statement)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }

    private Task HitAsync(string function, string statement, Task run) => Eventually.IsTrueAsync(
        async () => await _target.ScalarAsync<long>(
            $"SELECT count({function}(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '{statement}' AND wait_event_type = 'Lock'") > 0,
        run);
}
