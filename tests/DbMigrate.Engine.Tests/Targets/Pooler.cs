using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Npgsql;

namespace DbMigrate.Engine.Tests.Targets;

/// <summary>A PgBouncer of the test's own on a loopback port.</summary>
internal sealed class Pooler : IAsyncDisposable
{
    private static readonly string? Program =
        new[] { "/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer" }.FirstOrDefault(File.Exists);

    private readonly Process _process;
    private readonly string _folder;

    private Pooler(Process process, string folder, DbTarget target)
    {
        _process = process;
        _folder = folder;
        Target = target;
    }

    /// <summary>Whether it can be started here.</summary>
    public static bool IsInstalled => Program is not null;

    /// <summary>The database through the pooler.</summary>
    public DbTarget Target { get; }

    public static async Task<Pooler> StartAsync(DbTarget server, string mode)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryStartAsync(server, mode);
            }
            catch (NpgsqlException) when (attempt < 3)
            {
                // Somebody else may have taken the port in between.
            }
        }
    }

    private static async Task<Pooler> TryStartAsync(DbTarget server, string mode)
    {
        var folder = Directory.CreateTempSubdirectory("dbmigrate-pooler-").FullName;
        var port = FreePort();
        var settings = new NpgsqlConnectionStringBuilder(server.ConnectionString);
        var file = Path.Combine(folder, "pgbouncer.ini");
        await File.WriteAllTextAsync(file, string.Create(CultureInfo.InvariantCulture, $"""
            [databases]
            {server.Database} = host=127.0.0.1 port={server.Port} user={settings.Username} password={settings.Password}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = any
            pool_mode = {mode}
            ignore_startup_parameters = extra_float_digits,options,search_path
            """));
        var start = new ProcessStartInfo(Program!, [file]) { RedirectStandardError = true, RedirectStandardOutput = true };
        if (!OperatingSystem.IsWindows() && Environment.UserName == "root")
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
            start.ArgumentList.Insert(0, "-u");
            start.ArgumentList.Insert(1, "nobody");
        }

        var process = Process.Start(start)!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var target = TargetResolver.Resolve($"postgres://any:any@127.0.0.1:{port}/{server.Database}?sslmode=disable", _ => null);
        var pooler = new Pooler(process, folder, target);
        for (var i = 0; ; i++)
        {
            try
            {
                await (await target.ConnectAsync()).DisposeAsync();
                return pooler;
            }
            catch (NpgsqlException) when (i < 400 && !process.HasExited)
            {
                await Task.Delay(50);
            }
            catch (NpgsqlException)
            {
                await pooler.DisposeAsync();
                throw;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
