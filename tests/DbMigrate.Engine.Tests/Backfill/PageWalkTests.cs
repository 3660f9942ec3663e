using DbMigrate.Engine.Backfill;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Engine.Tests.Backfill;

public sealed class PageWalkTests
{
    /// <summary>Version 13 knows no ranges of ctid; what it is given instead runs on every version.</summary>
    [Theory]
    [InlineData(13)]
    [InlineData(15)]
    public async Task Ranges_cover_every_row_once(int version)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync("CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 5000) g");
        await using var session = await DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None);
        await new SqlBuilder().Add("SET enable_seqscan = off").QueryAsync(session.Connection, CancellationToken.None);
        var table = await BackfillTable.ReadAsync(session, BackfillRun.Options("t", ""), CancellationToken.None);
        var walk = new PageWalk(table, new Version(version, 0));
        Assert.True(table.Pages > 10);

        var counts = new List<long>();
        string[]? position = null;
        string[]? upTo;
        do
        {
            upTo = await walk.Ahead(position, null, 7).QueryAsync(session.Connection, CancellationToken.None) is [[string found]] ? WalkPosition.Parse(found) : null;
            var plan = new SqlBuilder().Add("EXPLAIN SELECT FROM t WHERE ");
            walk.AddRange(plan, position, upTo);
            Assert.Contains(
                await plan.QueryAsync(session.Connection, CancellationToken.None), row => ((string)row[0]!).Contains("Tid ", StringComparison.Ordinal));
            var count = new SqlBuilder().Add("SELECT count(*) FROM t WHERE ");
            walk.AddRange(count, position, upTo);
            counts.Add((long)(await count.QueryAsync(session.Connection, CancellationToken.None))[0][0]!);
            position = upTo;
        }
        while (upTo is not null);

        Assert.Equal(5000, counts.Sum());
        Assert.Equal((table.Pages + 6) / 7, counts.Count);
        Assert.Equal("page 6", walk.Describe(["6"]));
    }
}
