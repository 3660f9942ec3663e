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

    /// <summary>
    /// Connects, with the password of the target's source where it has one. The server's notices go to the observer.
    /// </summary>
    /// <param name="target">The database.</param>
    /// <param name="observer">Told of connecting, and of the server's notices and warnings.</param>
    /// <param name="cancellationToken">Stops connecting.</param>
    /// <exception cref="DbMigrateException">
    /// <c>HostNotFound</c>, <c>HostUnreachable</c>, <c>ConnectionRefused</c>, <c>ConnectTimeout</c>, <c>ConnectionLost</c>,
    /// <c>TlsFailed</c>, <c>InvalidPasswordFile</c>,
    /// <c>CertificateNotTrusted</c>, <c>PasswordMissing</c>, <c>AuthenticationFailed</c>, <c>ConnectDenied</c>, <c>DatabaseNotFound</c>,
    /// <c>TooManyConnections</c>, <c>ServerStarting</c>, <c>ConnectionFailed</c>; what the source of the password throws.
    /// </exception>
    public static async Task<DbSession> OpenAsync(
        DbTarget target, IEngineObserver observer, CancellationToken cancellationToken)
    {
        if (!SqlRewriting.IsOff)
        {
            throw new InvalidOperationException("Npgsql was used before DbMigrate.Engine was loaded, so it would rewrite SQL.");
        }

        observer.Message(MessageLevel.Debug, $"Connecting to {target}.");
        if (target.PasswordSource is not { } source)
        {
            return await ConnectAsync(target, target.ConnectionString, observer, cancellationToken);
        }

        try
        {
            return await ConnectAsync(target, await PasswordAsync(isRefused: false) ?? target.ConnectionString, observer, cancellationToken);
        }
        catch (DbMigrateException e) when (e.Id == "AuthenticationFailed")
        {
            // A secret may have been rotated since it was read.
            if (await PasswordAsync(isRefused: true) is not { } other)
            {
                throw;
            }

            observer.Message(MessageLevel.Verbose, $"{target} refused the login; trying again with the password that was read anew.");
            return await ConnectAsync(target, other, observer, cancellationToken);
        }

        async Task<string?> PasswordAsync(bool isRefused) => await source.ReadAsync(isRefused, cancellationToken) is { } password
            ? TargetPassword.Insert(target.ConnectionString, password)
            : null;
    }

    /// <summary>Closes the connection at once.</summary>
    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    private static async Task<DbSession> ConnectAsync(
        DbTarget target, string connectionString, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var connection = New(target, connectionString);
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

    /// <summary>Runs a statement that gives nothing back.</summary>
    internal async Task ExecuteAsync(string statement, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(statement, Connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlConnection New(DbTarget target, string connectionString)
    {
        try
        {
            return new NpgsqlConnection(connectionString);
        }
        catch (ArgumentException e)
        {
            // Settings that are good one by one may exclude each other, such as sslnegotiation=direct without TLS.
            throw new DbMigrateException(
                "InvalidTarget", ErrorKind.InvalidArgument, $"The address of {target} cannot be used: {e.Message}", "Correct the address.", e) { Subject = target };
        }
    }
}
