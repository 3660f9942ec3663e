namespace DbMigrate;

/// <summary>A throw-away PostgreSQL server that is running.</summary>
public sealed record SandboxInfo
{
    /// <summary>The server's database <c>postgres</c>, as superuser.</summary>
    public required DbTarget Target { get; init; }

    /// <summary>The folder that holds the server's data and log; an absolute path.</summary>
    public required string Directory { get; init; }

    /// <summary>The port on 127.0.0.1.</summary>
    public required int Port { get; init; }

    /// <summary>The folder of the server's Unix socket; null where it has none (Windows, or a path too long for a socket).</summary>
    public string? SocketDirectory { get; init; }

    /// <summary>The server's version.</summary>
    public required Version ServerVersion { get; init; }

    /// <summary>The server's process id.</summary>
    public required int ProcessId { get; init; }

    /// <summary>The process that started the server; when it ends, so does the server.</summary>
    public required int OwnerProcessId { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"PostgreSQL {ServerVersion} on 127.0.0.1:{Port} in {Directory}";
}
