using System.Globalization;
using DbMigrate.Engine.Backfill;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Engine.Tests.Activity;
using DbMigrate.Engine.Tests.Targets;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Backfill;

public sealed class BackfillJobTests
{
    private const string Once = "SELECT count(*) = 5000 AND bool_and(n = 1) FROM t";

    [Fact]
    public async Task Rows_that_fit_are_changed_and_nothing_of_ours_stays()
    {
        var target = await UsersAsync();
        await target.RunAsync("UPDATE users SET status = 'old' WHERE id % 10 = 0");

        var result = await target.RunAsync(BackfillRun.Unhurried("users", "status = 'active'", "status IS NULL"));

        Assert.Equal((4500, 0, true, "public.users"), (result.Rows, result.RowsBefore, result.Verified, result.Table));
        Assert.InRange(result.Batches, 2, 5);
        Assert.True(result.LongestBatch > TimeSpan.Zero && result.LongestBatch <= result.Duration);
        Assert.Equal(4500, await target.ScalarAsync<long>("SELECT count(*) FROM users WHERE status = 'active'"));
        Assert.Equal(500, await target.ScalarAsync<long>("SELECT count(*) FROM users WHERE status = 'old'"));
        Assert.False(await target.HasStateAsync());
    }

    [Theory]
    [InlineData("id integer PRIMARY KEY", "g - 2500")]
    [InlineData("id text PRIMARY KEY", "chr(1 + g % 500) || '''\"\\ ' || g")]
    [InlineData("id text COLLATE \"C\" PRIMARY KEY", "md5(g::text)")]
    [InlineData("id varchar(40) PRIMARY KEY", "md5(g::text)")]
    [InlineData("id char(6) PRIMARY KEY", "g")]
    [InlineData("id uuid PRIMARY KEY", "md5(g::text)::uuid")]
    [InlineData("id bytea PRIMARY KEY", "decode(md5(g::text), 'hex')")]
    [InlineData("id double precision PRIMARY KEY", "g / 7.0")]
    [InlineData("id numeric PRIMARY KEY", "g * 12345678901234567890.123456789")]
    [InlineData("id timestamptz PRIMARY KEY", "'2024-03-31 00:59Z'::timestamptz + g * interval '1.000001 s'")]
    [InlineData("id interval PRIMARY KEY", "g * interval '1 day 1.5 s'")]
    [InlineData("id integer[] PRIMARY KEY", "ARRAY[g % 7, NULL, g]")]
    [InlineData("id inet PRIMARY KEY", "'10.0.0.0'::inet + g")]
    [InlineData("id positive PRIMARY KEY", "g")]
    [InlineData("id bigint, day date, code text, PRIMARY KEY (day, code, id)", "g, '2024-01-01'::date + g % 3, 'c' || g % 11")]
    [InlineData("id integer NOT NULL UNIQUE", "g")]
    [InlineData("id integer PRIMARY KEY DEFERRABLE INITIALLY DEFERRED", "g")]
    [InlineData("\"Id \"\"x\" integer PRIMARY KEY", "g")]
    public async Task Every_kind_of_key_is_walked_once(string columns, string values)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync(
            $"ALTER DATABASE \"{target.Database}\" SET datestyle = 'SQL, DMY'",
            $"ALTER DATABASE \"{target.Database}\" SET extra_float_digits = -10",
            "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)",
            $"CREATE TABLE t ({columns}, n integer NOT NULL DEFAULT 0)",
            $"INSERT INTO t SELECT {values} FROM generate_series(1, 5000) g ORDER BY random()",
            "ANALYZE t");

        var result = await target.RunAsync(BackfillRun.Unhurried("t", "n = n + 1"));

