using DbMigrate.Engine.Migrations;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Migrations;

/// <summary>The main job on a real server, in all four formats.</summary>
public sealed class MigrationProjectTests
{
    private static readonly RunOptions Options = new() { LockTimeout = TimeSpan.FromSeconds(5), RunnerWait = TimeSpan.FromMinutes(2) };

    public static TheoryData<MigrationFormat> Formats => [.. Enum.GetValues<MigrationFormat>()];

    [Theory, MemberData(nameof(Formats))]
    public async Task Applies_what_is_pending_in_order_and_then_finds_nothing(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(format);

        Assert.All(await StatusAsync(folder, target), s => Assert.Equal(MigrationState.Pending, s.State));
        var results = await ApplyAsync(folder, target);

        Assert.Equal([1, 2, 3], results.Select(r => Array.IndexOf([folder.Version(1), folder.Version(2), folder.Version(3)], r.Version) + 1));
        Assert.All(results, r => Assert.Equal(MigrationOutcome.Applied, r.Outcome));
        Assert.Equal([1, 2, 2], results.Select(r => r.Statements));
        Assert.Equal([0, 3, 3], results.Select(r => r.Rows));
        Assert.All(results, r => Assert.True(r.Duration > TimeSpan.Zero));
        Assert.All(await StatusAsync(folder, target), s => Assert.Equal(MigrationState.Applied, s.State));
        Assert.Equal(3, await target.ScalarAsync<long>("SELECT count(*) FROM items WHERE price = 7"));
        Assert.Empty(await ApplyAsync(folder, target));
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task A_plan_writes_nothing(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(format);
        await using var project = await OpenAsync(folder, target);

        Assert.Equal(3, (await project.PlanApplyAsync(new MigrationSelection(), Options, CancellationToken.None)).Count);
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"));
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"));
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task A_failure_keeps_nothing_of_its_migration_and_says_where_it_was(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(format)
            .Add(4, "broken", ["CREATE TABLE half (id int)", "INSERT INTO items (name)\nVALUES ('x'), (nosuch)"])
            .Add(5, "never", ["CREATE TABLE never (id int)"]);

        var (results, error) = await FailAsync(folder, target);

        Assert.Equal(
            [MigrationOutcome.Applied, MigrationOutcome.Applied, MigrationOutcome.Applied, MigrationOutcome.Failed, MigrationOutcome.NotRun],
            results.Select(r => r.Outcome));
        Assert.Equal(results, error.Results);
        Assert.Equal("SqlError", error.Id);
        var failure = error.Failed!.Error!;
        Assert.Equal("42703", failure.SqlState);
        Assert.Equal(folder.UpFile(4), failure.File);
        var line = File.ReadAllLines(failure.File!)[failure.Line - 1];
        Assert.Equal("nosuch", line.Substring(failure.Column - 1, 6));
        Assert.Equal(failure.SourceLine!.IndexOf("nosuch", StringComparison.Ordinal), failure.Caret!.IndexOf('^', StringComparison.Ordinal));
        Assert.Null(await target.ScalarAsync<string>("SELECT to_regclass('half')::text"));

        folder.Add(4, "broken", ["CREATE TABLE half (id int)"]);
        Assert.Equal(2, (await ApplyAsync(folder, target)).Count);
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task Goes_back_and_forth(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(format);
        await ApplyAsync(folder, target);

        var undone = await UndoAsync(folder, target, new MigrationSelection());
        Assert.Equal([folder.Version(3)], undone.Select(r => r.Version));
        Assert.Equal([MigrationState.Applied, MigrationState.Applied], (await StatusAsync(folder, target)).Take(2).Select(s => s.State));
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT count(*) FROM items WHERE price = 7"));

        Assert.Equal(2, (await UndoAsync(folder, target, new MigrationSelection { To = "0" })).Count);
        Assert.Null(await target.ScalarAsync<string>("SELECT to_regclass('items')::text"));
        Assert.Equal(3, (await ApplyAsync(folder, target)).Count);
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task What_cannot_run_in_a_transaction_is_gone_on_with_where_it_stopped(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(format).Add(4, "index", [
            "INSERT INTO items (name, price) VALUES ('twice', 0), ('twice', 0)",
            "CREATE UNIQUE INDEX CONCURRENTLY items_name ON items (name)",
            "ALTER TABLE items ADD COLUMN note text"]);

        var (_, error) = await FailAsync(folder, target);
        Assert.Equal("23505", error.Failed!.Error!.SqlState);
        Assert.Equal(MigrationState.Failed, (await StatusAsync(folder, target))[3].State);
        Assert.Equal(2, await target.ScalarAsync<long>("SELECT count(*) FROM items WHERE name = 'twice'"));
        Assert.Equal(1, await target.ScalarAsync<long>("SELECT count(*) FROM pg_index WHERE NOT indisvalid"));

        await target.RunAsync("DELETE FROM items WHERE ctid IN (SELECT max(ctid) FROM items WHERE name = 'twice')");
        var again = Assert.Single(await ApplyAsync(folder, target));

        Assert.Equal(MigrationOutcome.Applied, again.Outcome);
        Assert.Equal(1, await target.ScalarAsync<long>("SELECT count(*) FROM items WHERE name = 'twice'"));
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT count(*) FROM pg_index WHERE NOT indisvalid"));
        Assert.Equal(1, await target.ScalarAsync<long>("SELECT count(*) FROM pg_class WHERE relname = 'items_name'"));
        Assert.All(await StatusAsync(folder, target), s => Assert.Equal(MigrationState.Applied, s.State));
        Assert.Null(await target.ScalarAsync<string>("SELECT nspname::text FROM pg_namespace WHERE nspname = 'dbmigrate'"));
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task A_finished_part_must_not_change_before_the_rest_runs(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(format);
        string[] Up(string first, string last) => [first, "CREATE INDEX CONCURRENTLY items_name ON items (name)", last];
        folder.Add(4, "index", Up("CREATE TABLE a (id int)", "SELECT 1/0"));
        await FailAsync(folder, target);

        folder.Add(4, "index", Up("CREATE TABLE b (id int)", "SELECT 1"));
        Assert.Equal("HalfAppliedChanged", (await FailAsync(folder, target)).Error.Id);

        folder.Add(4, "index", Up("CREATE TABLE a (id int)", "SELECT 1"));
        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await ApplyAsync(folder, target)).Outcome);
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task An_undo_that_stops_half_way_is_gone_on_with(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(format);
        string[] Down(string last) => ["DROP INDEX CONCURRENTLY items_name", last];
        folder.Add(4, "index", ["CREATE INDEX items_name ON items (name)"], Down("SELECT 1/0"));
        await ApplyAsync(folder, target);

        var error = await Assert.ThrowsAsync<MigrationFailedException>(() => UndoAsync(folder, target, new MigrationSelection()));
        Assert.Equal("22012", error.Failed!.Error!.SqlState);
        Assert.Equal(
            [MigrationState.Applied, MigrationState.Applied, MigrationState.Applied, MigrationState.Failed],
            (await StatusAsync(folder, target)).Select(s => s.State));
        Assert.Equal("MigrationFailed", (await Assert.ThrowsAsync<DbMigrateException>(() => ApplyAsync(folder, target))).Id);

        folder.Add(4, "index", ["CREATE INDEX items_name ON items (name)"], Down("SELECT 1"));
        Assert.Equal(MigrationOutcome.Undone, Assert.Single(await UndoAsync(folder, target, new MigrationSelection())).Outcome);
        Assert.Equal(3, (await StatusAsync(folder, target)).Count(s => s.State == MigrationState.Applied));
        Assert.Single(await ApplyAsync(folder, target));
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task A_statement_that_the_server_refused_is_tried_again_and_not_taken_for_done(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(format).Add(4, "drop", ["SELECT 1", "DROP INDEX CONCURRENTLY typo", "SELECT 2"]);

        Assert.Equal("42704", (await FailAsync(folder, target)).Error.Failed!.Error!.SqlState);
        Assert.Equal("42704", (await FailAsync(folder, target)).Error.Failed!.Error!.SqlState);
        await target.RunAsync("CREATE INDEX typo ON items (name)");
        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await ApplyAsync(folder, target)).Outcome);
        Assert.Null(await target.ScalarAsync<string>("SELECT to_regclass('typo')::text"));
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task An_index_of_the_same_name_is_neither_taken_for_ours_nor_dropped(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(format).Add(4, "index", ["SELECT 1", "CREATE INDEX CONCURRENTLY twin ON items (price)"]);
        await ApplyAsync(folder, target, count: 3);
        await target.RunAsync("CREATE INDEX twin ON items (name)");

        Assert.Equal("42P07", (await FailAsync(folder, target)).Error.Failed!.Error!.SqlState);
        Assert.Equal("42P07", (await FailAsync(folder, target)).Error.Failed!.Error!.SqlState);
    }

    [Theory]
    [InlineData("")]
    [InlineData("IF NOT EXISTS ")]
    public async Task An_invalid_index_that_somebody_left_is_dropped_and_built_again(string conditional)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(MigrationFormat.Sqlx).Add(4, "index", [$"CREATE INDEX CONCURRENTLY {conditional}items_half ON items (name)"]);
        await ApplyAsync(folder, target, count: 3);
        await target.RunAsync(
            "CREATE INDEX items_half ON items (name)", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'items_half'::regclass");

        var observer = new RecordingObserver();
        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await ApplyAsync(folder, target, observer)).Outcome);

        Assert.True(await target.ScalarAsync<bool>("SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_half'::regclass"));
        Assert.Contains(observer.Texts(MessageLevel.Warning), w => w.Contains("left by somebody", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task What_the_finished_part_had_set_holds_for_the_rest(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync("CREATE SCHEMA app");
        using var folder = Shop(format);
        string[] Up(string last) => ["SET search_path = app, public", "CREATE INDEX CONCURRENTLY items_name ON items (name)", last, "CREATE TABLE there (id int)"];
        folder.Add(4, "index", Up("SELECT 1/0"));
        await FailAsync(folder, target);

        folder.Add(4, "index", Up("SELECT 1"));
        await ApplyAsync(folder, target);

        Assert.Equal("app", await target.ScalarAsync<string>("SELECT schemaname::text FROM pg_tables WHERE tablename = 'there'"));
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task Resolve_settles_a_half_done_undo_either_way(MigrationFormat format)
    {
        foreach (var (action, state) in new[] { (ResolveAction.Applied, MigrationState.Applied), (ResolveAction.RolledBack, MigrationState.Pending) })
        {
            var target = await SandboxFixture.NewDatabaseAsync();
            using var folder = Shop(format);
            folder.Add(4, "index", ["CREATE INDEX items_name ON items (name)"], ["DROP INDEX CONCURRENTLY items_name", "SELECT 1/0"]);
            await ApplyAsync(folder, target);
            await Assert.ThrowsAsync<MigrationFailedException>(() => UndoAsync(folder, target, new MigrationSelection()));

            await using var project = await OpenAsync(folder, target);
            await project.ResolveAsync(folder.Version(4), action, Options, CancellationToken.None);

            var after = (await project.GetStatusAsync(CancellationToken.None))[3].State;
            Assert.Equal(state, after == MigrationState.RolledBack ? MigrationState.Pending : after);
            Assert.Null(await target.ScalarAsync<string>("SELECT to_regnamespace('dbmigrate')::text"));
        }
    }

    [Fact]
    public async Task A_forced_version_settles_what_was_half_way()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(MigrationFormat.GolangMigrate)
            .Add(4, "index", ["CREATE TABLE again (id int)", "CREATE INDEX CONCURRENTLY items_name ON items (name)", "SELECT 1/0"]);
        await FailAsync(folder, target);
        await target.RunAsync("DROP TABLE again", "DROP INDEX items_name");

        await using (var project = await OpenAsync(folder, target))
        {
            await project.ResolveAsync("3", ResolveAction.Force, Options, CancellationToken.None);
        }

        folder.Add(4, "index", ["CREATE TABLE again (id int)", "CREATE INDEX CONCURRENTLY items_name ON items (name)"]);
        await ApplyAsync(folder, target);
        Assert.Equal("again", await target.ScalarAsync<string>("SELECT to_regclass('again')::text"));
    }

    [Fact]
    public async Task Another_roles_unfinished_migration_is_nobody_elses_business()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(MigrationFormat.Sqlx).Add(4, "index", ["CREATE INDEX CONCURRENTLY items_name ON items (name)", "SELECT 1/0"]);
        await FailAsync(folder, target);
        var role = "monitor_" + target.Database;
        await target.RunAsync($"CREATE ROLE \"{role}\" LOGIN PASSWORD 'secret'", $"GRANT SELECT ON _sqlx_migrations TO \"{role}\"");
        var settings = new NpgsqlConnectionStringBuilder(target.ConnectionString) { Username = role, Password = "secret" };

        var states = (await StatusAsync(folder, Engine.Targets.TargetResolver.Resolve(settings.ConnectionString, _ => null))).Select(s => s.State);

        Assert.Equal([MigrationState.Applied, MigrationState.Applied, MigrationState.Applied, MigrationState.Pending], states);
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task Resolve_forgets_a_half_applied_migration(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(format).Add(4, "index", ["CREATE INDEX CONCURRENTLY items_name ON items (name)", "SELECT 1/0"]);
        await FailAsync(folder, target);

        await using (var project = await OpenAsync(folder, target))
        {
            var status = await project.ResolveAsync(folder.Version(4), ResolveAction.Applied, Options, CancellationToken.None);
            Assert.Equal(MigrationState.Applied, status.State);
        }

        Assert.Empty(await ApplyAsync(folder, target));
        Assert.Null(await target.ScalarAsync<string>("SELECT nspname::text FROM pg_namespace WHERE nspname = 'dbmigrate'"));
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task Resolve_marks_without_running(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(format);
        await using var project = await OpenAsync(folder, target);

        var applied = await project.ResolveAsync(folder.Version(1), ResolveAction.Applied, Options, CancellationToken.None);
        Assert.Equal(MigrationState.Applied, applied.State);
        Assert.Null(await target.ScalarAsync<string>("SELECT to_regclass('items')::text"));
    }

    [Fact]
    public async Task What_has_no_file_cannot_be_recorded_as_applied()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(MigrationFormat.Sqlx);
        await ApplyAsync(folder, target);
        File.Delete(folder.UpFile(3));
        File.Delete(folder.UpFile(3).Replace(".up.", ".down.", StringComparison.Ordinal));
        await using var project = await OpenAsync(folder, target);

        var error = await Assert.ThrowsAsync<DbMigrateException>(() => project.PlanResolveAsync("3", ResolveAction.Applied, CancellationToken.None));

        Assert.Equal("MigrationNotFound", error.Id);
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task Twenty_runners_apply_each_migration_once(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(format);
        folder.Add(1, "log", ["CREATE TABLE log (n int)"]);
        for (var i = 2; i <= 12; i++)
        {
            folder.Add(i, $"step{i}", i % 5 == 0
                ? [$"INSERT INTO log VALUES ({i})", $"CREATE INDEX CONCURRENTLY log_{i} ON log (n)"]
                : [$"INSERT INTO log VALUES ({i})", $"CREATE TABLE t{i} (id int)"]);
        }

        var runs = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => ApplyAsync(folder, target))));

        Assert.Equal(12, runs.Sum(r => r.Count(m => m.Outcome == MigrationOutcome.Applied)));
        Assert.All(runs.SelectMany(r => r), r => Assert.True(r.Outcome is MigrationOutcome.Applied or MigrationOutcome.AlreadyApplied));
        Assert.Equal(11, await target.ScalarAsync<long>("SELECT count(*) FROM log"));
        Assert.Equal(11, await target.ScalarAsync<long>("SELECT count(DISTINCT n) FROM log"));
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task A_busy_runner_is_named(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(format);
        folder.Add(1, "slow", ["SELECT pg_sleep(30)"]);
        using var cancel = new CancellationTokenSource();
        var slow = ApplyAsync(folder, target, cancellationToken: cancel.Token);
        const string Sleeps = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%' AND state = 'active')";
        await Eventually.IsTrueAsync(() => target.ScalarAsync<bool>(Sleeps), slow);

        var error = await Assert.ThrowsAsync<DbMigrateException>(
            () => ApplyAsync(folder, target, options: Options with { RunnerWait = TimeSpan.FromMilliseconds(200) }));

        Assert.Equal("RunnerBusy", error.Id);
        Assert.Contains("pid ", error.Message, StringComparison.Ordinal);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slow);
        await Eventually.IsTrueAsync(async () => !await target.ScalarAsync<bool>(Sleeps));
    }

    [Fact]
    public async Task What_an_earlier_reindex_left_behind_is_dropped_and_nothing_else()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(MigrationFormat.Sqlx);
        await ApplyAsync(folder, target);
        await target.RunAsync(
            "CREATE TABLE other (id int)",
            "CREATE INDEX other_id_ccnew ON other (id)",
            "CREATE INDEX items_price ON items (price)",
            "CREATE INDEX items_price_ccnew ON items (price)",
            "CREATE INDEX items_name_ccold1 ON items (name)",
            "CREATE INDEX items_half ON items (name)",
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid::regclass::text ~ '(_ccnew|_ccold1|_half)$'");
        folder.Add(4, "reindex", ["REINDEX INDEX CONCURRENTLY items_price"]);

        var observer = new RecordingObserver();
        Assert.Equal(MigrationOutcome.Applied, Assert.Single(await ApplyAsync(folder, target, observer)).Outcome);

        Assert.Equal(
            "items_half,other_id_ccnew",
            await target.ScalarAsync<string>("SELECT string_agg(indexrelid::regclass::text, ',' ORDER BY indexrelid::regclass::text) FROM pg_index WHERE NOT indisvalid"));
        Assert.Contains(observer.Texts(MessageLevel.Warning), w => w.Contains("items_price_ccnew", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_changed_between_plan_and_lock_is_seen_under_the_lock()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(MigrationFormat.Sqlx);
        await ApplyAsync(folder, target);
        folder.Add(4, "late", ["CREATE TABLE late (id int)"]);
        await using var project = await OpenAsync(folder, target);
        var plan = await project.PlanApplyAsync(new MigrationSelection(), Options, CancellationToken.None);
        await target.RunAsync("UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 1");

        var error = await Assert.ThrowsAsync<DbMigrateException>(async () => await project.ApplyAsync(plan, Options, CancellationToken.None).CountAsync());

        Assert.Equal("ChecksumMismatch", error.Id);
        Assert.Null(await target.ScalarAsync<string>("SELECT to_regclass('late')::text"));
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task What_was_undone_between_plan_and_lock_makes_a_gap(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(format);
        folder.Add(4, "four", ["CREATE TABLE four (id int)"], ["DROP TABLE four"]);
        await ApplyAsync(folder, target);
        folder.Add(5, "five", ["CREATE TABLE five (id int)", "CREATE INDEX CONCURRENTLY five_id ON five (id)"]);
        await using var project = await OpenAsync(folder, target);
        var plan = await project.PlanApplyAsync(new MigrationSelection(), Options, CancellationToken.None);
        await UndoAsync(folder, target, new MigrationSelection());

        var error = await Assert.ThrowsAsync<DbMigrateException>(async () => await project.ApplyAsync(plan, Options, CancellationToken.None).CountAsync());

        Assert.Equal("MigrationGap", error.Id);
        Assert.Null(await target.ScalarAsync<string>("SELECT to_regclass('five')::text"));
        Assert.DoesNotContain(await StatusAsync(folder, target), s => s.State == MigrationState.Applied && (s.Version == folder.Version(4) || s.Version == folder.Version(5)));
    }

    [Fact]
    public async Task A_transaction_mode_of_a_scripts_own_begin_holds_in_a_longer_run()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx);
        folder.Add(1, "one", ["CREATE TABLE one (id int)"])
            .Add(2, "two", ["BEGIN ISOLATION LEVEL SERIALIZABLE", "CREATE TABLE two AS SELECT current_setting('transaction_isolation') AS level", "COMMIT"])
            .Add(3, "three", ["CREATE TABLE three (id int)"]);
        Assert.All(await ApplyAsync(folder, target), r => Assert.Equal(MigrationOutcome.Applied, r.Outcome));
        Assert.Equal("serializable", await target.ScalarAsync<string>("SELECT level FROM two"));
    }

    [Fact]
    public async Task Discard_all_which_would_release_the_lock_is_refused()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(MigrationFormat.Sqlx).Add(4, "discard", ["CREATE TABLE late (id int)", "discard all"]);

        var error = await Assert.ThrowsAsync<DbMigrateException>(() => ApplyAsync(folder, target));

        Assert.Equal("DiscardAll", error.Id);
        Assert.Contains($"{folder.UpFile(4)}:", error.Message, StringComparison.Ordinal);
        Assert.Null(await target.ScalarAsync<string>("SELECT to_regclass('items')::text"));
    }

    [Fact]
    public async Task A_lock_time_out_is_tried_again_until_the_lock_is_free()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(MigrationFormat.Sqlx);
        await ApplyAsync(folder, target);
        folder.Add(4, "alter", ["ALTER TABLE items ADD COLUMN late int"]);
        await using var blocker = await target.ConnectAsync();
        await using var transaction = await blocker.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("LOCK TABLE items IN ACCESS SHARE MODE", blocker))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var observer = new RecordingObserver();
        var run = ApplyAsync(folder, target, observer, Options with { LockTimeout = TimeSpan.FromMilliseconds(50) });
        await Eventually.IsTrueAsync(() => observer.Messages.Any(m => m.Text.Contains("did not get a lock", StringComparison.Ordinal)), run);

        await transaction.RollbackAsync();
        Assert.True(Assert.Single(await run).Attempts > 1);
    }

    [Fact]
    public async Task A_lock_that_stays_taken_is_an_error_that_says_so()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(MigrationFormat.GolangMigrate);
        await ApplyAsync(folder, target);
        folder.Add(4, "alter", ["ALTER TABLE items ADD COLUMN late int"]);
        await using var blocker = await target.ConnectAsync();
        await using var transaction = await blocker.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("LOCK TABLE items IN ACCESS SHARE MODE", blocker))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var (_, error) = await FailAsync(folder, target, Options with { LockTimeout = TimeSpan.FromMilliseconds(50), LockRetries = 1 });

