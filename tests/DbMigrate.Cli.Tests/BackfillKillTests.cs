using System.Globalization;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Cli.Tests;

/// <summary>A backfill that is killed again and again ends with each row changed exactly once.</summary>
public sealed class BackfillKillTests
{
    /// <summary>DBMIGRATE_BACKFILL_ROWS=5000000 and DBMIGRATE_KILLS=10 for the whole proof.</summary>
    private static readonly int Rows = int.Parse(Environment.GetEnvironmentVariable("DBMIGRATE_BACKFILL_ROWS") ?? "60000", CultureInfo.InvariantCulture);

    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("DBMIGRATE_KILLS") ?? "3", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("1", ", PRIMARY KEY (id)", null)]
    [InlineData("2", ", PRIMARY KEY (id)", null)]
    [InlineData("1", "", "n = 0")]
    public async Task Every_row_is_changed_exactly_once(string parallel, string key, string? where)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync(
            $"CREATE TABLE t (id int, n int NOT NULL DEFAULT 0{key})",
            $"INSERT INTO t SELECT g FROM generate_series(1, {Rows}) g",
            "ANALYZE t");
        var url = SandboxFixture.TargetUrl(target) + "?sslmode=disable";
        string[] backfill = ["backfill", "t", "--set", "n = n + 1", "--parallel", parallel, "--batch-duration", Rows > 1_000_000 ? "500ms" : "20ms"];
        backfill = where is null ? backfill : [.. backfill, "--where", where];
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var i = 0; i < Kills; i++)
        {
            var share = (i + random.NextDouble()) / (Kills + 1);

            // A run that ended before it is killed would have done all, and the next would do it again: while somebody holds the last row none ends.
            await using var holder = await target.ConnectAsync();
            await using var transaction = await holder.BeginTransactionAsync();
            await using (var hold = new NpgsqlCommand($"SELECT FROM t WHERE id = {Rows} FOR UPDATE", holder, transaction))
            {
                await hold.ExecuteNonQueryAsync();
            }

            var run = await CommandRun.OfAsync(url, null, backfill, async process =>
            {
                while (!process.HasExited && await ChangedAsync(target) < share * Rows)
                {
                    await Task.Delay(5);
                }

                // Not at the moment of a commit each time.
                await Task.Delay(random.Next(30));
                process.Kill();
            });
            Assert.True(run.ExitCode != 0, $"seed {seed}, run {i + 1} was not killed: {run.Out}{run.Error}");
        }

        var last = await CommandRun.OfAsync(url, null, backfill);

        var place = $"seed {seed}: {last.Out}{last.Error}";
        Assert.True(last.ExitCode == 0, place);
        Assert.True(await target.ScalarAsync<bool>($"SELECT count(*) = {Rows} AND min(n) = 1 AND max(n) = 1 FROM t"), place);
        Assert.Null(await target.ScalarAsync<string>("SELECT to_regnamespace('dbmigrate')::text"));
    }

    // The table of positions may not be there yet.
    private static async Task<long> ChangedAsync(DbTarget target) =>
        await target.ScalarAsync<string>("SELECT to_regclass('dbmigrate.backfill')::text") is null
            ? 0
            : await target.ScalarAsync<long>("SELECT coalesce(sum(changed), 0)::bigint FROM dbmigrate.backfill");
}
