using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Cli.Tests;

public class ActivityTests
{
    [Fact]
    public async Task Activity_shows_who_sits_in_a_transaction()
    {
        using var database = await SampleDatabase.CreateAsync();
        await using var idle = await database.Target.ConnectAsync();
        await using var transaction = await idle.BeginTransactionAsync();
        await using (var command = new Npgsql.NpgsqlCommand("SELECT '##vso[task.complete]' -- \u001b[31m", idle, transaction))
        {
            await command.ExecuteNonQueryAsync();
        }

        var run = await database.RunAsync("activity", "--older-than", "0");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.StartsWith($"database: {database.Target.Database}, ", run.Lines[0], StringComparison.Ordinal);
        Assert.Matches(@"^connections: [0-9]+ of [0-9]+ \([0-9]+ active, [0-9]+ idle, [0-9]+ idle in transaction\)$", run.Lines[1]);
        var line = Assert.Single(run.Lines, l => l.StartsWith("idle in transaction: ", StringComparison.Ordinal));
        Assert.Contains($"pid {idle.ProcessID} (user postgres, ", line, StringComparison.Ordinal);
        Assert.Contains(@"#\#vso[task.complete]", line, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', line);
        Assert.DoesNotContain(run.Lines, l => l.StartsWith("long statement: ", StringComparison.Ordinal));

        run = await database.RunAsync("activity");
        Assert.DoesNotContain(run.Lines, l => l.StartsWith("idle in transaction: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Activity_is_one_object_in_json()
    {
        using var database = await SampleDatabase.CreateAsync();
        await using var idle = await database.Target.ConnectAsync();

        // The session that made the database may take a moment to end.
        await using var others = new Npgsql.NpgsqlCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()", idle);
        await Eventually.IsTrueAsync(async () => await others.ExecuteScalarAsync() is 0L);
        await using var begin = new Npgsql.NpgsqlCommand("BEGIN", idle);
        await begin.ExecuteNonQueryAsync();

        var activity = Assert.Single((await database.RunAsync("activity", "--older-than", "0", "--json")).Objects);

        Assert.Equal(database.Target.Database, activity.GetProperty("database").GetString());
        Assert.True(activity.GetProperty("sizeBytes").GetInt64() > 1_000_000);
        Assert.Equal(2, activity.GetProperty("connections").GetProperty("inDatabase").GetInt32());
        Assert.True(activity.GetProperty("connections").GetProperty("free").GetInt32() > 0);
        var session = Assert.Single(activity.GetProperty("idleInTransaction").EnumerateArray());
        Assert.Equal((idle.ProcessID, "idle in transaction"), (session.GetProperty("processId").GetInt32(), session.GetProperty("state").GetString()));
        Assert.Empty(activity.GetProperty("standbys").EnumerateArray());
        Assert.DoesNotContain("assword", activity.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sizes_come_the_biggest_first()
    {
        using var database = await SampleDatabase.CreateAsync();
        await database.Target.RunAsync(
            "CREATE TABLE small (id int)", "CREATE TABLE \"Big one\" WITH (autovacuum_enabled = off) AS SELECT generate_series(1, 10000) AS id", "CREATE TABLE middle AS SELECT generate_series(1, 100) AS id");

        var run = await database.RunAsync("sizes");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(["public.\"Big one\"", "public.middle", "public.small"], run.Lines.Select(l => l.Split(": ")[1].Split(" (")[0]));
        Assert.Matches(@"^[0-9.]+ kB: public\.""Big one"" \(data [0-9.]+ kB, indexes 0 bytes, toast 0 bytes, 10000 rows, 0 dead(, bloat .*)?\)$", run.Lines[0]);

        var table = Assert.Single((await database.RunAsync("sizes", "--first", "1", "--json")).Objects);
        Assert.Equal(("Big one", "public.\"Big one\"", "table"), (table.GetProperty("name").GetString(), table.GetProperty("table").GetString(), table.GetProperty("kind").GetString()));
        Assert.Equal(
            await database.Target.ScalarAsync<long>("SELECT pg_total_relation_size('\"Big one\"')"), table.GetProperty("totalBytes").GetInt64());
    }

    [Theory]
    [InlineData("activity", "--older-than", "soon")]
    [InlineData("sizes", "--first", "0")]
    public async Task What_makes_no_sense_is_2(params string[] arguments)
    {
        var run = await CommandRun.OfAsync(arguments);
        Assert.Equal((2, ""), (run.ExitCode, run.Out));
        Assert.Contains(arguments[2], run.Error, StringComparison.Ordinal);
    }
}
