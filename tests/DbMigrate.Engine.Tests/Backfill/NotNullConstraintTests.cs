using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Backfill;

public sealed class NotNullConstraintTests
{
    private const string IsNotNull = "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'Sta\"tus'";

    [Fact]
    public async Task The_column_is_made_NOT_NULL_and_no_other_constraint_stays()
    {
        var target = await UsersAsync();
        var observer = new RecordingObserver();
        var result = await target.RunAsync(
            BackfillRun.Options("users", "\"Sta\"\"tus\" = 'active'", "\"Sta\"\"tus\" IS NULL") with { ThenSetNotNull = "Sta\"tus" }, observer);

        Assert.Equal("Sta\"tus", result.NotNullColumn);
        Assert.True(await target.ScalarAsync<bool>(IsNotNull));
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT count(*) FROM pg_constraint WHERE conrelid = 'users'::regclass AND (contype = 'c' OR NOT convalidated)"));
        Assert.Contains(observer.Texts(MessageLevel.Verbose), m => m.Contains("VALIDATE CONSTRAINT", StringComparison.Ordinal));
        Assert.False(await target.HasStateAsync());

        // Again there is nothing to do.
        Assert.Equal(0, (await target.RunAsync(
            BackfillRun.Options("users", "\"Sta\"\"tus\" = 'active'", "\"Sta\"\"tus\" IS NULL") with { ThenSetNotNull = "Sta\"tus" })).Rows);
    }

    [Fact]
    public async Task Rows_with_NULL_stop_it_and_it_goes_on_when_they_are_mended()
    {
        var target = await UsersAsync();
        var options = BackfillRun.Options("users", "\"Sta\"\"tus\" = 'active'", "id > 1") with { ThenSetNotNull = "Sta\"tus" };

        Assert.Equal("NullsLeft", (await target.RefusedAsync(options)).Id);
        Assert.False(await target.ScalarAsync<bool>(IsNotNull) && await target.ScalarAsync<bool>("SELECT bool_and(convalidated) FROM pg_constraint WHERE conrelid = 'users'::regclass"));

        await target.RunAsync("UPDATE users SET \"Sta\"\"tus\" = 'x' WHERE id = 1");
        var result = await target.RunAsync(options);
        Assert.Equal((0, 99), (result.Rows, result.RowsBefore));
        Assert.True(await target.ScalarAsync<bool>(IsNotNull));
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT count(*) FROM pg_constraint WHERE conrelid = 'users'::regclass AND (contype = 'c' OR NOT convalidated)"));
    }

    [Fact]
    public async Task It_waits_politely_for_a_lock_and_tries_again()
    {
        var target = await UsersAsync();
        await target.RunAsync("UPDATE users SET \"Sta\"\"tus\" = 'x'");
        await using var other = await target.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var read = new NpgsqlCommand("SELECT count(*) FROM users", other, transaction))
        {
            await read.ExecuteScalarAsync();
        }

        var observer = new RecordingObserver();
        var running = target.RunAsync(BackfillRun.Options("users", "id = id", "id < 0") with { ThenSetNotNull = "Sta\"tus" }, observer);
        await Eventually.IsTrueAsync(
            () => observer.Texts(MessageLevel.Verbose).Any(m => m.Contains($"held by pid {other.ProcessID} ", StringComparison.Ordinal)), running);

