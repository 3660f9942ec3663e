using System.Diagnostics;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Migrations;

/// <summary>What a run sees and does from its second connection while it waits or works.</summary>
public sealed class RunWatchTests : IAsyncLifetime, IDisposable
{
    private const string Here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())";

    private readonly TemporaryMigrations _folder = new(MigrationFormat.Sqlx);
    private readonly RecordingObserver _observer = new();
    private DbTarget _target = null!;

    public async Task InitializeAsync()
    {
        _target = await SandboxFixture.NewDatabaseAsync();
        await _target.RunAsync("CREATE TABLE items (id int PRIMARY KEY, name text)", "INSERT INTO items VALUES (1, 'a')");
        _folder.Add(1, "alter", ["ALTER TABLE items ADD COLUMN late int"]);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_try_and_the_error_name_who_was_in_the_way()
    {
        await using var reader = await ReaderAsync();

        var error = await Assert.ThrowsAsync<MigrationFailedException>(
            () => RunAsync(new RunOptions { LockTimeout = TimeSpan.FromSeconds(5), LockRetries = 1 }));

        Assert.Equal("LockTimeout", error.Id);
        Assert.Contains($"Blocked in 2 of 2 tries by pid {reader.ProcessID} (", error.Message, StringComparison.Ordinal);
        Assert.Equal([reader.ProcessID], error.Failed!.Blockers.Select(b => b.ProcessId));
        Assert.Contains(_observer.Texts(MessageLevel.Warning), w => w.Contains($"behind pid {reader.ProcessID} (", StringComparison.Ordinal));
        Assert.Contains(
            _observer.ProgressReports, p => p.Status.Contains($"for public.items behind pid {reader.ProcessID} (", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_migration_that_got_through_in_the_end_tells_who_held_it_up()
    {
        var reader = await ReaderAsync();
        var pid = reader.ProcessID;
        var run = RunAsync(new RunOptions { LockTimeout = TimeSpan.FromSeconds(1) });
        await Eventually.IsTrueAsync(() => _observer.Texts(MessageLevel.Warning).Any(w => w.Contains("did not get a lock", StringComparison.Ordinal) && w.Contains($"behind pid {pid} (", StringComparison.Ordinal)), run);
        await reader.DisposeAsync();

        var result = Assert.Single(await run);

        Assert.Equal(MigrationOutcome.Applied, result.Outcome);
        Assert.Equal([pid], result.Blockers.Select(b => b.ProcessId));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 300)]
    public async Task The_wait_is_given_up_when_others_queue_behind_it_and_taken_up_again_later(int maxQueued, int maxQueueTime)
    {
        var reader = await ReaderAsync();
        var run = RunAsync(new RunOptions
        {
            LockTimeout = TimeSpan.FromMinutes(1),
            LockRetries = 8,
            MaxQueued = maxQueued,
            MaxQueueTime = TimeSpan.FromMilliseconds(maxQueueTime),
        });
        await Eventually.IsTrueAsync(
            async () =>
            {
                await Task.WhenAll(QueryAsync(), QueryAsync());
                return WasGivenUp();
            },
            run);

        var pid = reader.ProcessID;
        await reader.DisposeAsync();
        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await run).Outcome);
        Assert.All(
            _observer.Texts(MessageLevel.Warning).Where(w => w.Contains("queued behind it", StringComparison.Ordinal)),
            w => Assert.Contains($"behind pid {pid} (", w, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_is_ahead_of_a_crowded_queue_is_ended_where_that_was_asked_for()
    {
        await using var reader = await ReaderAsync();
        var run = RunAsync(new RunOptions { LockTimeout = TimeSpan.FromMinutes(1), LockRetries = 20, MaxQueued = 1, TerminateBlockersAfter = TimeSpan.FromSeconds(1) });
        while (!run.IsCompleted)
        {
            await Task.WhenAll(QueryAsync(), QueryAsync(), QueryAsync());
        }

        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await run).Outcome);
        Assert.Contains(_observer.Texts(MessageLevel.Warning), w => w.Contains($"held up by pid {reader.ProcessID} (", StringComparison.Ordinal));
        await IsGoneAsync(reader);
    }

    [Fact]
    public async Task A_migration_that_makes_others_wait_while_it_works_is_cancelled_too()
    {
        _folder.Add(1, "alter", ["ALTER TABLE items ADD COLUMN late int", "SELECT pg_sleep(60)"]);
        var clock = Stopwatch.StartNew();
        var run = RunAsync(new RunOptions { LockRetries = 0, MaxQueueTime = TimeSpan.FromMilliseconds(200) });
        while (!run.IsCompleted)
        {
            await QueryAsync();
        }

        var error = await Assert.ThrowsAsync<MigrationFailedException>(() => run);

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(50));
        Assert.Equal("QueueTooLong", error.Id);
        Assert.Contains("queued behind it", error.Failed!.Error!.Hint, StringComparison.Ordinal);
        Assert.Equal(0, await _target.ScalarAsync<long>("SELECT count(*) FROM pg_attribute WHERE attname = 'late'"));
    }

    [Fact]
    public async Task Another_runner_may_wait_for_its_turn()
    {
        // The migration goes on when the others have waited for longer than the limit.
        await using var gate = await _target.ConnectAsync();
        await using var close = new NpgsqlCommand("SELECT pg_advisory_lock(1)", gate);
        await close.ExecuteNonQueryAsync();
        _folder.Add(1, "alter", ["ALTER TABLE items ADD COLUMN late int", "SELECT pg_advisory_xact_lock(1)"]);
        var run = RunAsync(new RunOptions { LockTimeout = TimeSpan.FromMinutes(1), LockRetries = 0, MaxQueued = 1, MaxQueueTime = TimeSpan.FromMilliseconds(300) });
        await Eventually.IsTrueAsync(() => HasWaitersAsync(1, "interval '0'"), run);

        // As SQLx waits for the lock, and as EF Core does for its table.
        var key = await _target.ScalarAsync<long>($"SELECT classid::bigint << 32 | objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND {Here} AND granted AND objid <> 1");
        var others = Task.WhenAll(
            _target.RunAsync($"SELECT pg_advisory_lock({key})"),
            _target.RunAsync($"SELECT pg_advisory_lock({key})"),
            _target.RunAsync("BEGIN", "LOCK TABLE _sqlx_migrations", "COMMIT"));
        await Eventually.IsTrueAsync(() => HasWaitersAsync(4, "interval '600 ms'"), run);
        await gate.CloseAsync();

        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await run).Outcome);
        await others;

        Task<bool> HasWaitersAsync(int count, string time) => _target.ScalarAsync<bool>(
            $"SELECT count(*) = {count} FROM pg_locks WHERE NOT granted AND {Here} AND clock_timestamp() - waitstart > {time}");
    }

    [Fact]
    public async Task Limits_hold_in_the_middle_of_a_run_of_small_migrations()
    {
        for (var i = 2; i <= 10; i++)
        {
            _folder.Add(i, "small", [$"CREATE TABLE small_{i} (id int)"]);
        }

        _folder.Add(1, "alter", ["CREATE TABLE first (id int)"]).Add(11, "slow", ["UPDATE items SET name = 'b'", "INSERT INTO items SELECT 2, pg_sleep(60)::text"]);
        var run = RunAsync(new RunOptions { LockRetries = 0, MaxQueueTime = TimeSpan.FromMilliseconds(200) });
        while (!run.IsCompleted)
        {
            await _target.RunAsync("UPDATE items SET name = 'c'");
        }

        var error = await Assert.ThrowsAsync<MigrationFailedException>(() => run);
        Assert.Equal(("QueueTooLong", "11"), (error.Id, error.Failed!.Version));
        Assert.Equal(10, error.Results.Count(r => r.Outcome == MigrationOutcome.Applied));
    }

    [Fact]
    public async Task Limits_hold_for_a_role_that_may_not_look_at_others()
    {
        var target = await RoleAsync("");
        var reader = await ReaderAsync();
        var run = RunAsync(new RunOptions { LockTimeout = TimeSpan.FromMinutes(1), LockRetries = 8, MaxQueueTime = TimeSpan.FromMilliseconds(300) }, target);
        await Eventually.IsTrueAsync(
            async () =>
            {
                await QueryAsync();
                return WasGivenUp();
            },
            run);

        await reader.DisposeAsync();
        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await run).Outcome);
    }

    [Fact]
    public async Task A_watch_that_is_ended_does_not_end_the_run()
    {
        _folder.Add(1, "alter", ["SELECT pg_sleep(4)"]).Add(2, "other", ["SELECT pg_sleep(1)"]).Add(3, "last", ["ALTER TABLE items ADD COLUMN late int"]);
        var run = RunAsync(new RunOptions { MaxQueued = 100 });
        var ended = 0L;
        while (!run.IsCompleted)
        {
            ended += await _target.ScalarAsync<long>(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'WITH RECURSIVE lock%' AND pid <> pg_backend_pid()");
            await Task.Delay(50);
        }

        Assert.All(await run, r => Assert.Equal(MigrationOutcome.Applied, r.Outcome));
        Assert.True(ended > 0);
        Assert.Contains(_observer.Texts(MessageLevel.Warning), w => w.StartsWith("Nobody watches over", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_that_ends_while_the_watch_is_asking_ends()
    {
        for (var i = 0; i < 40; i++)
        {
            // The watch asks from 100 ms on; the second migration ends before its own watch begins.
            using var folder = new TemporaryMigrations(MigrationFormat.Sqlx)
                .Add(1, "slow", [FormattableString.Invariant($"SELECT pg_sleep(0.{100 + (i / 2)})")]).Add(2, "quick", ["VACUUM items"]);
            var target = await SandboxFixture.NewDatabaseAsync();
            await target.RunAsync("CREATE TABLE items (id int)");
            await using var project = await MigrationProject.OpenAsync(new MigrationSource(folder.Path, folder.Format), target, _observer, CancellationToken.None);
            var plan = await project.PlanApplyAsync(new MigrationSelection(), new RunOptions(), CancellationToken.None);
            var run = Task.Run(async () =>
            {
                await foreach (var result in project.ApplyAsync(plan, new RunOptions(), CancellationToken.None))
                {
                    Assert.Equal(MigrationOutcome.Applied, result.Outcome);
                }
            });
            await run.WaitAsync(TimeSpan.FromMinutes(1));
        }
    }

    [Fact]
    public async Task A_watchdog_that_lost_its_connection_takes_another()
    {
        var reader = await ReaderAsync();
        var run = RunAsync(new RunOptions { LockTimeout = TimeSpan.Zero, LockRetries = 20, MaxQueueTime = TimeSpan.FromMilliseconds(200) });
        const string Watch = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'WITH RECURSIVE lock%' AND pid <> pg_backend_pid()";
        await Eventually.IsTrueAsync(async () => await _target.ScalarAsync<long>(Watch) > 0, run);

        // Whoever comes now would wait for the reader's end but for the watchdog.
        await Eventually.IsTrueAsync(
            async () =>
            {
                await QueryAsync();
                return WasGivenUp();
            },
            run);

        Assert.Contains(_observer.Texts(MessageLevel.Warning), w => w.StartsWith("Nobody watches over", StringComparison.Ordinal));
        await reader.DisposeAsync();
        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await run).Outcome);
    }

    [Fact]
    public async Task A_long_wait_without_time_limit_is_told()
    {
        _folder.Add(1, "alter", ["CREATE INDEX CONCURRENTLY items_name ON items (name)"]);
        await using var writer = await ReaderAsync();
        await using (var write = new NpgsqlCommand("UPDATE items SET name = 'b'", writer))
        {
            await write.ExecuteNonQueryAsync();
        }

        var run = RunAsync(new RunOptions { LockTimeout = TimeSpan.FromSeconds(1), LockRetries = 0 });
        await Eventually.IsTrueAsync(() => _observer.Texts(MessageLevel.Warning).Any(w => w.Contains($"behind pid {writer.ProcessID} (", StringComparison.Ordinal)), run);
        await writer.DisposeAsync();
        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await run).Outcome);
    }

    [Fact]
    public async Task Who_stays_in_the_way_is_ended_where_that_was_asked_for()
    {
        await using var reader = await ReaderAsync();
        var run = RunAsync(new RunOptions { LockTimeout = TimeSpan.FromMinutes(1), TerminateBlockersAfter = TimeSpan.FromMilliseconds(300) });

        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await run).Outcome);

        Assert.Contains(_observer.Texts(MessageLevel.Warning), w => w.Contains($"held up by pid {reader.ProcessID} (", StringComparison.Ordinal));
        await IsGoneAsync(reader);
    }

    [Fact]
    public async Task A_watchdog_that_cannot_watch_is_an_error_before_anything_runs()
    {
        var target = await RoleAsync("CONNECTION LIMIT 1");

        var error = await Assert.ThrowsAsync<DbMigrateException>(() => RunAsync(new RunOptions { MaxQueued = 1 }, target));

        Assert.Equal("TooManyConnections", error.Id);
        Assert.Equal(0, await _target.ScalarAsync<long>("SELECT count(*) FROM pg_attribute WHERE attname = 'late'"));
        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await RunAsync(new RunOptions(), target)).Outcome);
    }

    /// <summary>The database as its table's owner, an ordinary role.</summary>
    private async Task<DbTarget> RoleAsync(string attributes)
    {
        var role = "role_" + _target.Database;
        await _target.RunAsync(
            $"CREATE ROLE {role} LOGIN PASSWORD 'secret' {attributes}", $"GRANT ALL ON SCHEMA public TO {role}", $"ALTER TABLE items OWNER TO {role}");
        var settings = new NpgsqlConnectionStringBuilder(_target.ConnectionString) { Username = role, Password = "secret" };
        return TargetResolver.Resolve(settings.ConnectionString, _ => null);
    }

    private Task IsGoneAsync(NpgsqlConnection reader) => Eventually.IsTrueAsync(
        async () => await _target.ScalarAsync<long>($"SELECT count(*) FROM pg_stat_activity WHERE pid = {reader.ProcessID}") == 0);

    private bool WasGivenUp() => _observer.Texts(MessageLevel.Warning).Any(w => w.Contains("queued behind it", StringComparison.Ordinal));

    /// <summary>A session that has read the table and forgot to end its transaction.</summary>
    private async Task<NpgsqlConnection> ReaderAsync()
    {
        var settings = new NpgsqlConnectionStringBuilder(_target.ConnectionString) { ApplicationName = "web" };
        var reader = new NpgsqlConnection(settings.ConnectionString);
        await reader.OpenAsync();
        foreach (var text in new[] { "BEGIN", "SELECT * FROM items" })
        {
            await using var command = new NpgsqlCommand(text, reader);
            await command.ExecuteNonQueryAsync();
        }

        return reader;
    }

    private Task QueryAsync() => _target.RunAsync("SELECT * FROM items");

    private Task<List<MigrationResult>> RunAsync(RunOptions options, DbTarget? target = null) => _folder.ApplyAsync(target ?? _target, options, _observer);
}
