using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;
using Npgsql;

namespace DbMigrate.Benchmarks;

/// <summary>
/// Clients use a table all along, somebody reads it for long, and an ALTER TABLE comes: how long does the longest of the clients wait, and is the
/// migration applied once the reader has gone?
/// </summary>
internal static class WatchdogBenchmark
{
    private static readonly TimeSpan Reading = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxQueueTime = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Think = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs the scene without and with the watchdog, and prints what the clients saw.</summary>
    public static async Task RunAsync(DbSandbox sandbox, int clients)
    {
        Console.WriteLine($"{clients} clients, {Think.TotalMilliseconds:0} ms between two statements of each; a reader of {Reading.TotalSeconds:0} s; times in seconds.");
        Console.WriteLine("run                                     statements   median   longest wait   over 1 s   applied after the reader");
        await SceneAsync(sandbox, clients, "no migration", null);
        await SceneAsync(sandbox, clients, "lock_timeout 0, as psql", new RunOptions { LockTimeout = TimeSpan.Zero });
        await SceneAsync(sandbox, clients, "lock_timeout 5 s, no watchdog", new RunOptions { LockTimeout = TimeSpan.FromSeconds(5), LockRetries = 20 });
        await SceneAsync(sandbox, clients, "lock_timeout 0, -MaxQueueTime 500ms", new RunOptions
        {
            LockTimeout = TimeSpan.Zero,
            LockRetries = 20,
            MaxQueueTime = MaxQueueTime,
        });
    }

    private static async Task SceneAsync(DbSandbox sandbox, int clients, string name, RunOptions? options)
    {
        var target = await sandbox.CreateDatabaseAsync(name: null, CancellationToken.None);
        await target.RunAsync("CREATE TABLE items (id int PRIMARY KEY, n int NOT NULL DEFAULT 0)", "INSERT INTO items SELECT generate_series(1, 1000)");
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx);
        folder.Add(1, "alter", ["ALTER TABLE items ADD COLUMN late int"]);
        using var stop = new CancellationTokenSource();
        var waits = new ConcurrentBag<double>();
        var connections = await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => target.ConnectAsync()));
        var work = connections.Select((c, i) => ClientAsync(c, i, waits, stop.Token)).ToList();

        var reader = await target.ConnectAsync();
        foreach (var text in new[] { "BEGIN", "SELECT count(*) FROM items" })
        {
            await using var command = new NpgsqlCommand(text, reader);
            await command.ExecuteNonQueryAsync();
        }

        var run = options is null ? Task.CompletedTask : ApplyAsync(folder, target, options);
        await Task.Delay(Reading);
        await reader.DisposeAsync();
        var clock = Stopwatch.StartNew();
        await run;
        var after = clock.Elapsed.TotalSeconds;
        await stop.CancelAsync();
        await Task.WhenAll(work);
        foreach (var connection in connections)
        {
            await connection.DisposeAsync();
        }

        var ordered = waits.Order().ToList();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-38} {ordered.Count,11} {ordered[ordered.Count / 2],8:0.000} {ordered[^1],14:0.000} {ordered.Count(w => w > 1),10} {(options is null ? "-" : after.ToString("0.0", CultureInfo.InvariantCulture)),26}"));
    }

    private static async Task ClientAsync(NpgsqlConnection connection, int number, ConcurrentBag<double> waits, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand($"UPDATE items SET n = n + 1 WHERE id = {number + 1}", connection);
        while (!stop.IsCancellationRequested)
        {
            var clock = Stopwatch.StartNew();
            await command.ExecuteNonQueryAsync(CancellationToken.None);
            waits.Add(clock.Elapsed.TotalSeconds);
            await Task.Delay(Think, CancellationToken.None);
        }
    }

    private static async Task ApplyAsync(TemporaryMigrations folder, DbTarget target, RunOptions options)
    {
        await using var project = await MigrationProject.OpenAsync(
            new MigrationSource(folder.Path, folder.Format), target, new RecordingObserver(), CancellationToken.None);
        var plan = await project.PlanApplyAsync(new MigrationSelection(), options, CancellationToken.None);
        await foreach (var result in project.ApplyAsync(plan, options, CancellationToken.None))
        {
            if (result.Outcome != MigrationOutcome.Applied)
            {
                throw new InvalidOperationException($"{result}: {result.Error}");
            }
        }
    }
}
