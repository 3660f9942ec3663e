using System.Globalization;
using DbMigrate.Engine.Recovery;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Recovery;

/// <summary>
/// A server that archives its write-ahead log, of which a base backup was taken. After that a row was written, then came the moment to go back to, then the table
/// was dropped and another one filled.
/// </summary>
public sealed class ArchivingServer : IAsyncLifetime
{
    private DbSandbox? _server;

    public DbTarget Target => _server!.Target;

    public string Password => new NpgsqlConnectionStringBuilder(Target.ConnectionString).Password!;

    public string Archive => Path.Combine(_server!.Directory, "archive's % folder");

    public string Plain => Path.Combine(_server!.Directory, "plain");

    public string Tar => Path.Combine(_server!.Directory, "tar");

    internal PostgresPrograms Programs { get; private set; } = null!;

    /// <summary>Right after the row was written.</summary>
    public DateTimeOffset Moment { get; private set; }

    /// <summary>The same in the write-ahead log.</summary>
    public string Position { get; private set; } = "";

    public bool IsThere => _server is not null;

    public string NewFolder() => Path.Combine(_server!.Directory, "back 'q -" + Guid.NewGuid().ToString("N")[..8]);

    public async Task InitializeAsync()
    {
        Programs = await PostgresLocator.Usual().FindAsync(install: true, new RecordingObserver(), CancellationToken.None);
        if (OperatingSystem.IsWindows() || !File.Exists(PostgresPrograms.PathOf(Programs.Directory, "pg_basebackup")))
        {
            return;
        }

        _server = await DbSandbox.StartAsync(install: true, new RecordingObserver(), CancellationToken.None);
        Directory.CreateDirectory(Archive);
        await ServerAccount.GiveAsync(Archive, ServerAccount.Name, CancellationToken.None);
        var quoted = Archive.Replace("'", "'\\''", StringComparison.Ordinal).Replace("%", "%%", StringComparison.Ordinal);
        await Target.RunAsync(
            "ALTER SYSTEM SET archive_mode = on",
            "ALTER SYSTEM SET archive_command = '" + $"cp %p '{quoted}/%f'".Replace("'", "''", StringComparison.Ordinal) + "'",
            "ALTER SYSTEM SET max_connections = 250");
        var data = Path.Combine(_server.Directory, "data");
        await RunAsync("pg_ctl", "restart", "--silent", "--wait", "--pgdata", data, "--log", Path.Combine(data, "restarted.log"));
        await Target.RunAsync(
            "CREATE TABLE orders (id int PRIMARY KEY, at timestamptz NOT NULL)",
            "INSERT INTO orders VALUES (1, clock_timestamp())",
            "CREATE ROLE app LOGIN PASSWORD 'geheim-4711'",
            "CREATE DATABASE shop OWNER app");
        foreach (var (folder, more) in new[] { (Plain, new[] { "--format=plain" }), (Tar, ["--format=tar", "--gzip"]) })
        {
            Directory.CreateDirectory(folder);
            await ServerAccount.GiveAsync(folder, ServerAccount.Name, CancellationToken.None);
            await RunAsync(
                "pg_basebackup",
                ["--pgdata", folder, "--checkpoint", "fast", "--no-sync", "--dbname", $"host=127.0.0.1 port={Target.Port} user=postgres password={Password}", .. more]);
        }

        // The clock of a base backup's end has whole seconds.
        await Task.Delay(1100);
        await Target.RunAsync("INSERT INTO orders VALUES (2, clock_timestamp())", "SELECT pg_create_restore_point('before the drop')");
        Moment = new DateTimeOffset(await Target.ScalarAsync<DateTime>("SELECT clock_timestamp()"));
        Position = (await Target.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text"))!;
        await Target.RunAsync(
            "SELECT pg_sleep(0.05)", "DROP TABLE orders", "CREATE TABLE later (id int)", "INSERT INTO later VALUES (3)", "SELECT pg_switch_wal()",
            "INSERT INTO later VALUES (4)", "SELECT pg_switch_wal()", "INSERT INTO later VALUES (5)");
        await ArchivedAsync();
    }

    /// <summary>Waits until what has been written by now is archived.</summary>
    public async Task ArchivedAsync()
    {
        var last = await Target.ScalarAsync<string>("SELECT pg_walfile_name(pg_switch_wal())");
        await Activity.Scene.WaitForAsync(() => Task.FromResult(File.Exists(Path.Combine(Archive, last!))), isThere => isThere);
        await Activity.Scene.WaitForAsync(
            () => Target.ScalarAsync<string>("SELECT coalesce(last_archived_wal, '') FROM pg_stat_archiver"), name => string.CompareOrdinal(name, last) >= 0);
    }

    /// <summary>A copy of the archive, for a test to take something away.</summary>
    public async Task<string> CopyArchiveAsync()
    {
        var copy = Path.Combine(_server!.Directory, "archive-" + Guid.NewGuid().ToString("N")[..8]);
        Directory.CreateDirectory(copy);
        foreach (var file in Directory.GetFiles(Archive))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            File.SetLastWriteTimeUtc(Path.Combine(copy, Path.GetFileName(file)), File.GetLastWriteTimeUtc(file));
        }

        await ServerAccount.GiveAllAsync(copy, ServerAccount.Name, CancellationToken.None);
        return copy;
    }

    public RecoveryOptions Options => new() { BaseBackup = Plain, WalArchive = Archive, DataDirectory = NewFolder(), Timeout = TimeSpan.FromMinutes(3) };

    public static async Task<RestoreResult> RecoverAsync(RecoveryOptions options, RecordingObserver observer, CancellationToken cancellationToken = default)
    {
        var plan = await PointInTimeRecovery.PlanAsync(options, observer, cancellationToken);
        return await PointInTimeRecovery.RunAsync(plan, observer, cancellationToken);
    }

    public async Task StopAsync(RestoreResult result) => await RunAsync("pg_ctl", "stop", "--silent", "--mode", "immediate", "--pgdata", result.Id);

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            foreach (var folder in Directory.GetDirectories(_server.Directory, "back*").Where(f => File.Exists(Path.Combine(f, "postmaster.pid"))))
            {
                await RunAsync("pg_ctl", "stop", "--silent", "--mode", "immediate", "--pgdata", folder);
            }

            await _server.DisposeAsync();
        }
    }

    private async Task RunAsync(string program, params string[] arguments)
    {
        var (exitCode, output) = await ChildProgram.RunAsync(
            PostgresPrograms.PathOf(Programs.Directory, program), arguments, _server!.Directory, ServerAccount.Name, CancellationToken.None);
        if (exitCode != 0)
        {
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{program} ended with {exitCode}: {output}"));
        }
    }
}
