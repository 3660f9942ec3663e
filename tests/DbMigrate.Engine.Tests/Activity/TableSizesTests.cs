using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Engine.Tests.Activity;

public sealed class TableSizesTests
{
    [Fact]
    public async Task Tables_come_with_all_that_belongs_to_them_the_biggest_first()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync(
            "CREATE INDEX ON orders (id)",
            "CREATE SCHEMA \"Shop\"",
            "CREATE TABLE \"Shop\".\"Long texts\" (id int PRIMARY KEY, text text) WITH (autovacuum_enabled = off)",
            "ALTER TABLE \"Shop\".\"Long texts\" ALTER text SET STORAGE EXTERNAL",
            "INSERT INTO \"Shop\".\"Long texts\" SELECT i, repeat('x', 100000) FROM generate_series(1, 20) i",
            "CREATE MATERIALIZED VIEW few AS SELECT 1 AS one",
            "CREATE TABLE nothing ()",
            "CREATE VIEW seen AS SELECT 1 AS one",
            "ANALYZE orders");
        await scene.CountedAsync("\"Shop\".\"Long texts\"", "live", 20);

        var tables = await ReadAsync(scene.Target);

        Assert.Equal(["public.orders", "\"Shop\".\"Long texts\"", "public.few", "public.nothing"], tables.Select(t => t.Table));
        Assert.Equal([DbTableKind.Table, DbTableKind.Table, DbTableKind.MaterializedView, DbTableKind.Table], tables.Select(t => t.Kind));
        foreach (var table in tables)
        {
            var measured = (await scene.Target.RowsAsync(
                $"SELECT pg_total_relation_size(c.oid), pg_indexes_size(c.oid), coalesce(pg_total_relation_size(nullif(reltoastrelid, 0)), 0) FROM pg_class c WHERE oid = '{table.Table}'::regclass"))[0];
            Assert.Equal(measured, new object?[] { table.TotalSize, table.IndexSize, table.ToastSize });
            Assert.Equal(table.TotalSize, table.TableSize + table.IndexSize + table.ToastSize);
            Assert.Equal(table.Table, table.ToString());
            Assert.Same(scene.Target, table.Target);
            Assert.False(table.IsLocked);
        }

