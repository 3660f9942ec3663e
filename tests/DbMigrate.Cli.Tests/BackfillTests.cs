using System.Text.Json;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Cli.Tests;

public sealed class BackfillTests
{
    private static readonly string[] Fill = ["backfill", "users", "--set", "status = @new", "--where", "status IS NULL", "--parameter", "new=a=b;'"];

    [Fact]
    public async Task It_says_what_it_would_do_does_it_and_finds_nothing_more()
    {
        using var database = await UsersAsync();

        var whatIf = await database.RunAsync([.. Fill, "--what-if"]);
        Assert.Equal((0, ""), (whatIf.ExitCode, whatIf.Error));
        Assert.Equal("public.users/would backfill: about 3000 rows by primary key (id)", whatIf.Lines[0]);
        Assert.StartsWith("UPDATE ONLY \"public\".\"users\" SET status = $1 WHERE ", whatIf.Lines[1], StringComparison.Ordinal);
        Assert.Contains(whatIf.Lines, line => line.Contains("Index Cond:", StringComparison.Ordinal));
        Assert.Equal("What if: nothing was changed.", whatIf.Lines[^1]);
        Assert.Equal(3000, await database.Target.ScalarAsync<long>("SELECT count(*) FROM users WHERE status IS NULL"));
        Assert.Null(await database.Target.ScalarAsync<string>("SELECT to_regnamespace('dbmigrate')::text"));

        var run = await database.RunAsync([.. Fill, "--then-set-not-null", "status"]);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Matches(@"^public\.users/backfilled: 3000 rows \([0-9.]+ m?s, [0-9]+ batches, [0-9]+ rows/s\), status is NOT NULL$", Assert.Single(run.Lines));
        Assert.Equal(3000, await database.Target.ScalarAsync<long>("SELECT count(*) FROM users WHERE status = 'a=b;'''"));

        var again = await database.RunAsync([.. Fill, "--json"]);
        var result = Assert.Single(again.Objects);
        Assert.Equal((0, true, 0), (result.GetProperty("rows").GetInt64(), result.GetProperty("verified").GetBoolean(), again.ExitCode));
        Assert.Equal(JsonValueKind.Number, result.GetProperty("longestBatchMs").ValueKind);
    }

    [Fact]
    public async Task With_JSON_the_plan_and_the_error_are_objects()
    {
        using var database = await UsersAsync();

        var plan = Assert.Single((await database.RunAsync([.. Fill, "--what-if", "--json"])).Objects);
        Assert.Equal(("backfill", "primary key (id)", 3000), (plan.GetProperty("whatIf").GetString(), plan.GetProperty("walk").GetString(), plan.GetProperty("estimatedRows").GetInt64()));

        var failed = await database.RunAsync("backfill", "nowhere", "--set", "a = 1", "--json");
        Assert.Equal(1, failed.ExitCode);
        Assert.Equal("TableNotFound", Assert.Single(failed.Objects).GetProperty("error").GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("'--set' is required", "backfill", "users")]
    [InlineData("TABLE", "backfill", "--set", "a = 1")]
    [InlineData("--set is empty", "backfill", "users", "--set", "")]
    [InlineData("--where is empty", "backfill", "users", "--set", "a = 1", "--where", "")]
    [InlineData("--parameter is NAME=VALUE", "backfill", "users", "--set", "a = @b", "--parameter", "b")]
    [InlineData("--batch-duration is a time", "backfill", "users", "--set", "a = 1", "--batch-duration", "soon")]
    [InlineData("--parallel is a number, 1 to 64", "backfill", "users", "--set", "a = 1", "--parallel", "0")]
    [InlineData("--parallel is a number, 1 to 64", "backfill", "users", "--set", "a = 1", "--parallel", "65")]
    [InlineData("--max-wal-rate is a size", "backfill", "users", "--set", "a = 1", "--max-wal-rate", "20 MB/s")]
    [InlineData("a ; would end the statement", "backfill", "users", "--set", "a = 1; DROP TABLE users", "--database-url", "postgres://a@127.0.0.1:1/x")]
    [InlineData("less than 10 ms", "backfill", "users", "--set", "a = 1", "--batch-duration", "0", "--database-url", "postgres://a@127.0.0.1:1/x")]
    public async Task Wrong_usage_is_2(string reason, params string[] arguments)
    {
        var run = await CommandRun.OfAsync(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(reason, run.Error, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<SampleDatabase> UsersAsync()
    {
        var database = await SampleDatabase.CreateAsync();
        await database.Target.RunAsync(
            "CREATE TABLE users (id int PRIMARY KEY, status text)", "INSERT INTO users SELECT g FROM generate_series(1, 3000) g", "ANALYZE users");
        return database;
    }
}
