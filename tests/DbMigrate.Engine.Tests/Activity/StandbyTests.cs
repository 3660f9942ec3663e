using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Engine.Tests.Activity;

/// <summary>What only a real standby shows.</summary>
public sealed class StandbyTests : IAsyncLifetime
{
    private StandbyFixture? _servers;

    public async Task InitializeAsync() => _servers = await StandbyFixture.CreateAsync();

    public async Task DisposeAsync()
    {
        if (_servers is not null)
        {
            await _servers.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task A_standby_that_falls_behind_is_seen_from_both_sides()
    {
        var servers = Servers();
        await servers.Primary.RunAsync("CREATE TABLE first (id int)");
        await servers.CatchUpAsync();
        var seen = await ActivityAsync(servers.Primary, a => a.Standbys is [{ State: "streaming", BytesBehind: 0 }]);
        var standby = Assert.Single(seen.Standbys);
        Assert.Equal((StandbyFixture.Name, "127.0.0.1", "async"), (standby.Name, standby.Client, standby.SyncState));
        Assert.False(seen.IsStandby);
        Assert.Null(seen.ReplayDelay);

        await servers.Standby.RunAsync("SELECT pg_wal_replay_pause()");
        await servers.Primary.RunAsync("CREATE TABLE written AS SELECT generate_series(1, 1000) AS id");
        seen = await ActivityAsync(servers.Primary, a => a.Standbys is [{ BytesBehind: > 30_000 }]);
        Assert.Contains("bytes behind", seen.Standbys[0].ToString(), StringComparison.Ordinal);
        var behind = await ActivityAsync(servers.Standby, a => a.ReplayDelay > TimeSpan.Zero);
        Assert.True(behind.IsStandby);
        Assert.Empty(behind.Standbys);

        await servers.Standby.RunAsync("SELECT pg_wal_replay_resume()");

        // The server forgets the lag a moment after the standby has caught up.
        await ActivityAsync(servers.Primary, async a =>
        {
            await servers.Primary.RunAsync("INSERT INTO first VALUES (1)");
            return a.Standbys is [{ ReplayLag: not null }];
        });
        await ActivityAsync(servers.Primary, a => a.Standbys is [{ BytesBehind: 0 }]);
        await ActivityAsync(servers.Standby, a => a.ReplayDelay == TimeSpan.Zero);
    }

    [SkippableFact]
    public async Task Whoever_holds_the_oldest_xmin_is_named()
    {
        var servers = Servers();
        await servers.Primary.RunAsync("CREATE TABLE t (id int)");

        // A query on the standby, by its feedback.
        await servers.CatchUpAsync();
        await using (var query = await servers.Standby.ConnectAsync())
        {
            await using var transaction = await query.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
            await using (var command = new Npgsql.NpgsqlCommand("SELECT count(*) FROM t", query, transaction))
            {
                await command.ExecuteScalarAsync();
            }

            // The feedback comes once a second, and then stays where it is while others go on.
            var holder = (await ActivityAsync(servers.Primary, async a =>
            {
                await servers.Primary.RunAsync("INSERT INTO t VALUES (1)");
                return a.OldestXmin is { Kind: XminHolderKind.Standby, Age: > 3 };
            })).OldestXmin!;
            Assert.Equal((StandbyFixture.Name, SessionKind.Walsender), (holder.Name, holder.Backend?.Kind));
        }

        // Older than that: a transaction that somebody prepared and forgot.
        await ActivityAsync(servers.Primary, a => a.OldestXmin is null or { Kind: not XminHolderKind.Standby } or { Age: < 3 });
        await servers.Primary.RunAsync("BEGIN", "INSERT INTO t VALUES (2)", "PREPARE TRANSACTION 'transfer 7'", "INSERT INTO t VALUES (3)", "INSERT INTO t VALUES (4)");
        var prepared = (await ActivityAsync(servers.Primary, a => a.OldestXmin is { Kind: XminHolderKind.PreparedTransaction })).OldestXmin!;
        Assert.Equal(("transfer 7", 3L), (prepared.Name, prepared.Age));
        Assert.Null(prepared.Backend);
        await servers.Primary.RunAsync("ROLLBACK PREPARED 'transfer 7'");

        // A slot whose reader is not there.
        await servers.Primary.RunAsync(
            "SELECT pg_create_logical_replication_slot('forgotten', 'pgoutput')", "INSERT INTO t SELECT generate_series(1, 1000)", "INSERT INTO t VALUES (5)");

        // The test's servers write their log a moment after the commit.
        var activity = await ActivityAsync(
            servers.Primary, a => a.OldestXmin is { Kind: XminHolderKind.ReplicationSlot } && a.ReplicationSlots.All(slot => slot.RetainedBytes > 30_000));
        Assert.Equal("forgotten", activity.OldestXmin!.Name);
        var slot = Assert.Single(activity.ReplicationSlots);
        Assert.Equal(("forgotten", "logical", false), (slot.Name, slot.Type, slot.IsActive));
        Assert.Equal("reserved", slot.WalStatus);
    }

    [SkippableFact]
    public async Task What_writes_is_refused_and_what_reads_is_not()
    {
        var servers = Servers();
        await servers.Primary.RunAsync("CREATE TABLE t AS SELECT generate_series(1, 100) AS id");
        await servers.CatchUpAsync();
        await using var session = await OpenAsync(servers.Standby);
        var refused = await Assert.ThrowsAsync<DbMigrateException>(() => Vacuum.PlanAsync(session, "t", new VacuumOptions(), CancellationToken.None));
        Assert.Equal("Standby", refused.Id);
        Assert.Equal("public.t", Assert.Single(await TableSizes.ReadAsync(session, listPartitions: false, CancellationToken.None)).Table);
        Assert.Empty(await ProgressReader.ReadAsync(session.Connection, null, CancellationToken.None));

        var folder = Directory.CreateTempSubdirectory("dbmigrate-standby-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "1_a.up.sql"), "CREATE TABLE a (id int);");
            var source = new MigrationSource(folder.FullName, MigrationFormat.GolangMigrate, null);
            await using var project = await MigrationProject.OpenAsync(source, servers.Standby, new RecordingObserver(), CancellationToken.None);
            Assert.Equal(MigrationState.Pending, Assert.Single(await project.GetStatusAsync(CancellationToken.None)).State);
            refused = await Assert.ThrowsAsync<DbMigrateException>(
                () => project.PlanApplyAsync(new MigrationSelection(), new RunOptions(), CancellationToken.None));
            Assert.Equal("Standby", refused.Id);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private StandbyFixture Servers()
    {
        Skip.If(_servers is null, "SKIPPED: pg_basebackup is needed.");
        return _servers!;
    }

    private static Task<DbActivity> ActivityAsync(DbTarget target, Func<DbActivity, bool> isIt) => ActivityAsync(target, a => Task.FromResult(isIt(a)));

    private static async Task<DbActivity> ActivityAsync(DbTarget target, Func<DbActivity, Task<bool>> isIt)
    {
        await using var session = await OpenAsync(target);
        var (activity, _) = await Scene.WaitForAsync(
            async () =>
            {
                var seen = await ActivityReader.ReadAsync(session, TimeSpan.FromMinutes(1), CancellationToken.None);
                return (seen, await isIt(seen));
            },
            answer => answer.Item2);
        return activity;
    }

    private static Task<DbSession> OpenAsync(DbTarget target) =>
        DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None);
}
