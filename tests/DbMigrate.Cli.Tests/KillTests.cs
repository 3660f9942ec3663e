using System.Globalization;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Cli.Tests;

/// <summary>A runner that is killed at any moment leaves a state from which the next run finishes the job.</summary>
public sealed class KillTests
{
    /// <summary>DBMIGRATE_KILLS=200 for the whole proof; an ordinary run does a few.</summary>
    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("DBMIGRATE_KILLS") ?? "3", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(MigrationFormat.Sqlx)]
    [InlineData(MigrationFormat.GolangMigrate)]
    [InlineData(MigrationFormat.Prisma)]
    [InlineData(MigrationFormat.EfCore)]
    public async Task Every_migration_is_applied_exactly_once(MigrationFormat format)
    {
        using var folder = Folder(format);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var stoppedHalfWay = 0;
        for (var i = 0; i < Kills; i++)
        {
            var target = await SandboxFixture.NewDatabaseAsync();
            var url = SandboxFixture.TargetUrl(target) + "?sslmode=disable";
            string[] migrate = ["migrate", folder.Path, "--format", format.ToString()];
            var killed = await CommandRun.OfAsync(url, null, migrate, async process =>
            {
                while (!process.HasExited && await target.ScalarAsync<string>("SELECT to_regclass('log')::text") is null)
                {
                    await Task.Delay(5);
                }

                await Task.Delay(random.Next(600));
                process.Kill();
            });
            stoppedHalfWay += killed.ExitCode == 0 ? 0 : 1;

            var again = await CommandRun.OfAsync(url, null, migrate);

            var place = $"seed {seed}, kill {i}: {again.Out}{again.Error}";
            Assert.True(again.ExitCode == 0, place);
            var log = await target.RowsAsync("SELECT n FROM log ORDER BY n");
            Assert.True(Enumerable.Range(2, 11).SequenceEqual(log.Select(r => (int)r[0]!)), place);
            Assert.True(await target.ScalarAsync<bool>("SELECT count(*) = 4 AND bool_and(indisvalid) FROM pg_index WHERE indrelid = 'log'::regclass"), place);
            Assert.Null(await target.ScalarAsync<string>("SELECT to_regnamespace('dbmigrate')::text"));
            var status = await CommandRun.OfAsync(url, null, ["migrate-info", folder.Path, "--format", format.ToString(), "--json"]);
            Assert.All(status.Objects, s => Assert.Equal("Applied", s.GetProperty("state").GetString(), ignoreCase: true));
        }

        Assert.True(Kills < 10 || stoppedHalfWay > Kills / 2, $"Only {stoppedHalfWay} of {Kills} runs were stopped half-way.");
    }

    /// <summary>Twelve migrations of some 40 ms each; every third builds an index outside a transaction.</summary>
    private static TemporaryMigrations Folder(MigrationFormat format)
    {
        var folder = new TemporaryMigrations(format).Add(1, "log", ["CREATE TABLE log (n int)"]);
        for (var i = 2; i <= 12; i++)
        {
            folder.Add(i, $"step{i}", i % 3 == 0
                ? [$"INSERT INTO log SELECT {i} FROM pg_sleep(0.02)", $"CREATE INDEX CONCURRENTLY log_{i} ON log (n)", $"CREATE TABLE t{i} AS SELECT 1 AS n FROM pg_sleep(0.02)"]
                : [$"INSERT INTO log SELECT {i} FROM pg_sleep(0.02)", $"CREATE TABLE t{i} AS SELECT 1 AS n FROM pg_sleep(0.02)"]);
        }

        return folder;
    }
}
