using System.Diagnostics;
using System.Globalization;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Cli.Tests;

public class SignalTests
{
    [SkippableTheory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public async Task A_signal_cancels_the_statement_on_the_server(string signal)
    {
        Skip.If(OperatingSystem.IsWindows(), "SKIPPED: Windows has no signals to send.");
        using var database = await SampleDatabase.CreateAsync();
        database.Write("1_a.sql", "CREATE TABLE a (id int);\n");
        database.Write("2_b.sql", "CREATE TABLE b (id int);\nSELECT pg_sleep(120);\n");
        database.Write("3_c.sql", "CREATE TABLE c (id int);\n");

        var run = await CommandRun.OfAsync(
            SandboxFixture.TargetUrl(database.Target),
            database.Folder,
            ["migrate"],
            async process =>
            {
                await Eventually.IsTrueAsync(async () => await SleepersAsync(database) == 1);
                await SendAsync(signal, process);
            });

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Next: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("defect", run.Error, StringComparison.Ordinal);
        await Eventually.IsTrueAsync(async () => await SleepersAsync(database) == 0);
        Assert.NotNull(await database.Target.ScalarAsync<string>("SELECT to_regclass('a')::text"));
        Assert.Null(await database.Target.ScalarAsync<string>("SELECT to_regclass('b')::text"));
        Assert.Null(await database.Target.ScalarAsync<string>("SELECT to_regclass('c')::text"));

        // Nothing is left that would keep the next run away.
        database.Write("2_b.sql", "CREATE TABLE b (id int);\n");
        Assert.Equal(0, (await database.RunAsync("migrate", "--runner-wait", "5s")).ExitCode);
    }

    [SkippableFact]
    public async Task A_backfill_that_is_stopped_says_how_to_go_on()
    {
        Skip.If(OperatingSystem.IsWindows(), "SKIPPED: Windows has no signals to send.");
        using var database = await SampleDatabase.CreateAsync();
        await database.Target.RunAsync("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0)", "INSERT INTO t SELECT g FROM generate_series(1, 3000) g");

        var run = await CommandRun.OfAsync(
            SandboxFixture.TargetUrl(database.Target),
            database.Folder,
            ["backfill", "t", "--set", "n = n + 1", "--pause", "10min"],
            async process =>
            {
                await Eventually.IsTrueAsync(async () => await database.Target.ScalarAsync<long>("SELECT sum(n) FROM t") > 0);
                await SendAsync("INT", process);
            });

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Next: Run the same command again: it goes on from there.", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("migrate-info", run.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_watch_without_an_end_ends_with_the_signal()
    {
        Skip.If(OperatingSystem.IsWindows(), "SKIPPED: Windows has no signals to send.");
        using var database = await SampleDatabase.CreateAsync();
        var run = await CommandRun.OfAsync(
            SandboxFixture.TargetUrl(database.Target),
            database.Folder,
            ["blockers", "--wait"],
            async process =>
            {
                await Eventually.IsTrueAsync(() => database.Target.ScalarAsync<bool>(
                    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_locks%')"));
                await SendAsync("INT", process);
            });

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
    }

    [SkippableFact]
    public async Task The_demo_cleans_up_behind_itself()
    {
        Skip.If(OperatingSystem.IsWindows(), "SKIPPED: Windows has no signals to send.");
        using var temporary = new TemporaryFolder();
        if (!OperatingSystem.IsWindows())
        {
            // The server may run as another user.
            File.SetUnixFileMode(temporary.Path, (UnixFileMode)0b111_101_101);
        }

        var run = await CommandRun.OfAsync(
            null,
            null,
            ["demo"],
            async process =>
            {
                await Eventually.IsTrueAsync(() => Directory.EnumerateDirectories(temporary.Path, "dbmigrate-demo-*").Any());
                await SendAsync("INT", process);
            },
            temporary.Path);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("PostgreSQL ", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("defect", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary.Path, "dbmigrate*"));
    }

    private static async Task SendAsync(string signal, Process process)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    private static Task<long> SleepersAsync(SampleDatabase database) => database.Target.ScalarAsync<long>(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' " +
        "AND query LIKE '%pg_sleep(120)%' AND pid <> pg_backend_pid()")!;
}