        var texts = tables[1];
        Assert.True(texts.ToastSize > 2_000_000 && texts.TableSize < 100_000, $"{texts.ToastSize} {texts.TableSize}");
        Assert.Equal(("Shop", "Long texts", 20L), (texts.Schema, texts.Name, texts.Rows));
        Assert.Equal((5000L, 0L), (tables[0].Rows, tables[0].DeadRows));
        Assert.InRange((DateTimeOffset.UtcNow - tables[0].LastAnalyze!.Value).TotalMinutes, -1, 3);
        Assert.Null(tables[0].LastVacuum);
        Assert.Null(texts.LastAnalyze);
    }

    [Fact]
    public async Task Bloat_is_what_a_rewrite_takes_away()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync(
            "CREATE TABLE narrow (id int, a text, b int) WITH (autovacuum_enabled = off)",
            "INSERT INTO narrow SELECT i, 'text ' || i, nullif(i % 2, 0) FROM generate_series(1, 50000) i",
            "CREATE TABLE loose (id int, a text) WITH (autovacuum_enabled = off, fillfactor = 50)",
            "INSERT INTO loose SELECT i, repeat('y', 60) FROM generate_series(1, 10000) i");
        Assert.All(await ReadAsync(scene.Target), table => Assert.Null(table.BloatSize));

        await scene.Target.RunAsync("ANALYZE narrow", "ANALYZE loose", "ANALYZE orders");
        Assert.All(await ReadAsync(scene.Target), table => Assert.InRange(table.BloatPercent!.Value, 0, 10));

        await scene.Target.RunAsync("DELETE FROM narrow WHERE id % 5 <> 0", "DELETE FROM orders WHERE id > 1000");

        await scene.CountedAsync("narrow", "dead", 40_000);
        await scene.CountedAsync("orders", "dead", 4000);
        await scene.OldSnapshotsEndAsync();

        // Not in the session that deleted: it would count its dead rows once more, after the VACUUM.
        await scene.Target.RunAsync("VACUUM orders");
        await scene.CountedAsync("orders", "dead", 0);
        var before = (await ReadAsync(scene.Target)).ToDictionary(t => t.Name);
        Assert.Equal(40_000, before["narrow"].DeadRows);
        Assert.Equal(0, before["orders"].DeadRows);

        await scene.Target.RunAsync("ANALYZE narrow", "ANALYZE orders");
        before = (await ReadAsync(scene.Target)).ToDictionary(t => t.Name);
        Assert.Equal(80, before["narrow"].DeadPercent, 1.0);
        await scene.OldSnapshotsEndAsync();
        await scene.Target.RunAsync("VACUUM FULL narrow", "VACUUM FULL orders");
        var after = (await ReadAsync(scene.Target)).ToDictionary(t => t.Name);
        foreach (var name in new[] { "narrow", "orders" })
        {
            var freed = before[name].TableSize - after[name].TableSize;
            Assert.Equal(freed, before[name].BloatSize!.Value, before[name].TableSize * 0.1);
        }
    }

    [Fact]
    public async Task Partitions_are_summed_up_or_listed()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync(
            "CREATE TABLE events (id int, day int) PARTITION BY RANGE (day)",
            "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10) WITH (autovacuum_enabled = off)",
            "CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20) PARTITION BY LIST (day)",
            "CREATE TABLE events_2a PARTITION OF events_2 FOR VALUES IN (10) WITH (autovacuum_enabled = off)",
            "INSERT INTO events SELECT i, 1 + (i % 2) * 9 FROM generate_series(1, 3000) i",
            "VACUUM ANALYZE events_1");
        await scene.CountedAsync("events_2a", "live", 1500);
        var events = (await ReadAsync(scene.Target)).Where(t => t.Name.StartsWith("events", StringComparison.Ordinal));
        var listed = (await ReadAsync(scene.Target, listPartitions: true)).Where(t => t.Name.StartsWith("events", StringComparison.Ordinal)).ToList();

        var whole = Assert.Single(events);
        Assert.Equal(("public.events", DbTableKind.PartitionedTable, 2, 3000L), (whole.Table, whole.Kind, whole.Partitions, whole.Rows));
        Assert.Null(whole.LastVacuum);
        Assert.Equal(["events_1", "events_2a"], listed.Select(t => t.Name).Order(StringComparer.Ordinal));
        Assert.All(listed, t => Assert.Equal(DbTableKind.Partition, t.Kind));
        Assert.Equal(whole.TotalSize, listed.Sum(t => t.TotalSize));
        Assert.NotNull(listed.Single(t => t.Name == "events_1").LastVacuum);

        await scene.Target.RunAsync("VACUUM ANALYZE events_2a");
        await Scene.WaitForAsync(() => ReadAsync(scene.Target), tables => tables.Single(t => t.Name == "events").LastVacuum is not null);
    }

    [Theory]
    [InlineData("LOCK TABLE orders")]
    [InlineData("ALTER INDEX orders_id RENAME TO other; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")]
    [InlineData("DROP INDEX orders_id")]
    public async Task A_locked_table_is_not_waited_for(string statements)
    {
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync("CREATE INDEX orders_id ON orders (id)", "VACUUM ANALYZE orders");
        var measured = Assert.Single(await ReadAsync(scene.Target));
        await using var holder = await scene.SessionAsync(["BEGIN", .. statements.Split("; ")]);

        var table = Assert.Single(await ReadAsync(scene.Target));

        Assert.True(table.IsLocked);
        Assert.Equal(measured.IndexSize, table.IndexSize);

        // Free space map and visibility map are not in the catalogue.
        Assert.InRange(table.TableSize, measured.TableSize - 100_000, measured.TableSize);
    }

    [Fact]
    public async Task A_role_without_privileges_sees_sizes_but_no_statistics()
    {
        await using var scene = await Scene.CreateAsync();
        await scene.Target.RunAsync("ANALYZE orders");
        await using var session = await OpenAsync(scene.Target);
        var role = "plain_" + scene.Target.Database;
        await using (var command = new Npgsql.NpgsqlCommand($"CREATE ROLE {role}", session.Connection))
        {
            await command.ExecuteNonQueryAsync();
            command.CommandText = $"SET ROLE {role}";
            await command.ExecuteNonQueryAsync();
        }

        var table = Assert.Single(await TableSizes.ReadAsync(session, listPartitions: false, CancellationToken.None));
        Assert.Equal((5000L, true, true), (table.Rows, table.TotalSize > 8_000_000, table.BloatSize is null));
    }

    private static async Task<IReadOnlyList<DbTableSize>> ReadAsync(DbTarget target, bool listPartitions = false)
    {
        await using var session = await OpenAsync(target);
        return await TableSizes.ReadAsync(session, listPartitions, CancellationToken.None);
    }

    private static Task<DbSession> OpenAsync(DbTarget target) =>
        DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None);
}
