using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Activity;

public sealed class LockHoldersTests
{
    [Theory]
    [InlineData("AccessShareLock", "exclusive")]
    [InlineData("RowExclusiveLock", "exclusive share")]
    [InlineData("ShareUpdateExclusiveLock", "exclusive share")]
    [InlineData("ShareLock", "exclusive writer")]
    [InlineData("AccessExclusiveLock", "exclusive share writer reader")]
    public async Task Those_whose_lock_conflicts_are_named_and_no_others(string mode, string expected)
    {
        await using var scene = await Scene.CreateAsync();
        var names = new Dictionary<string, string>
        {
            ["exclusive"] = "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE",
            ["share"] = "LOCK TABLE orders IN SHARE MODE",
            ["writer"] = "LOCK TABLE orders IN ROW EXCLUSIVE MODE",
            ["reader"] = "SELECT count(*) FROM orders",
        };
        var found = new List<string>();
        foreach (var (name, statement) in names)
        {
            await using var holder = await scene.SessionAsync("BEGIN", statement);
            if (await ReadAsync(scene.Target, "orders", mode) is [var only])
            {
                Assert.Equal(holder.ProcessID, only.ProcessId);
                found.Add(name);
            }

            await using var end = new NpgsqlCommand("ROLLBACK", holder);
            await end.ExecuteNonQueryAsync();
        }

        Assert.Equal(expected, string.Join(' ', found));
    }

    [Fact]
    public async Task A_prepared_transaction_is_named_though_it_has_no_session()
    {
        await using var scene = await Scene.CreateAsync();
        var name = "held in " + scene.Target.Database;
        await using (await scene.SessionAsync("BEGIN", "LOCK TABLE orders IN SHARE MODE", $"PREPARE TRANSACTION '{name}'"))
        {
        }

        Assert.StartsWith(
            $"prepared transaction '{name}' (user postgres, prepared in {scene.Target.Database} for ",
            LockHolders.Describe(await ReadAsync(scene.Target, "public.orders", "RowExclusiveLock")),
            StringComparison.Ordinal);
        await scene.Target.RunAsync($"ROLLBACK PREPARED '{name}'");
        Assert.Empty(await ReadAsync(scene.Target, "public.orders", "RowExclusiveLock"));
    }

    [Fact]
    public async Task Who_has_a_partition_is_in_the_way_too_and_does_not_hold_up_the_question()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync(
            "CREATE TABLE events (id int) PARTITION BY RANGE (id)",
            "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (1000) PARTITION BY RANGE (id)",
            "CREATE TABLE events_1a PARTITION OF events_1 FOR VALUES FROM (0) TO (1000)");
        await using var holder = await scene.SessionAsync("BEGIN", "LOCK TABLE ONLY events_1a");

        Assert.Equal(holder.ProcessID, Assert.Single(await ReadAsync(scene.Target, "events", "RowExclusiveLock")).ProcessId);
        Assert.Empty(await ReadAsync(scene.Target, "orders", "RowExclusiveLock"));
    }

    [Fact]
    public async Task The_first_three_are_named_and_the_rest_is_counted()
    {
        await using var scene = await Scene.CreateAsync();
        var readers = new List<NpgsqlConnection>();
        for (var i = 0; i < 5; i++)
        {
            readers.Add(await scene.SessionAsync("BEGIN", "SELECT count(*) FROM orders"));
        }

        var holders = await ReadAsync(scene.Target, "orders", "AccessExclusiveLock");

        Assert.Equal(readers.Select(r => r.ProcessID), holders.Select(h => h.ProcessId));
        Assert.Matches($"^pid {readers[0].ProcessID} .* pid {readers[1].ProcessID} .* pid {readers[2].ProcessID} [^,]*(, [^,]*)* and 2 more$", LockHolders.Describe(holders));
        Assert.DoesNotContain($"pid {readers[3].ProcessID} ", LockHolders.Describe(holders), StringComparison.Ordinal);
        Assert.Equal("", LockHolders.Describe([]));
        foreach (var reader in readers)
        {
            await reader.DisposeAsync();
        }
    }

    [Fact]
    public async Task Who_waits_ahead_is_in_the_way_and_who_began_later_is_not()
    {
        await using var scene = await Scene.CreateAsync();
        await using var reader = await scene.SessionAsync("BEGIN", "SELECT count(*) FROM orders");
        var (waiting, _) = await scene.StartAsync("ALTER TABLE orders ADD COLUMN n int");
        await Scene.WaitForAsync(
            () => scene.Target.ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM pg_locks WHERE pid = {waiting} AND NOT granted)"), isThere => isThere);

        // A write does not wait for the reader, but behind ALTER TABLE.
        Assert.Equal(waiting, Assert.Single(await ReadAsync(scene.Target, "orders", "RowExclusiveLock")).ProcessId);
        Assert.Equal([reader.ProcessID, waiting], (await ReadAsync(scene.Target, "orders", "AccessExclusiveLock")).Select(h => h.ProcessId));
        Assert.Empty(await ReadAsync(scene.Target, "orders", "AccessExclusiveLock", TimeSpan.FromHours(1)));
        Assert.Equal(2, (await ReadAsync(scene.Target, "orders", "AccessExclusiveLock", TimeSpan.Zero)).Count);
    }

    private static async Task<IReadOnlyList<ServerSession>> ReadAsync(DbTarget target, string table, string mode, TimeSpan? waited = null)
    {
        await using var session = await DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None);
        return await LockHolders.ReadAsync(session, table, mode, waited, CancellationToken.None);
    }
}
