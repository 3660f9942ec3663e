using System.Diagnostics;
using System.Globalization;
using DbMigrate.Engine.Backfill;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;
using Npgsql;

namespace DbMigrate.Benchmarks;

/// <summary>
/// One column of many rows, filled in three ways: by one UPDATE, by a backfill with its usual settings, and by the shell loop of the old runbook, which asks psql for
/// a thousand rows at a time and looks for them from the first page each time. A second session updates rows at random all along. The loop would take very long:
/// it is run for a hundred batches at five places of the table, and the rest is reckoned from those.
/// </summary>
internal static class BackfillBenchmark
{
    private const int LoopBatch = 1000;
    private const int LoopSample = 100;
    private const string Fill = "UPDATE users SET new_column = 'default' WHERE new_column IS NULL";

    public static async Task RunAsync(DbSandbox sandbox, long rows, int rounds)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows:N0} rows; {rounds} rounds in turn."));
        Console.WriteLine("                       seconds    longest wait of another session's write");
        var oneUpdate = new List<double>();
        var backfill = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            oneUpdate.Add(await MeasureAsync("one UPDATE", sandbox, rows, async target =>
            {
                await target.RunAsync(Fill);
                return "";
            }));
            backfill.Add(await MeasureAsync("DbMigrate", sandbox, rows, async target =>
            {
                var options = new BackfillOptions { Table = "users", Set = "new_column = 'default'", Where = "new_column IS NULL" };
                await using var job = await BackfillJob.OpenAsync(options, target, new RecordingObserver(), CancellationToken.None);
                var result = await job.RunAsync(CancellationToken.None);
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $", {result.Batches} batches, the longest {result.LongestBatch.TotalMilliseconds:0} ms, {result.Retries} tried again");
            }));
        }

        var loop = await LoopAsync(sandbox, rows);
        var (one, ours) = (Median(oneUpdate), Median(backfill));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"shell loop        {loop,12:0.0}    reckoned"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"DbMigrate to one UPDATE: {ours / one:0.00}; shell loop to DbMigrate: {loop / ours:0.0}"));
    }

    private static async Task<double> MeasureAsync(string name, DbSandbox sandbox, long rows, Func<DbTarget, Task<string>> work)
    {
        var target = await TableAsync(sandbox, rows);
        using var stop = new CancellationTokenSource();
        var writing = WriteAsync(target, rows, stop.Token);
        var clock = Stopwatch.StartNew();
        var remark = await work(target);
        var seconds = clock.Elapsed.TotalSeconds;
        await stop.CancelAsync();
        var longest = await writing;
        if (await target.ScalarAsync<long>("SELECT count(*) FROM users WHERE new_column IS NULL") != 0)
        {
            throw new InvalidOperationException("Rows are left.");
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-15} {seconds,14:0.0} {longest.TotalMilliseconds,10:0} ms{remark}"));
        await DropAsync(sandbox, target);
        return seconds;
    }

    /// <summary>Updates rows at random until stopped, and returns the longest that one took.</summary>
    private static async Task<TimeSpan> WriteAsync(DbTarget target, long rows, CancellationToken stop)
    {
        var longest = TimeSpan.Zero;
        await using var connection = await target.ConnectAsync();
        while (!stop.IsCancellationRequested)
        {
            await using var write = new NpgsqlCommand("UPDATE users SET visits = visits + 1 WHERE id = $1", connection)
            {
                Parameters = { new NpgsqlParameter { Value = Random.Shared.NextInt64(1, rows + 1) } },
            };
            var clock = Stopwatch.StartNew();
            await write.ExecuteNonQueryAsync(CancellationToken.None);
            longest = clock.Elapsed > longest ? clock.Elapsed : longest;
            await Task.Delay(1, CancellationToken.None);
        }

        return longest;
    }

    private static async Task<double> LoopAsync(DbSandbox sandbox, long rows)
    {
        var target = await TableAsync(sandbox, rows);
        var samples = new List<double>();
        var done = 0L;
        for (var place = 0; place <= 4; place++)
        {
            var until = (rows - (LoopSample * LoopBatch)) * place / 4;
            if (until > done)
            {
                await target.RunAsync($"UPDATE users SET new_column = 'default' WHERE new_column IS NULL AND id <= {until}");
            }

            var clock = Stopwatch.StartNew();
            for (var i = 0; i < LoopSample; i++)
            {
                await BatchAsync(target);
            }

            samples.Add(clock.Elapsed.TotalSeconds / LoopSample);
            done = until + (LoopSample * LoopBatch);
        }

        await DropAsync(sandbox, target);
        Console.WriteLine("A batch of the loop at 0, 25, 50, 75 and 100 %: " +
            string.Join(", ", samples.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s * 1000:0} ms"))));
        return samples.Zip(samples.Skip(1), (a, b) => (a + b) / 2).Average() * rows / LoopBatch;
    }

    // As the old runbook has it.
    private static async Task BatchAsync(DbTarget target)
    {
        const string Sql =
            "WITH batch AS (SELECT id FROM users WHERE new_column IS NULL LIMIT 1000) " +
            "UPDATE users SET new_column = 'default' WHERE id IN (SELECT id FROM batch) RETURNING id;";
        var start = new ProcessStartInfo("psql", ["-X", "-t", "-d", SandboxFixture.TargetUrl(target) + "?sslmode=disable", "-c", Sql]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"psql ended with {process.ExitCode}.");
        }
    }

    private static async Task<DbTarget> TableAsync(DbSandbox sandbox, long rows)
    {
        var target = await sandbox.CreateDatabaseAsync(name: null, CancellationToken.None);
        await target.RunAsync(
            "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, visits integer NOT NULL DEFAULT 0, created_at timestamptz NOT NULL DEFAULT now(), new_column text)",
            $"INSERT INTO users SELECT g, 'user' || g || '@example.com' FROM generate_series(1, {rows}) g",
            "VACUUM (ANALYZE) users",
            "CHECKPOINT");
        return target;
    }

    private static async Task DropAsync(DbSandbox sandbox, DbTarget target) =>
        await sandbox.Target.RunAsync($"DROP DATABASE \"{target.Database}\" WITH (FORCE)");

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
