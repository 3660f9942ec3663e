using System.Globalization;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;
using Npgsql;
using Npgsql.Replication;
using Npgsql.Replication.PgOutput;
using NpgsqlTypes;
using Xunit;

namespace DbMigrate.Engine.Tests.Backfill;

public sealed class BackfillMonitorTests
{
    [Fact]
    public async Task It_rests_while_a_standby_is_behind()
    {
        // Other tests must not see this one's standby.
        await using var server = await DbSandbox.StartAsync(install: true, new RecordingObserver(), CancellationToken.None);
        var target = await server.CreateDatabaseAsync(name: null, CancellationToken.None);
        await target.RunAsync("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0)", "INSERT INTO t SELECT g FROM generate_series(1, 20000) g");

        // A client that takes the stream as a standby does, and says how far it has replayed.
        await using var standby = new PhysicalReplicationConnection(server.Target.ConnectionString);
        await standby.Open();
        var start = await target.ScalarAsync<NpgsqlLogSequenceNumber>("SELECT pg_current_wal_flush_lsn()");
        using var stop = new CancellationTokenSource();
        var caughtUp = new TaskCompletionSource();
        var streaming = StreamAsync(standby, start, caughtUp.Task, stop.Token);
        await Eventually.IsTrueAsync(
            async () => await target.ScalarAsync<long>("SELECT count(*) FROM pg_stat_replication WHERE replay_lsn IS NOT NULL") > 0, streaming);

        var observer = new RecordingObserver();
        var running = target.RunAsync(
            BackfillRun.Options("t", "n = n + 1") with { MaxReplicaLag = TimeSpan.FromMilliseconds(300), Pause = TimeSpan.FromSeconds(1.5) }, observer);
        await Eventually.IsTrueAsync(() => observer.ProgressReports.Any(p => p.Status.Contains("standby", StringComparison.Ordinal)), running);

        // While it rests nothing is changed.
        var changed = await target.ScalarAsync<long>("SELECT sum(n) FROM t");
        await Task.Delay(1500);
        Assert.Equal(changed, await target.ScalarAsync<long>("SELECT sum(n) FROM t"));
        Assert.InRange(changed, 1, 19999);

        // The client speaks when it takes something, and while the backfill rests nothing else may come for minutes.
        caughtUp.SetResult();
        await target.RunAsync("SELECT pg_switch_wal()");
        Assert.Equal(20000, (await running).Rows);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => streaming);
    }

    [SkippableFact]
    public async Task It_does_not_wait_for_who_decodes_a_logical_slot()
    {
        await using var servers = await StandbyFixture.CreateAsync();
        Skip.If(servers is null, "SKIPPED: this PostgreSQL has no pg_basebackup, so no server with logical slots was made.");
        var target = servers.Primary;
        await target.RunAsync("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0)", "INSERT INTO t SELECT g FROM generate_series(1, 10000) g");

        // It takes changes and says that it has none but the first.
        await using var decoder = new LogicalReplicationConnection(target.ConnectionString) { WalReceiverStatusInterval = TimeSpan.FromMilliseconds(100) };
        await decoder.Open();
        var slot = await decoder.CreatePgOutputReplicationSlot("capture", temporarySlot: true);
        await target.RunAsync("CREATE PUBLICATION everything FOR ALL TABLES");
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var start = await target.ScalarAsync<NpgsqlLogSequenceNumber>("SELECT pg_current_wal_flush_lsn()");
        var decoding = Task.Run(async () =>
        {
            decoder.SetReplicationStatus(start);
            await foreach (var _ in decoder.StartReplication(slot, new PgOutputReplicationOptions("everything", PgOutputProtocolVersion.V1), stop.Token))
            {
            }
        });
        await Eventually.IsTrueAsync(
            async () => await target.ScalarAsync<long>("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn IS NOT NULL") >= 2, decoding);

        var result = await target.RunAsync(
            BackfillRun.Options("t", "n = n + 1") with { MaxReplicaLag = TimeSpan.FromSeconds(2), Pause = TimeSpan.FromSeconds(1.5) }, null, stop.Token);

        Assert.Equal(10000, result.Rows);
        Assert.True(result.Duration > TimeSpan.FromSeconds(3), result.Duration.ToString());
        Assert.False(decoding.IsCompleted, decoding.Exception?.ToString());
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => decoding);
    }

    [Fact]
    public async Task A_role_that_cannot_see_how_far_a_standby_is_gets_a_warning()
    {
        await using var server = await DbSandbox.StartAsync(install: true, new RecordingObserver(), CancellationToken.None);
        var owner = await server.CreateDatabaseAsync(name: null, CancellationToken.None);
        await owner.RunAsync(
            "CREATE ROLE \"Plain\" LOGIN PASSWORD 'p'",
            $"GRANT CREATE ON DATABASE \"{owner.Database}\" TO \"Plain\"",
            "CREATE TABLE t (id int PRIMARY KEY, n int)",
            "ALTER TABLE t OWNER TO \"Plain\"");
        var settings = new NpgsqlConnectionStringBuilder(owner.ConnectionString) { Username = "Plain", Password = "p" };
        var target = new DbTarget(settings.ConnectionString) { Host = owner.Host, Port = owner.Port, Database = owner.Database, User = "Plain", Source = "test" };

        Assert.Empty(await WarningsAsync(target, TimeSpan.FromSeconds(30)));

        await using var standby = new PhysicalReplicationConnection(server.Target.ConnectionString);
        await standby.Open();
        using var stop = new CancellationTokenSource();
        var streaming = StreamAsync(standby, await owner.ScalarAsync<NpgsqlLogSequenceNumber>("SELECT pg_current_wal_flush_lsn()"), Task.CompletedTask, stop.Token);
        await Eventually.IsTrueAsync(
            async () => await owner.ScalarAsync<long>("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") > 0, streaming);

        Assert.Contains("GRANT pg_monitor TO \"Plain\";", Assert.Single(await WarningsAsync(target, TimeSpan.FromSeconds(30))), StringComparison.Ordinal);
        Assert.Empty(await WarningsAsync(target, TimeSpan.Zero));
        Assert.Empty(await WarningsAsync(owner, TimeSpan.FromSeconds(30)));

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => streaming);

        static async Task<IReadOnlyList<string>> WarningsAsync(DbTarget target, TimeSpan maxReplicaLag)
        {
            var observer = new RecordingObserver();
            await target.RunAsync(BackfillRun.Options("t", "n = 1") with { MaxReplicaLag = maxReplicaLag }, observer);
            return observer.Texts(MessageLevel.Warning);
        }
    }

    [Fact]
    public async Task Who_waits_for_a_batch_makes_the_next_one_smaller()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync(
            "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0)",
            "INSERT INTO t SELECT g FROM generate_series(1, 10000) g",
            "ANALYZE t",
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.001); RETURN NEW; END $$",
            "CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW WHEN (NEW.n = 1 AND OLD.n = 0) EXECUTE FUNCTION slow()");
        var observer = new BatchObserver();
        var running = target.RunAsync(BackfillRun.Options("t", "n = n + 1") with { BatchDuration = TimeSpan.FromSeconds(1) }, observer);

        // Somebody wants the rows at the start of each batch, which stay locked for a second.
        while (observer.SizesAroundWait is null)
        {
            Assert.False(running.IsCompleted, "All is done, and nobody who waited was noticed.");
            await target.RunAsync("UPDATE t SET n = n WHERE id = (SELECT coalesce(max(id), 0) + 1 FROM t WHERE n = 1)");
        }

        Assert.Equal(10000, (await running).Rows);
        var (before, after) = observer.SizesAroundWait.Value;
        Assert.InRange(after, 1, before / 2);
        Assert.True(await target.ScalarAsync<bool>("SELECT min(n) = 1 AND max(n) = 1 FROM t"));
    }

    /// <summary>Counts the rows of the batch that somebody waited for, and of the next one.</summary>
    private sealed class BatchObserver : IEngineObserver
    {
        private readonly List<long> _rows = [0];
        private int? _waited;

        public (long Before, long After)? SizesAroundWait { get; private set; }

        public void Message(MessageLevel level, string text)
        {
            if (text.StartsWith("Somebody waited for a batch", StringComparison.Ordinal))
            {
                _waited ??= _rows.Count;
            }
        }

        public void Progress(string activity, string status, int percent)
        {
            // "1,234 rows, …" in all, once for each batch.
            if (status.Split(" rows, ") is [var count, _])
            {
                _rows.Add(long.Parse(count, NumberStyles.AllowThousands, CultureInfo.InvariantCulture));
                if (_rows.Count == _waited + 1)
                {
                    SizesAroundWait = (_rows[^2] - _rows[^3], _rows[^1] - _rows[^2]);
                }
            }
        }
    }

    private static async Task StreamAsync(PhysicalReplicationConnection standby, NpgsqlLogSequenceNumber start, Task caughtUp, CancellationToken stop)
    {
        standby.WalReceiverStatusInterval = TimeSpan.FromMilliseconds(100);
        standby.SetReplicationStatus(start);
        await foreach (var message in standby.StartReplication(start, stop))
        {
            if (caughtUp.IsCompleted)
            {
                standby.SetReplicationStatus(message.WalEnd);
            }
        }
    }
}
