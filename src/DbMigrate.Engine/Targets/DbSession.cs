using Npgsql;

namespace DbMigrate.Engine.Targets;

/// <summary>One session on a database: a connection of its own, never pooled, closed when disposed.</summary>
public sealed class DbSession : IAsyncDisposable
{
    private DbSession(DbTarget target, NpgsqlConnection connection)
    {
        Target = target;
        Connection = connection;
        ProcessId = connection.ProcessID;
    }

    /// <summary>The database.</summary>
    public DbTarget Target { get; }

    /// <summary>The open connection. It sends texts as they are: one statement each, parameters called <c>$1</c>.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>
    /// The server's process that serves the session, as in <c>pg_stat_activity.pid</c>. A pooler tells a number of its own, until
    /// <see cref="IdentifyAsync"/> has asked the server.
    /// </summary>
    public int ProcessId { get; private set; }

    /// <summary>The server's version.</summary>
    public Version ServerVersion => Connection.PostgreSqlVersion;

    /// <summary>Connects. The server's notices go to the observer.</summary>
    /// <param name="target">The database.</param>
    /// <param name="observer">Told of connecting, and of the server's notices and warnings.</param>
    /// <param name="cancellationToken">Stops connecting.</param>
    /// <exception cref="DbMigrateException">
    /// <c>HostNotFound</c>, <c>HostUnreachable</c>, <c>ConnectionRefused</c>, <c>ConnectTimeout</c>, <c>ConnectionLost</c>,
    /// <c>TlsFailed</c>, <c>InvalidPasswordFile</c>,
    /// <c>CertificateNotTrusted</c>, <c>PasswordMissing</c>, <c>AuthenticationFailed</c>, <c>ConnectDenied</c>, <c>DatabaseNotFound</c>,
    /// <c>TooManyConnections</c>, <c>ServerStarting</c>, <c>ConnectionFailed</c>.
    /// </exception>
    public static async Task<DbSession> OpenAsync(
        DbTarget target, IEngineObserver observer, CancellationToken cancellationToken)
    {
        if (!SqlRewriting.IsOff)
        {
            throw new InvalidOperationException("Npgsql was used before DbMigrate.Engine was loaded, so it would rewrite SQL.");
        }

        observer.Message(MessageLevel.Debug, $"Connecting to {target}.");
        var connection = New(target);
        connection.Notice += (_, e) => observer.Message(MessageLevel.Verbose, $"{e.Notice.Severity}: {e.Notice.MessageText}");
        var opening = connection.OpenAsync(cancellationToken);
        try
        {
            // Npgsql does not heed the token while it waits for the server's first byte.
            await opening.WaitAsync(cancellationToken);
            return new DbSession(target, connection);
        }
        catch (Exception e)
        {
            // A connection that is still being made cannot be closed; it ends at its time limit, and nobody has to wait for that.
            var closing = opening.ContinueWith(
                _ => connection.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            if (opening.IsCompleted)
            {
                await closing;
            }

            // Npgsql reports a cancelled connect in several ways; callers look for one.
            cancellationToken.ThrowIfCancellationRequested();
            throw e is DbMigrateException ? e : ConnectionFailure.Explain(e, target);
        }
    }

    /// <summary>Asks the server which of its processes serves the session; for those who look for themselves in its views.</summary>
    internal async Task<int> IdentifyAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT pg_backend_pid()", Connection);
        return ProcessId = (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Closes the connection at once.</summary>
    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    private static NpgsqlConnection New(DbTarget target)
    {
        try
        {
            return new NpgsqlConnection(target.ConnectionString);
        }
        catch (ArgumentException e)
        {
            // Settings that are good one by one may exclude each other, such as sslnegotiation=direct without TLS.
            throw new DbMigrateException(
                "InvalidTarget", ErrorKind.InvalidArgument, $"The address of {target} cannot be used: {e.Message}", "Correct the address.", e) { Subject = target };
        }
    }
}