        Assert.Equal("LockTimeout", error.Id);
        Assert.Equal(2, error.Failed!.Attempts);
    }

    [Fact]
    public async Task The_time_of_a_failed_migration_is_its_own()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx)
            .Add(1, "slow", ["SELECT pg_sleep(2)"])
            .Add(2, "broken", ["SELECT pg_sleep(1)", "SELECT 1 / 0"]);

        var (results, error) = await FailAsync(folder, target);

        Assert.InRange(results[0].Duration, TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(1));
        Assert.True(error.Failed!.Duration >= TimeSpan.FromSeconds(1));
        Assert.True(error.Failed.StartedAt >= results[0].StartedAt + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_statement_that_works_too_long_is_stopped()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(MigrationFormat.Prisma);
        folder.Add(1, "slow", ["SELECT pg_sleep(300)"]);

        var (_, error) = await FailAsync(folder, target, Options with { StatementTimeout = TimeSpan.FromSeconds(2) });

        Assert.Equal("StatementTimeout", error.Id);
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task What_a_script_sets_for_its_session_does_not_reach_the_next(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(format);
        folder.Add(1, "dump", ["SELECT pg_catalog.set_config('search_path', '', false)", "CREATE TABLE public.a (id int)", "SET lock_timeout = 0"])
            .Add(2, "plain", ["CREATE TABLE b (id int)"]);

        Assert.Equal(2, (await ApplyAsync(folder, target)).Count);
        Assert.Equal("public", await target.ScalarAsync<string>("SELECT schemaname::text FROM pg_tables WHERE tablename = 'b'"));
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task A_script_may_choose_its_isolation(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(format);
        folder.Add(1, "isolated", ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "CREATE TABLE level AS SELECT current_setting('transaction_isolation') AS name"]);

        await ApplyAsync(folder, target);

        Assert.Equal("repeatable read", await target.ScalarAsync<string>("SELECT name FROM level"));
    }

    [Fact]
    public async Task A_script_with_its_own_transactions_is_run_as_it_says()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(MigrationFormat.GolangMigrate);
        folder.Add(1, "whole", ["BEGIN", "CREATE TABLE a (id int)", "COMMIT"])
            .Add(2, "parts", ["BEGIN", "CREATE TABLE b (id int)", "COMMIT", "BEGIN", "CREATE TABLE c (id int)", "SELECT 1/0", "COMMIT"]);

        await FailAsync(folder, target);

        Assert.Equal("b", await target.ScalarAsync<string>("SELECT to_regclass('b')::text"));
        Assert.Null(await target.ScalarAsync<string>("SELECT to_regclass('c')::text"));
        Assert.Equal([MigrationState.Applied, MigrationState.Failed], (await StatusAsync(folder, target)).Select(s => s.State));
    }

    [Fact]
    public async Task An_edited_file_is_refused_before_anything_is_applied()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = Shop(MigrationFormat.Sqlx);
        await ApplyAsync(folder, target);
        folder.Add(4, "more", ["CREATE TABLE more (id int)"]);
        await File.AppendAllTextAsync(folder.UpFile(2), "-- edited\n");

        var error = await Assert.ThrowsAsync<DbMigrateException>(() => ApplyAsync(folder, target));

        Assert.Equal("ChecksumMismatch", error.Id);
        Assert.Null(await target.ScalarAsync<string>("SELECT to_regclass('more')::text"));
        Assert.Single(await ApplyAsync(folder, target, options: Options with { AllowModified = true }));
    }

    [Fact]
    public async Task A_script_larger_than_one_batch_is_still_one_transaction()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx);
        var rows = Enumerable.Range(0, 6000).Select(i => $"INSERT INTO big VALUES ({i}, '{new string('x', 1000)}')").ToArray();
        folder.Add(1, "big", ["CREATE TABLE big (id int PRIMARY KEY, t text)", .. rows, "INSERT INTO big VALUES (5999, 'twice')"]);

        var (_, error) = await FailAsync(folder, target);
        Assert.Equal(6001, error.Failed!.Statements);
        Assert.Null(await target.ScalarAsync<string>("SELECT to_regclass('big')::text"));

        folder.Add(1, "big", ["CREATE TABLE big (id int PRIMARY KEY, t text)", .. rows]);
        Assert.Equal(6000, Assert.Single(await ApplyAsync(folder, target)).Rows);
    }

    private static TemporaryMigrations Shop(MigrationFormat format) => new TemporaryMigrations(format)
        .Add(1, "items", ["CREATE TABLE items (name text NOT NULL, price int)"], ["DROP TABLE items"])
        .Add(2, "seed", ["INSERT INTO items VALUES ('a', 1), ('b', 2), ('c', 3)", "COMMENT ON TABLE items IS 'a; b'"], ["DELETE FROM items"])
        .Add(3, "price", ["UPDATE items SET price = 7", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2 $$"],
            ["UPDATE items SET price = 1", "DROP FUNCTION f()"]);

    private static Task<MigrationProject> OpenAsync(TemporaryMigrations folder, DbTarget target, IEngineObserver? observer = null) => folder.OpenAsync(target, observer);

    private static async Task<IReadOnlyList<MigrationStatus>> StatusAsync(TemporaryMigrations folder, DbTarget target)
    {
        await using var project = await OpenAsync(folder, target);
        return await project.GetStatusAsync(CancellationToken.None);
    }

    private static Task<List<MigrationResult>> ApplyAsync(
        TemporaryMigrations folder,
        DbTarget target,
        IEngineObserver? observer = null,
        RunOptions? options = null,
        int? count = null,
        CancellationToken cancellationToken = default) =>
        folder.ApplyAsync(target, options ?? Options, observer, selection: new MigrationSelection { Count = count }, cancellationToken: cancellationToken);

    private static async Task<(List<MigrationResult> Results, MigrationFailedException Error)> FailAsync(
        TemporaryMigrations folder, DbTarget target, RunOptions? options = null)
    {
        var results = new List<MigrationResult>();
        var error = await Assert.ThrowsAsync<MigrationFailedException>(() => folder.ApplyAsync(target, options ?? Options, results: results));
        return (results, error);
    }

    private static Task<List<MigrationResult>> UndoAsync(TemporaryMigrations folder, DbTarget target, MigrationSelection selection) =>
        folder.UndoAsync(target, Options, selection);
}
