using System.Diagnostics;
using System.Globalization;
using DbMigrate;
using DbMigrate.Benchmarks;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;

if (args is ["watchdog", ..])
{
    var clients = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 200;
    await using var server = await DbSandbox.StartAsync(
        new SandboxOptions { Install = true, MaxConnections = clients + 20 }, new RecordingObserver(), CancellationToken.None);
    await WatchdogBenchmark.RunAsync(server, clients);
    return 0;
}

if (args is ["backfill", ..])
{
    await using var server = await DbSandbox.StartAsync(install: true, new RecordingObserver(), CancellationToken.None);
    await BackfillBenchmark.RunAsync(
        server,
        args.Length > 1 ? long.Parse(args[1], CultureInfo.InvariantCulture) : 5_000_000,
        args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 1);
    return 0;
}

// Applies the same migrations with DbMigrate and with psql, in turn, near and far, and prints the ratios.
var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1000;
var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
await using var sandbox = await DbSandbox.StartAsync(install: true, new RecordingObserver(), CancellationToken.None);

Console.WriteLine($"{count} migrations; times in seconds, medians of {rounds} rounds in turn; the ratio is that of DbMigrate's time to psql's.");
var farPsql = new List<double>();
Console.WriteLine("format          added round trip     psql   DbMigrate   ratio   up to date");
foreach (var format in Enum.GetValues<MigrationFormat>())
{
    using var folder = Folder(format, count);
    using var script = PsqlScript(count);

    // What is measured is migrations, not the just-in-time compiler.
    using (var few = Folder(format, 10))
    {
        await ApplyAsync(few, await NewDatabaseAsync(), 10);
    }

    foreach (var added in args.Contains("near") ? [TimeSpan.Zero] : new[] { TimeSpan.Zero, TimeSpan.FromMilliseconds(40) })
    {
        await using var proxy = new DelayProxy(sandbox.Target.Port, added);
        // psql runs the same script whatever the format; far away it takes minutes, so once is enough.
        var psql = added > TimeSpan.Zero ? farPsql : [];
        var ours = new List<double>();
        var again = new List<double>();
        for (var i = 0; i < (added > TimeSpan.Zero ? 1 : rounds); i++)
        {
            if (psql != farPsql || psql.Count == 0)
            {
                psql.Add(await TimeAsync(async () => await RunPsqlAsync(Through(await NewDatabaseAsync(), added, proxy), Path.Combine(script.Path, "all.psql"))));
            }

            var database = Through(await NewDatabaseAsync(), added, proxy);
            ours.Add(await TimeAsync(() => ApplyAsync(folder, database, count)));
            again.Add(await TimeAsync(() => ApplyAsync(folder, database, 0)));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{format,-15} {added.TotalMilliseconds,13:0} ms {Median(psql),8:0.00} {Median(ours),11:0.00} {Median(ours) / Median(psql),7:0.00} {Median(again),12:0.00}"));
    }
}

return 0;

Task<DbTarget> NewDatabaseAsync() => sandbox.CreateDatabaseAsync(name: null, CancellationToken.None);

static DbTarget Through(DbTarget target, TimeSpan added, DelayProxy proxy)
{
    var url = SandboxFixture.TargetUrl(target) + "?sslmode=disable";
    return TargetResolver.Resolve(
        added > TimeSpan.Zero ? url.Replace($":{target.Port}/", $":{proxy.Port}/", StringComparison.Ordinal) : url, _ => null);
}

static string[] Statements(int number) =>
[
    $"CREATE TABLE account_{number} (id bigint PRIMARY KEY, name text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())",
    $"INSERT INTO account_{number} (id, name) VALUES (1, 'first'), (2, 'second')",
];

static TemporaryMigrations Folder(MigrationFormat format, int count)
{
    var folder = new TemporaryMigrations(format);
    folder.AddAll(Enumerable.Range(1, count).Select(i => (i, $"account_{i}", Statements(i))));
    return folder;
}

static TemporaryFolder PsqlScript(int count)
{
    var folder = new TemporaryFolder();
    File.WriteAllLines(
        Path.Combine(folder.Path, "all.psql"), Enumerable.Range(1, count).Select(i => $"BEGIN;\n{string.Join(";\n", Statements(i))};\nCOMMIT;"));
    return folder;
}

static async Task RunPsqlAsync(DbTarget target, string script)
{
    var start = new ProcessStartInfo("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", SandboxFixture.TargetUrl(target) + "?sslmode=disable", "-f", script]);
    using var process = Process.Start(start)!;
    await process.WaitForExitAsync();
    if (process.ExitCode != 0)
    {
        throw new InvalidOperationException($"psql ended with {process.ExitCode}.");
    }
}

static async Task ApplyAsync(TemporaryMigrations folder, DbTarget target, int expected)
{
    await using var project = await MigrationProject.OpenAsync(
        new MigrationSource(folder.Path, folder.Format), target, new RecordingObserver(), CancellationToken.None);
    var options = new RunOptions();
    var plan = await project.PlanApplyAsync(new MigrationSelection(), options, CancellationToken.None);
    var applied = await project.ApplyAsync(plan, options, CancellationToken.None).CountAsync();
    if (applied != expected)
    {
        throw new InvalidOperationException($"{applied} migrations were applied instead of {expected}.");
    }
}

static async Task<double> TimeAsync(Func<Task> work)
{
    var clock = Stopwatch.StartNew();
    await work();
    return clock.Elapsed.TotalSeconds;
}

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