        Assert.Equal((5000, false), (result.Rows, result.Verified));
        Assert.InRange(result.Batches, 2, 6);
        Assert.True(await target.ScalarAsync<bool>(Once));
    }

    [Theory]
    [InlineData("recorded")]
    [InlineData("changed")]
    [InlineData("counted")]
    public async Task Tables_of_any_name_are_those_of_the_database(string name)
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        await target.RunAsync($"CREATE TABLE {name} (v int)", $"INSERT INTO {name} VALUES (1), (2), (3)");

        await target.RunAsync(BackfillRun.Options("t", $"n = (SELECT count(*) FROM {name})", $"n <> (SELECT count(*) FROM {name})"));

        Assert.True(await target.ScalarAsync<bool>("SELECT bool_and(n = 3) FROM t"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("PRIMARY KEY (id)")]
    public async Task Several_sessions_share_the_rows_without_overlap(string key)
    {
        var target = await TableAsync(key.Length == 0 ? "" : ", " + key);
        await target.RunAsync("ANALYZE t");
        var observer = new RecordingObserver();
        await using var job = await BackfillJob.OpenAsync(
            BackfillRun.Options("t", "n = n + 1", "n = 0") with { Parallel = 3 }, target, observer, CancellationToken.None);

        var result = await job.RunAsync(CancellationToken.None);

        Assert.Equal(5000, result.Rows);
        Assert.True(result.Batches >= 3);
        Assert.True(await target.ScalarAsync<bool>(Once));

        // The look at the table, and a session for each part.
        Assert.Equal(4, observer.Texts(MessageLevel.Debug).Count(m => m.StartsWith("Connecting", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_table_without_key_is_walked_by_its_pages()
    {
        var target = await TableAsync();

        // A page in the middle has room, so that changed rows land there, before the walk gets to it.
        await target.RunAsync("DELETE FROM t WHERE id BETWEEN 3000 AND 4000", "VACUUM t", "INSERT INTO t SELECT g FROM generate_series(3000, 3500) g", "INSERT INTO t SELECT g FROM generate_series(3501, 4000) g");
        var result = await target.RunAsync(BackfillRun.Options("t", "n = n + 1", "n = 0"));

        Assert.Equal((5000, true), (result.Rows, result.Verified));
        Assert.True(await target.ScalarAsync<bool>(Once));
    }

    [Fact]
    public async Task Without_key_changed_rows_must_not_fit_the_condition_again()
    {
        var target = await TableAsync();

        Assert.Equal("BackfillNeedsCondition", (await target.RefusedAsync(BackfillRun.Options("t", "n = n + 1"))).Id);
        var error = await target.RefusedAsync(BackfillRun.Options("t", "n = n + 1", "id <> 4"));
        Assert.Equal("BackfillRowsMove", error.Id);
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT sum(n) FROM t"));
    }

    [Theory]
    [InlineData("id = id + 1000000, n = n + 1", null)]
    [InlineData("id = id + 1000000, n = n + 1", "id <> 4")]
    [InlineData("n = n + 1", null, "CREATE TRIGGER away BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION away()")]
    public async Task A_changed_row_must_not_come_up_again_under_another_key(string set, string? where, string? trigger = null)
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        await target.RunAsync(
            "CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := NEW.id + 1000000; RETURN NEW; END $$", trigger ?? "SELECT 1");

        Assert.Equal("BackfillRowsMove", (await target.RefusedAsync(BackfillRun.Options("t", set, where) with { Parallel = 2 })).Id);
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT sum(n) FROM t"));
    }

    [Theory]
    [InlineData("id = id + 1000000, n = n + 1", "id <= 1000000")]
    [InlineData("id = id + 6000 * (id % 2), n = n + 1", "n = 0")]
    public async Task A_key_may_be_changed_where_the_condition_leaves_changed_rows_out(string set, string where)
    {
        var target = await TableAsync(", PRIMARY KEY (id) DEFERRABLE");

        var result = await target.RunAsync(BackfillRun.Options("t", set, where));

        Assert.Equal((5000, true), (result.Rows, result.Verified));
        Assert.True(await target.ScalarAsync<bool>(Once));
    }

    [Fact]
    public async Task A_condition_that_changed_rows_still_fit_does_not_change_them_twice()
    {
        var target = await TableAsync(", PRIMARY KEY (id)");

        // The first rows do not fit any more when changed, the others do: only the whole tells.
        await target.RunAsync("UPDATE t SET n = 9 WHERE id <= 2000");
        var result = await target.RunAsync(BackfillRun.Options("t", "n = n + 1", "n < 10"));

        Assert.Equal((5000, false), (result.Rows, result.Verified));
        Assert.Equal("2000,3000", await target.ScalarAsync<string>(
            "SELECT count(*) FILTER (WHERE id <= 2000 AND n = 10) || ',' || count(*) FILTER (WHERE id > 2000 AND n = 1) FROM t"));
    }

    [Fact]
    public async Task Rows_that_come_behind_the_walk_are_found()
    {
        var target = await UsersAsync();
        using var observer = new ActingObserver(() => target.RunAsync("INSERT INTO users VALUES (-1, NULL)"));

        var result = await target.RunAsync(BackfillRun.Options("users", "status = 'active'", "status IS NULL"), observer);

        Assert.Equal((5001, true), (result.Rows, result.Verified));
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT count(*) FROM users WHERE status IS NULL"));
    }

    [Fact]
    public async Task Rows_that_come_for_ever_end_the_run_with_an_error()
    {
        var target = await UsersAsync();
        await target.RunAsync(
            "CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO users SELECT min(id) - 1, NULL FROM users; RETURN NULL; END $$",
            "CREATE TRIGGER more AFTER UPDATE ON users FOR EACH STATEMENT EXECUTE FUNCTION more()");

        Assert.Equal("BackfillRowsLeft", (await target.RefusedAsync(BackfillRun.Options("users", "status = 'active'", "status IS NULL"))).Id);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_stopped_run_goes_on_where_it_was(int parallel)
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        await target.RunAsync("ANALYZE t");
        var options = BackfillRun.Unhurried("t", "n = n + 1") with { Parallel = parallel };
        using var stop = new CancellationTokenSource();
        using var observer = new ActingObserver(stop.CancelAsync);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => target.RunAsync(options, observer, stop.Token));

        Assert.Contains("the same command goes on", Assert.Single(observer.Texts(MessageLevel.Warning)), StringComparison.Ordinal);
        var before = await target.ScalarAsync<long>("SELECT sum(n) FROM t");
        Assert.InRange(before, 1000 / parallel, 4999);
        Assert.Equal(parallel, await target.ScalarAsync<long>("SELECT count(*) FROM dbmigrate.backfill"));
        Assert.Equal(before, await target.ScalarAsync<long>("SELECT sum(changed)::bigint FROM dbmigrate.backfill"));

        await using (var job = await BackfillJob.OpenAsync(options, target, observer, CancellationToken.None))
        {
            Assert.Equal((true, before), (job.Plan.Resumes, job.Plan.RowsBefore));
            var result = await job.RunAsync(CancellationToken.None);
            Assert.Equal((5000 - before, before), (result.Rows, result.RowsBefore));
        }

        Assert.True(await target.ScalarAsync<bool>(Once));
        Assert.False(await target.HasStateAsync());
    }

    [Fact]
    public async Task Another_backfill_does_not_go_on_with_it_and_Restart_begins_again()
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        var options = BackfillRun.Options("t", "n = n + 1");
        using (var stop = new CancellationTokenSource())
        using (var stopping = new ActingObserver(stop.CancelAsync))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => target.RunAsync(options, stopping, stop.Token));
        }

        var observer = new RecordingObserver();
        await target.RunAsync(BackfillRun.Options("t", "n = 0"), observer);
        Assert.Contains("SET n = n + 1", Assert.Single(observer.Texts(MessageLevel.Warning)), StringComparison.Ordinal);
        Assert.True(await target.HasStateAsync());

        var result = await target.RunAsync(options with { Restart = true });
        Assert.Equal((5000, 0), (result.Rows, result.RowsBefore));
        Assert.True(await target.ScalarAsync<bool>(Once));
        Assert.False(await target.HasStateAsync());
    }

    [Fact]
    public async Task Others_that_were_stopped_can_be_forgotten()
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        using var stop = new CancellationTokenSource();
        using var stopping = new ActingObserver(stop.CancelAsync);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => target.RunAsync(BackfillRun.Options("t", "n = n + 7"), stopping, stop.Token));
        var begun = new TaskCompletionSource();
        using var stopSecond = new CancellationTokenSource();
        using var second = new ActingObserver(() =>
        {
            begun.SetResult();
            return Task.CompletedTask;
        });
        var running = target.RunAsync(BackfillRun.Options("t", "n = n + 0") with { Pause = TimeSpan.FromMinutes(10) }, second, stopSecond.Token);
        await Task.WhenAny(begun.Task, running).WaitAsync(TimeSpan.FromMinutes(2));

        // Each runner holds its own key and that of its part, and no other's.
        long? keys = null;
        using var observer = new ActingObserver(async () => keys = await target.ScalarAsync<long>(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"));
        await target.RunAsync(BackfillRun.Options("t", "n = 1") with { DiscardOthers = true }, observer);
        Assert.Equal(4, keys);

        Assert.Collection(
            observer.Texts(MessageLevel.Warning),
            m => Assert.EndsWith("is not finished: SET n = n + 0. This one is not the same, and starts by itself; the other will be forgotten, unless it is running.", m, StringComparison.Ordinal),
            m => Assert.Contains("is not finished: SET n = n + 7. ", m, StringComparison.Ordinal),
            m => Assert.EndsWith("is running, and stays: SET n = n + 0.", m, StringComparison.Ordinal));
        Assert.Contains(observer.Texts(MessageLevel.Verbose), m => m.Contains("is forgotten: SET n = n + 7", StringComparison.Ordinal));
        Assert.Equal("SET n = n + 0", await target.ScalarAsync<string>("SELECT description FROM dbmigrate.backfill"));
        await stopSecond.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Theory]
    [InlineData("LOCK t")]
    [InlineData("LOCK t IN SHARE MODE")]
    public async Task A_table_that_stays_locked_is_said_with_its_holder_before_anything_runs(string statement)
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        await using var other = await target.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand(statement, other, transaction))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var error = await target.RefusedAsync(BackfillRun.Options("t", "n = n + 1"));

        Assert.Equal("LockTimeout", error.Id);
        Assert.Contains($"pid {other.ProcessID} ", error.Message, StringComparison.Ordinal);
        Assert.False(await target.HasStateAsync());
    }

    [Fact]
    public async Task When_its_holder_cannot_be_found_a_locked_table_is_still_said_to_be_locked()
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        await using var other = await target.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync();

        // Both the look at the table and the question who has it read this.
        await using (var hold = new NpgsqlCommand("LOCK pg_catalog.pg_inherits", other, transaction))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var error = await target.RefusedAsync(BackfillRun.Options("t", "n = n + 1"));
        Assert.Equal(("LockTimeout", "t stayed locked for 5 s. Nothing was changed."), (error.Id, error.Message));

        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(7.5));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => target.RunAsync(BackfillRun.Options("t", "n = n + 1"), null, stop.Token));

        // Neither has left its session.
        await Scene.WaitForAsync(
            () => target.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"), count => count == 2);
    }

    [Fact]
    public async Task What_fails_before_a_row_is_changed_leaves_no_record()
    {
        var target = await TableAsync(", PRIMARY KEY (id), CHECK (id <> 1 OR n < 1)");

        Assert.Equal("SqlError", (await target.RefusedAsync(BackfillRun.Options("t", "n = n + 1"))).Id);

        Assert.False(await target.HasStateAsync());
    }

    [Fact]
    public async Task The_record_of_a_dropped_table_goes_with_the_next_backfill()
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        using var stop = new CancellationTokenSource();
        using var observer = new ActingObserver(stop.CancelAsync);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => target.RunAsync(BackfillRun.Options("t", "n = n + 1"), observer, stop.Token));

        await target.RunAsync("DROP TABLE t", "CREATE TABLE t (id int PRIMARY KEY, n int)", "INSERT INTO t SELECT g, 0 FROM generate_series(1, 5000) g");
        var result = await target.RunAsync(BackfillRun.Options("t", "n = n + 1"));

        Assert.Equal((5000, 0), (result.Rows, result.RowsBefore));
        Assert.False(await target.HasStateAsync());
    }

    [Fact]
    public async Task The_same_backfill_does_not_run_twice_at_once()
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        var options = BackfillRun.Options("t", "n = n + 1") with { Pause = TimeSpan.FromMinutes(10), RunnerWait = TimeSpan.Zero };
        using var stop = new CancellationTokenSource();
        var started = new TaskCompletionSource();
        using var observer = new ActingObserver(() =>
        {
            started.SetResult();
            return Task.CompletedTask;
        });
        var running = target.RunAsync(options, observer, stop.Token);
        await Task.WhenAny(started.Task, running).WaitAsync(TimeSpan.FromMinutes(2));

        var error = await target.RefusedAsync(options);

        Assert.Equal("BackfillBusy", error.Id);
        Assert.Matches("pid [0-9]+, user ", error.Message);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task Of_several_that_start_together_one_changes_the_rows()
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        var options = BackfillRun.Options("t", "n = n + 1") with { RunnerWait = TimeSpan.FromMinutes(2) };
        var jobs = new List<BackfillJob>();
        var observers = new List<ActingObserver>();
        for (var i = 0; i < 3; i++)
        {
            // Who came when all is done would begin again: the one that is at work goes on when both others wait for it.
            var observer = new ActingObserver(() => Eventually.IsTrueAsync(
                () => observers.Count(o => o.Texts(MessageLevel.Verbose).Any(m => m.StartsWith("Waiting for another run", StringComparison.Ordinal))) == 2));
            observers.Add(observer);
            jobs.Add(await BackfillJob.OpenAsync(options, target, observer, CancellationToken.None));
        }

        var outcomes = await Task.WhenAll(jobs.Select(async job =>
        {
            await using (job)
            {
                try
                {
                    return (await job.RunAsync(CancellationToken.None)).Rows.ToString(CultureInfo.InvariantCulture);
                }
                catch (DbMigrateException e)
                {
                    return e.Id;
                }
            }
        }));

        observers.ForEach(o => o.Dispose());
        Assert.Equal(["5000", "BackfillEndedMeanwhile", "BackfillEndedMeanwhile"], outcomes.Order());
        Assert.True(await target.ScalarAsync<bool>(Once));
        Assert.False(await target.HasStateAsync());
    }

    [Fact]
    public async Task A_run_that_has_ended_is_in_nobodys_way()
    {
        var target = await TableAsync(", PRIMARY KEY (id), CHECK (n < 2)");
        var options = BackfillRun.Options("t", "n = n + 1") with { RunnerWait = TimeSpan.Zero };

        // Its session is there still, as it may be on the server for a moment after the program has ended.
        await using var done = await BackfillJob.OpenAsync(options, target, new RecordingObserver(), CancellationToken.None);
        Assert.Equal(5000, (await done.RunAsync(CancellationToken.None)).Rows);
        await using var failed = await BackfillJob.OpenAsync(options, target, new RecordingObserver(), CancellationToken.None);
        Assert.Equal("SqlError", (await Assert.ThrowsAsync<DbMigrateException>(() => failed.RunAsync(CancellationToken.None))).Id);

        await target.RunAsync("ALTER TABLE t DROP CONSTRAINT t_n_check");
        Assert.Equal(5000, (await target.RunAsync(options)).Rows);
    }

    [Fact]
    public async Task A_run_that_would_go_on_does_not_begin_again_when_another_has_ended_it()
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        var options = BackfillRun.Options("t", "n = n + 1");
        using (var stop = new CancellationTokenSource())
        using (var stopping = new ActingObserver(stop.CancelAsync))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => target.RunAsync(options, stopping, stop.Token));
        }

        await using var late = await BackfillJob.OpenAsync(options, target, new RecordingObserver(), CancellationToken.None);
        await target.RunAsync(options);

        Assert.Equal("BackfillEndedMeanwhile", (await Assert.ThrowsAsync<DbMigrateException>(() => late.RunAsync(CancellationToken.None))).Id);
        Assert.True(await target.ScalarAsync<bool>(Once));
    }

    [Fact]
    public async Task A_batch_that_a_killed_runner_left_at_work_is_waited_for()
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        var options = BackfillRun.Options("t", "n = n + 1");
        using var stop = new CancellationTokenSource();
        using var observer = new ActingObserver(stop.CancelAsync);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => target.RunAsync(options, observer, stop.Token));

        // As the server's process of the killed runner does: its batch is not committed yet, and nobody listens any more.
        await using var leftover = await target.ConnectAsync();
        var id = await target.ScalarAsync<string>("SELECT id FROM dbmigrate.backfill");
        var first = await target.ScalarAsync<int>("SELECT min(id) FROM t WHERE n = 0");
        await using (var work = new NpgsqlBatch(leftover)
        {
            BatchCommands =
            {
                new($"SELECT pg_advisory_lock({new BackfillState(id!, "").PartKey(0)})"),
                new("BEGIN"),
                new($"UPDATE t SET n = n + 1 WHERE id BETWEEN {first} AND {first + 99}"),
                new($"UPDATE dbmigrate.backfill SET position = '[\"{first + 99}\"]', changed = changed + 100"),
            },
        })
        {
            await work.ExecuteNonQueryAsync();
        }

        var messages = new RecordingObserver();
        var running = target.RunAsync(options, messages);
        await Eventually.IsTrueAsync(
            () => messages.Texts(MessageLevel.Verbose).Any(m => m.StartsWith("Waiting for another run", StringComparison.Ordinal)), running);

        await using (var commit = new NpgsqlCommand("COMMIT", leftover))
        {
            await commit.ExecuteNonQueryAsync();
        }

        await leftover.CloseAsync();
        await running;
        Assert.True(await target.ScalarAsync<bool>(Once));
    }

    [Fact]
    public async Task A_row_that_somebody_holds_makes_batches_smaller_until_it_is_free()
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        await using var other = await target.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("UPDATE t SET n = 100 WHERE id = 700", other, transaction))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var observer = new RecordingObserver();
        var options = BackfillRun.Options("t", "n = n + 1") with { BatchDuration = TimeSpan.FromMilliseconds(50) };
        var running = target.RunAsync(options, observer);

        // The rows before it get done meanwhile.
        await Eventually.IsTrueAsync(async () => await target.ScalarAsync<long>("SELECT count(*) FROM t WHERE id < 700 AND n = 1") >= 500, running);

        await transaction.RollbackAsync();
        var result = await running;

        Assert.True(result.Retries > 0);
        Assert.Equal(5000, result.Rows);
        Assert.True(await target.ScalarAsync<bool>(Once));
        Assert.Contains(observer.Texts(MessageLevel.Verbose), m => m.Contains("rolled back", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_look_ahead_that_runs_out_of_time_is_tried_again_smaller()
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        var observer = new RecordingObserver();
        await using var job = await BackfillJob.OpenAsync(
            BackfillRun.Options("t", "n = n + 1") with { BatchDuration = TimeSpan.FromMilliseconds(50) }, target, observer, CancellationToken.None);
        await using var other = await target.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("LOCK TABLE t", other, transaction))
        {
            await hold.ExecuteNonQueryAsync();
        }

        // The first thing that a worker asks is where its first batch ends.
        var running = job.RunAsync(CancellationToken.None);
        await Eventually.IsTrueAsync(() => observer.Texts(MessageLevel.Verbose).Any(m => m.Contains("rolled back", StringComparison.Ordinal)), running);

        await transaction.RollbackAsync();
        Assert.Equal(5000, (await running).Rows);
        Assert.True(await target.ScalarAsync<bool>(Once));
    }

    [Fact]
    public async Task Without_its_record_a_batch_changes_nothing()
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        using var observer = new ActingObserver(() => target.RunAsync("DELETE FROM dbmigrate.backfill"));

        var error = await Assert.ThrowsAsync<DbMigrateException>(() => target.RunAsync(BackfillRun.Unhurried("t", "n = n + 1"), observer));

        Assert.Equal("BackfillStateLost", error.Id);
        Assert.Equal(1000, await target.ScalarAsync<long>("SELECT sum(n) FROM t"));
    }

    [SkippableFact]
    public async Task A_column_that_is_NOT_NULL_for_new_rows_only_is_no_key()
    {
        Skip.If((await SandboxFixture.ServerAsync()).ServerVersion.Major < 18, "NOT TESTED: NOT NULL NOT VALID needs PostgreSQL 18.");
        var target = await TableAsync();
        await target.RunAsync(
            "CREATE UNIQUE INDEX ON t (id)", "UPDATE t SET id = NULL WHERE id % 10 = 0", "ALTER TABLE t ADD CONSTRAINT later NOT NULL id NOT VALID");

        // A walk along the index would end before the rows with NULL.
        var result = await target.RunAsync(BackfillRun.Options("t", "n = n + 1, id = coalesce(id, 0 - random(1, 1000000000))", "n = 0"));

        Assert.Equal((5000, true), (result.Rows, result.Verified));
        Assert.True(await target.ScalarAsync<bool>(Once));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_row_that_is_never_free_ends_the_run_and_its_holder_is_named(bool isPooled)
    {
        Skip.If(isPooled && !Pooler.IsInstalled, "SKIPPED: pgbouncer is not installed, so no pooler was tried.");
        var target = await TableAsync(", PRIMARY KEY (id)");
        await using var other = await target.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("UPDATE t SET n = 100 WHERE id = 700", other, transaction))
        {
            await hold.ExecuteNonQueryAsync();
        }

        // The wait is longer than the monitor's interval, so that it is seen.
        var options = BackfillRun.Options("t", "n = n + 1") with { BatchDuration = TimeSpan.FromSeconds(1), LockRetries = 2 };
        await using var pooler = isPooled ? await Pooler.StartAsync(target, "session") : null;
        var error = await (pooler?.Target ?? target).RefusedAsync(options);

        Assert.Equal("LockTimeout", error.Id);
        Assert.Contains($"pid {other.ProcessID} (", error.Message, StringComparison.Ordinal);
        await transaction.RollbackAsync();
        Assert.Equal(5000, (await target.RunAsync(options)) is var result ? result.Rows + result.RowsBefore : 0);
        Assert.True(await target.ScalarAsync<bool>(Once));
    }

    [Fact]
    public async Task Who_held_a_row_is_named_when_the_last_try_was_not_looked_at()
    {
        var target = await TableAsync(", PRIMARY KEY (id)");
        await using var other = await target.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("UPDATE t SET n = 100 WHERE id = 1001", other, transaction))
        {
            await hold.ExecuteNonQueryAsync();
        }

        // The first batch ends before that row. When a try was seen to wait, the monitor is kept from looking again: it reads this, and a batch does not.
        await using var blind = await target.ConnectAsync();
        await using var blinding = await blind.BeginTransactionAsync();
        using var observer = new ActingObserver(
            async () =>
            {
                await using var command = new NpgsqlCommand("LOCK pg_catalog.pg_inherits", blind, blinding);
                await command.ExecuteNonQueryAsync();
            },
            ", held by pid ");
        var options = BackfillRun.Options("t", "n = n + 1") with { BatchDuration = TimeSpan.FromSeconds(1), LockRetries = 3 };
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => target.RunAsync(options, observer));

        Assert.Equal("LockTimeout", error.Id);
        Assert.Contains($"pid {other.ProcessID} (", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_that_takes_longer_than_a_batch_may_gets_its_time()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync(
            "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, had interval)",
            "INSERT INTO t SELECT g FROM generate_series(1, 300) g",
            """
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.id <= 2 THEN PERFORM pg_sleep(0.5); END IF;
                NEW.had := current_setting('statement_timeout');
                RETURN NEW;
            END $$
            """,
            "CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION slow()");
        var observer = new RecordingObserver();

        var result = await target.RunAsync(BackfillRun.Options("t", "n = n + 1") with { BatchDuration = TimeSpan.FromMilliseconds(100) }, observer);

        Assert.Equal(300, result.Rows);
        Assert.True(result.Retries > 0);
        var warnings = observer.Texts(MessageLevel.Warning);
        Assert.Contains("triggers that fire for each changed row: slow", warnings[0], StringComparison.Ordinal);

        // Nobody is in the way, and still it is told that it does not get on: with the third failure in a row, and each tenth from there.
        Assert.InRange(warnings.Count - 1, 1, result.Retries / 3);
        Assert.All(warnings.Skip(1), warning => Assert.StartsWith("A batch of public.t was rolled back", warning, StringComparison.Ordinal));
        Assert.True(await target.ScalarAsync<bool>("SELECT bool_and(n = 1) FROM t"));

        // And only it: batches of several rows keep to their limit.
        Assert.True(await target.ScalarAsync<bool>("SELECT had > '500 ms' FROM t WHERE id = 1"));
        Assert.Equal(
            "00:00:00.2",
            await target.ScalarAsync<string>("SELECT string_agg(DISTINCT had::text, ',') FROM t WHERE xmin::text IN (SELECT xmin::text FROM t GROUP BY xmin::text HAVING count(*) > 1)"));
    }

    [Fact]
    public async Task The_plan_shows_the_first_batch_and_writes_nothing()
    {
        var target = await UsersAsync();
        var options = new BackfillOptions
        {
            Table = "public.users",
            Set = "status = @status",
            Where = "status IS NULL",
            Parameters = new Dictionary<string, object?> { ["status"] = "active" },
        };
        await using var job = await BackfillJob.OpenAsync(options, target, new RecordingObserver(), CancellationToken.None);

        Assert.Equal(
            "UPDATE ONLY \"public\".\"users\" SET status = $1 WHERE \"id\" <= $2 AND (status IS NULL) RETURNING (status IS NULL) IS TRUE, NOT (\"id\" <= $3)", job.Plan.Statement);
        Assert.Equal(("public.users", "primary key (id)", 5000L, false), (job.Plan.Table, job.Plan.Walk, job.Plan.EstimatedRows, job.Plan.Resumes));
        Assert.Contains("Index Cond: (id <= 1000)", job.Plan.QueryPlan, StringComparison.Ordinal);
        Assert.False(await target.HasStateAsync());
        Assert.Equal(5000, await target.ScalarAsync<long>("SELECT count(*) FROM users WHERE status IS NULL"));
    }

    [Fact]
    public async Task Misleading_statistics_do_not_make_it_scan_the_table()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync(
            "CREATE TABLE t (tenant int, id int, n int NOT NULL DEFAULT 0, PRIMARY KEY (tenant, id))",
            "INSERT INTO t SELECT 1, g FROM generate_series(1, 20000) g",
            "ANALYZE t");
        await using var job = await BackfillJob.OpenAsync(BackfillRun.Options("t", "n = n + 1"), target, new RecordingObserver(), CancellationToken.None);

        Assert.DoesNotContain("Seq Scan", job.Plan.QueryPlan, StringComparison.Ordinal);
        Assert.Contains("ROW(tenant, id) <= ROW(1, 1000)", job.Plan.QueryPlan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_are_data_and_take_the_type_of_their_column()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync(
            "CREATE TABLE t (id int PRIMARY KEY, \"Na\"\"me\" text, price numeric, born date, is_on boolean, data jsonb, raw bytea, nap interval, gone text DEFAULT 'x')",
            "INSERT INTO t (id) VALUES (1)");
        await target.RunAsync(new BackfillOptions
        {
            Table = "t",
            Values = new Dictionary<string, object?>
            {
                ["Na\"me"] = "O'Brien; DROP TABLE t; --",
                ["price"] = 1.5m,
                ["born"] = new DateTime(2024, 2, 29, 0, 0, 0, DateTimeKind.Unspecified),
                ["is_on"] = true,
                ["data"] = """{"a": 1}""",
                ["raw"] = new byte[] { 1, 255 },
                ["nap"] = TimeSpan.FromSeconds(90.5),
                ["gone"] = null,
            },
        });

        Assert.Equal(
            "O'Brien; DROP TABLE t; --|1.5|2024-02-29|true|{\"a\": 1}|\\x01ff|00:01:30.5|",
            await target.ScalarAsync<string>("SELECT \"Na\"\"me\" || '|' || price || '|' || born || '|' || is_on || '|' || data || '|' || raw || '|' || nap || '|' || coalesce(gone, '') FROM t"));
    }

    [Fact]
    public async Task A_partitioned_table_is_walked_by_its_key()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync(
            "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0) PARTITION BY RANGE (id)",
            "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (2000)",
            "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (2000) TO (MAXVALUE)",
            "INSERT INTO t SELECT g FROM generate_series(1, 5000) g",
            "ANALYZE t",
            "CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
            "CREATE TRIGGER everywhere BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION same()",
            "CREATE TRIGGER below BEFORE UPDATE ON t2 FOR EACH ROW EXECUTE FUNCTION same()",
            "CREATE TABLE u (id int) PARTITION BY RANGE (id)");
        var observer = new RecordingObserver();
        await using var job = await BackfillJob.OpenAsync(BackfillRun.Options("t", "n = n + 1") with { Parallel = 2 }, target, observer, CancellationToken.None);
        Assert.Equal("public.t has triggers that fire for each changed row: below, everywhere.", Assert.Single(observer.Texts(MessageLevel.Warning)));

        Assert.Equal(5000, job.Plan.EstimatedRows);
        Assert.Equal(5000, (await job.RunAsync(CancellationToken.None)).Rows);
        Assert.True(await target.ScalarAsync<bool>(Once));
        Assert.Equal("NotATable", (await target.RefusedAsync(BackfillRun.Options("u", "id = 1", "id = 2"))).Id);
    }

    [Theory]
    [InlineData("nowhere", "TableNotFound")]
    [InlineData("public.nowhere", "TableNotFound")]
    [InlineData("nowhere.users", "TableNotFound")]
    [InlineData("users; DROP TABLE users", "InvalidTableName")]
    [InlineData("", "InvalidTableName")]
    [InlineData("v", "NotATable")]
    [InlineData("parent", "NotATable")]
    [InlineData("pg_catalog.pg_description", "NotATable")]
    [InlineData("information_schema.sql_features", "NotATable")]
    public async Task What_is_no_table_to_walk_is_refused(string table, string id)
    {
        var target = await UsersAsync();
        await target.RunAsync("CREATE VIEW v AS SELECT * FROM users", "CREATE TABLE parent (id int PRIMARY KEY, status text)", "CREATE TABLE child () INHERITS (parent)");

        Assert.Equal(id, (await target.RefusedAsync(BackfillRun.Options(table, "status = 'x'", "status IS NULL"))).Id);
    }

    [Theory]
    [InlineData("nosuch = 1", null, "SqlError")]
    [InlineData("status = ", null, "SqlError")]
    [InlineData("status = 'a'", "status IS NULL ORDER BY 1", "SqlError")]
    [InlineData("id = 'x'", null, "SqlError")]
    public async Task What_the_server_does_not_accept_is_said_before_anything_runs(string set, string? where, string id)
    {
        var target = await UsersAsync();
        var error = await target.RefusedAsync(BackfillRun.Options("users", set, where));
        Assert.Equal((id, "Mend the cause and run again. Nothing was changed."), (error.Id, error.NextStep));
        Assert.False(await target.HasStateAsync());
    }

    [Fact]
    public async Task A_row_that_the_server_refuses_stops_the_run_and_the_rest_stays_to_be_done()
    {
        var target = await TableAsync(", PRIMARY KEY (id), CHECK (id <> 2500 OR n < 1)");
        var error = await target.RefusedAsync(BackfillRun.Options("t", "n = n + 1"));

        Assert.Equal("SqlError", error.Id);
        Assert.Contains("goes on from there", error.NextStep, StringComparison.Ordinal);
        Assert.True(await target.HasStateAsync());
        await target.RunAsync("ALTER TABLE t DROP CONSTRAINT t_check");
        await target.RunAsync(BackfillRun.Options("t", "n = n + 1"));
        Assert.True(await target.ScalarAsync<bool>(Once));
    }

    [Theory]
    [InlineData("", "NoWritePrivilege")]
    [InlineData("GRANT SELECT ON users TO \"{0}\"", "NoWritePrivilege")]
    [InlineData("GRANT SELECT, UPDATE (id) ON users TO \"{0}\"", "SqlPermission")]
    [InlineData("GRANT SELECT, UPDATE ON users TO \"{0}\"", "NotOwner")]
    public async Task A_role_without_the_privilege_is_told_so_before_anything_runs(string grant, string id)
    {
        var owner = await UsersAsync();
        var role = "role_" + owner.Database;
        await owner.RunAsync($"CREATE ROLE \"{role}\" LOGIN PASSWORD 'p'", $"GRANT CREATE ON DATABASE \"{owner.Database}\" TO \"{role}\"", grant.Length == 0
            ? "SELECT 1" : string.Format(CultureInfo.InvariantCulture, grant, role));
        var settings = new NpgsqlConnectionStringBuilder(owner.ConnectionString) { Username = role, Password = "p" };
        var target = new DbTarget(settings.ConnectionString) { Host = owner.Host, Port = owner.Port, Database = owner.Database, User = role, Source = "test" };

        Assert.Equal(id, (await target.RefusedAsync(BackfillRun.Options("users", "status = 'x'", "status IS NULL") with { ThenSetNotNull = "status" })).Id);
        Assert.False(await owner.HasStateAsync());
    }

    [Fact]
    public async Task What_a_role_without_the_schema_is_told_to_be_granted_is_what_it_needs()
    {
        var owner = await UsersAsync();
        var role = "role_" + owner.Database;
        await owner.RunAsync($"CREATE ROLE \"{role}\" LOGIN PASSWORD 'p'", $"GRANT SELECT, UPDATE ON users TO \"{role}\"");
        var settings = new NpgsqlConnectionStringBuilder(owner.ConnectionString) { Username = role, Password = "p" };
        var target = new DbTarget(settings.ConnectionString) { Host = owner.Host, Port = owner.Port, Database = owner.Database, User = role, Source = "test" };
        var options = BackfillRun.Options("users", "status = 'x'", "status IS NULL");

        // No schema; then another role's, with its table; then another's table alone.
        await GrantAsync("create the schema dbmigrate", "GRANT CREATE ON DATABASE");
        using var stop = new CancellationTokenSource();
        using var stopping = new ActingObserver(stop.CancelAsync);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => owner.RunAsync(BackfillRun.Options("users", "status = 'y'"), stopping, stop.Token));
        var grants = await GrantAsync("create tables in the schema dbmigrate", "GRANT USAGE, CREATE ON SCHEMA");
        Assert.Equal(2, grants);
        await owner.RunAsync($"REVOKE DELETE ON dbmigrate.backfill FROM \"{role}\"");
        await GrantAsync("read and change the table dbmigrate.backfill", "GRANT SELECT, INSERT, UPDATE, DELETE ON dbmigrate.backfill");

        await target.RunAsync(options);
        Assert.Equal(0, await owner.ScalarAsync<long>("SELECT count(*) FROM users WHERE status IS NULL"));

        async Task<int> GrantAsync(string denied, string grant)
        {
            var error = await target.RefusedAsync(options);
            Assert.Equal("NoProgressTable", error.Id);
            Assert.Contains($"may not {denied} on ", error.Message, StringComparison.Ordinal);
            Assert.StartsWith($"Let an owner run: {grant}", error.NextStep, StringComparison.Ordinal);
            var statements = error.NextStep["Let an owner run: ".Length..].Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            await owner.RunAsync(statements);
            return statements.Length;
        }
    }

    [Fact]
    public async Task A_role_that_cannot_keep_the_position_and_a_read_only_database_are_refused()
    {
        var target = await UsersAsync();
        await target.RunAsync($"ALTER DATABASE \"{target.Database}\" SET default_transaction_read_only = on");
        Assert.Equal("ReadOnly", (await target.RefusedAsync(BackfillRun.Options("users", "status = 'x'"))).Id);
    }

    [Fact]
    public async Task The_server_is_not_made_to_write_more_WAL_than_allowed()
    {
        // What counts is what the whole server writes, for other tests as well.
        await using var server = await DbSandbox.StartAsync(install: true, new RecordingObserver(), CancellationToken.None);
        var target = await server.CreateDatabaseAsync(name: null, CancellationToken.None);
        await target.RunAsync("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0)", "INSERT INTO t SELECT g FROM generate_series(1, 5000) g");

        // What it may write in six seconds, at once, and where the monitor has looked before and sees it before the next batch.
        using var observer = new ActingObserver(async () =>
        {
            await TwoLooksAsync();
            await target.RunAsync("SELECT pg_logical_emit_message(true, 'test', repeat('x', 12000000))");
            await TwoLooksAsync();
        });

        var result = await target.RunAsync(BackfillRun.Unhurried("t", "n = n + 1") with { MaxWalRate = 2_000_000 }, observer);

        Assert.Equal(5000, result.Rows);
        Assert.Contains(observer.ProgressReports, p => p.Status.Contains("MB of WAL", StringComparison.Ordinal));
        Assert.True(result.Duration >= TimeSpan.FromSeconds(6), result.Duration.ToString());

        // When another look has begun, what the one before it saw is known.
        async Task TwoLooksAsync()
        {
            for (var i = 0; i < 2; i++)
            {
                var now = await target.ScalarAsync<string>("SELECT clock_timestamp()::text");
                await Eventually.IsTrueAsync(() => target.ScalarAsync<bool>(
                    $"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%pg_current_wal_lsn%' AND query_start > '{now}' AND pid <> pg_backend_pid())"));
            }
        }
    }

    [Fact]
    public async Task Progress_tells_rows_rate_and_how_far_it_is()
    {
        var target = await UsersAsync();
        var observer = new RecordingObserver();
        await target.RunAsync(BackfillRun.Unhurried("users", "status = 'active'"), observer);

        var first = observer.ProgressReports[0];
        Assert.StartsWith("Backfilling public.users on ", first.Activity, StringComparison.Ordinal);
        Assert.Matches(@"^1,000 rows, [0-9,]+ rows/s, about 0:[0-9]{2}:[0-9]{2} left$", first.Status);
        Assert.Equal(20, first.Percent);
    }

    private static async Task<DbTarget> UsersAsync()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync(
            "CREATE TABLE users (id int PRIMARY KEY, status text)", "INSERT INTO users SELECT g FROM generate_series(1, 5000) g", "ANALYZE users");
        return target;
    }

    private static async Task<DbTarget> TableAsync(string key = "")
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync($"CREATE TABLE t (id int, n int NOT NULL DEFAULT 0{key})", "INSERT INTO t SELECT g FROM generate_series(1, 5000) g");
        return target;
    }
}
