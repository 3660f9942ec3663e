using System.Globalization;
using System.Net;
using System.Net.Sockets;
using DbMigrate.Engine.Sandbox;
using Npgsql;

namespace DbMigrate.Testing;

/// <summary>
/// A primary of its own with a real standby, which streams from it and reports its queries back (<c>hot_standby_feedback</c>). Prepared transactions
/// and logical slots are possible on the primary. Needs <c>pg_basebackup</c>, which PostgreSQL's packages have and the embedded copy has not.
/// </summary>
public sealed class StandbyFixture : IAsyncDisposable
{
    /// <summary>What the standby calls itself.</summary>
    public const string Name = "standby one";

    private readonly DbSandbox _primary;
    private readonly PostgresPrograms _programs;
    private readonly string _data;
    private int _port;

    private StandbyFixture(DbSandbox primary, PostgresPrograms programs)
    {
        _primary = primary;
        _programs = programs;
        _data = Path.Combine(primary.Directory, "standby");
    }

    /// <summary>The primary's database <c>postgres</c>.</summary>
    public DbTarget Primary => _primary.Target;

    /// <summary>The same database on the standby.</summary>
    public DbTarget Standby => DbSandbox.TargetOf(_port, "postgres", Password);

    private string Password => new NpgsqlConnectionStringBuilder(Primary.ConnectionString).Password!;

    /// <summary>Starts both; null where there is no <c>pg_basebackup</c>.</summary>
    public static async Task<StandbyFixture?> CreateAsync()
    {
        var programs = await PostgresLocator.Usual().FindAsync(install: true, new RecordingObserver(), CancellationToken.None);
        if (!File.Exists(BaseBackup(programs)))
        {
            return null;
        }

        var fixture = new StandbyFixture(await DbSandbox.StartAsync(install: true, new RecordingObserver(), CancellationToken.None), programs);
        try
        {
            await fixture.StartAsync();
            return fixture;
        }
        catch
        {
            await fixture.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the standby has replayed what the primary has written by now.</summary>
    public async Task CatchUpAsync()
    {
        // The sandbox commits asynchronously: what was written is not yet all that was committed.
        var written = await Primary.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        for (var limit = DateTime.UtcNow.AddMinutes(2); !await Standby.ScalarAsync<bool>($"SELECT pg_last_wal_replay_lsn() >= '{written}'");)
        {
            if (DateTime.UtcNow > limit)
            {
                throw new TimeoutException($"The standby did not come to {written}.");
            }

            await Task.Delay(20);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(_data, "postmaster.pid")))
        {
            await RunAsync(_programs.PgCtl, "stop", "--silent", "--mode", "immediate", "--pgdata", _data);
        }

        await _primary.DisposeAsync();
    }

    private async Task StartAsync()
    {
        await Primary.RunAsync("ALTER SYSTEM SET max_prepared_transactions = 5", "ALTER SYSTEM SET wal_level = logical");
        var data = Path.Combine(_primary.Directory, "data");
        await RunAsync(_programs.PgCtl, "restart", "--silent", "--wait", "--pgdata", data, "--log", Path.Combine(data, "restarted.log"));
        Directory.CreateDirectory(_data);
        if (!OperatingSystem.IsWindows())
        {
            // The server refuses a folder that others can look into.
            File.SetUnixFileMode(_data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        await ServerAccount.GiveAsync(_data, ServerAccount.Name, CancellationToken.None);
        await RunAsync(
            BaseBackup(_programs),
            "--pgdata", _data, "--write-recovery-conf", "--checkpoint", "fast", "--no-sync",
            "--dbname", $"host=127.0.0.1 port={Primary.Port} user=postgres password={Password} application_name='{Name}'");
        for (var attempt = 1; ; attempt++)
        {
            _port = FreePort();
            try
            {
                await RunAsync(
                    _programs.PgCtl,
                    "start", "--silent", "--wait", "--pgdata", _data, "--log", Path.Combine(_data, "server.log"),
                    "--options", $"-p {_port.ToString(CultureInfo.InvariantCulture)} -c hot_standby_feedback=on -c wal_receiver_status_interval=1");
                return;
            }
            catch (InvalidOperationException) when (attempt < 3 && !File.Exists(Path.Combine(_data, "postmaster.pid")))
            {
                // Somebody else may have taken the port in between.
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task RunAsync(string program, params string[] arguments)
    {
        var (exitCode, output) = await ChildProgram.RunAsync(program, arguments, _primary.Directory, ServerAccount.Name, CancellationToken.None);
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"{Path.GetFileName(program)} ended with {exitCode}: {output}");
        }
    }

    private static string BaseBackup(PostgresPrograms programs) =>
        Path.Combine(programs.Directory, OperatingSystem.IsWindows() ? "pg_basebackup.exe" : "pg_basebackup");
}