        await transaction.RollbackAsync();
        await running;
        Assert.True(await target.ScalarAsync<bool>(IsNotNull));
    }

    [Fact]
    public async Task While_it_tries_others_wait_no_longer_than_for_a_batch()
    {
        var target = await UsersAsync();
        await target.RunAsync("UPDATE users SET \"Sta\"\"tus\" = 'x'");
        await using var other = await target.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var read = new NpgsqlCommand("SELECT count(*) FROM users", other, transaction))
        {
            await read.ExecuteScalarAsync();
        }

        // A write waits behind the try that waits for the reader, 200 ms here. Its limit is for a try that would wait for the reader's end.
        var observer = new RecordingObserver();
        var running = target.RunAsync(BackfillRun.Options("users", "id = id", "id < 0") with { ThenSetNotNull = "Sta\"tus" }, observer);
        var waits = $" waits for a lock on public.users, which is held by pid {other.ProcessID} ";
        await Eventually.IsTrueAsync(
            async () =>
            {
                await target.RunAsync("SET lock_timeout = '20s'", "UPDATE users SET id = id WHERE id = 1");
                return observer.Messages.Count(m => m.Text.Contains(waits, StringComparison.Ordinal)) >= 4;
            },
            running);

        await transaction.RollbackAsync();
        await running;
        Assert.True(await target.ScalarAsync<bool>(IsNotNull));
    }

    [Fact]
    public async Task What_follows_it_waits_as_long_as_it_takes()
    {
        var target = await UsersAsync();
        await using var other = await target.ConnectAsync();
        var released = Task.CompletedTask;
        var isReleased = false;

        // Another backfill is at the table of positions for longer than a try for a lock takes.
        using var observer = new ActingObserver(
            async () =>
            {
                await RunAsync(OwnSchema.Lock.Replace("_xact", "", StringComparison.Ordinal));
                released = ReleaseAsync();
            },
            "VALIDATE");
        try
        {
            await target.RunAsync(BackfillRun.Options("users", "\"Sta\"\"tus\" = 'x'") with { ThenSetNotNull = "Sta\"tus" }, observer);

            // The backfill may end before the answer to who let it go on has been read.
            Assert.True(isReleased);
        }
        finally
        {
            // A connection whose command is under way does not close.
            await released;
        }

        Assert.False(await target.HasStateAsync());

        async Task ReleaseAsync()
        {
            await Task.Delay(1500);
            isReleased = true;
            await RunAsync("SELECT pg_advisory_unlock_all()");
        }

        async Task RunAsync(string statement)
        {
            await using var command = new NpgsqlCommand(statement, other);
            await command.ExecuteNonQueryAsync();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_autovacuum_gives_way_to_it(bool isHidden)
    {
        // How often autovacuum looks is a setting of the whole server.
        await using var server = await DbSandbox.StartAsync(install: true, new RecordingObserver(), CancellationToken.None);
        var target = await server.CreateDatabaseAsync(name: null, CancellationToken.None);
        var worker = target;
        await target.RunAsync("ALTER SYSTEM SET autovacuum_naptime = '1s'");
        await target.RunAsync(
            "SELECT pg_reload_conf()",
            "CREATE TABLE t (id int PRIMARY KEY, status text, filler text)",
            "ALTER TABLE t SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)",
            "INSERT INTO t SELECT g, 'x', repeat('x', 1000) FROM generate_series(1, 10000) g",
            "UPDATE t SET status = 'y'");
        if (isHidden)
        {
            // A role without pg_monitor does not see that it is an autovacuum.
            await target.RunAsync("CREATE ROLE plain LOGIN PASSWORD 'p'", $"GRANT CREATE ON DATABASE \"{target.Database}\" TO plain", "ALTER TABLE t OWNER TO plain");
            var settings = new NpgsqlConnectionStringBuilder(target.ConnectionString) { Username = "plain", Password = "p" };
            worker = new DbTarget(settings.ConnectionString) { Host = target.Host, Port = target.Port, Database = target.Database, User = "plain", Source = "test" };
        }

        await Eventually.IsTrueAsync(
            () => target.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_stat_progress_vacuum WHERE relid = 't'::regclass)"));

        // The vacuum would go on for minutes, and no try of 200 ms gets past it: deadlock_timeout is a second. It comes again each second,
        // so that one may begin between the look at who has the table and a try.
        await worker.RunAsync(BackfillRun.Options("t", "id = id", "id < 0") with { ThenSetNotNull = "status", LockRetries = 3 });

        Assert.True(await target.ScalarAsync<bool>("SELECT attnotnull FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'status'"));
    }

    [Fact]
    public async Task A_column_that_is_not_there_is_missed_before_anything_runs()
    {
        var target = await UsersAsync();
        Assert.Equal("ColumnNotFound", (await target.RefusedAsync(BackfillRun.Options("users", "id = id") with { ThenSetNotNull = "nosuch" })).Id);
        Assert.False(await target.HasStateAsync());
    }

    private static async Task<DbTarget> UsersAsync()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync("CREATE TABLE users (id int PRIMARY KEY, \"Sta\"\"tus\" text)", "INSERT INTO users SELECT g FROM generate_series(1, 100) g");
        return target;
    }
}
