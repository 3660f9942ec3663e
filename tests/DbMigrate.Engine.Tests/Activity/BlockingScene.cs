using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Npgsql;

namespace DbMigrate.Engine.Tests.Activity;

/// <summary>Sessions that block each other in a database. They call themselves by a name, and are all ended with the scene.</summary>
internal sealed class BlockingScene : IAsyncDisposable
{
    private readonly List<NpgsqlConnection> _sessions = [];
    private readonly List<int> _pids = [];
    private readonly List<Task> _waiting = [];

    private BlockingScene(DbTarget target, NpgsqlConnection observer) => (Target, Observer) = (target, observer);

    public DbTarget Target { get; }

    /// <summary>A session that takes no part.</summary>
    public NpgsqlConnection Observer { get; }

    public static async Task<BlockingScene> BeginAsync(DbTarget? target = null)
    {
        target ??= await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync("CREATE TABLE orders (id int PRIMARY KEY, note text)", "INSERT INTO orders SELECT generate_series(1, 10)");
        return new BlockingScene(target, await target.ConnectAsync());
    }

    /// <summary>A session that has run the statements.</summary>
    public Task<NpgsqlConnection> SessionAsync(string name, params string[] statements) => SessionAsAsync(null, name, statements);

    /// <summary>The same with another role; null for the superuser.</summary>
    public async Task<NpgsqlConnection> SessionAsAsync(string? user, string name, params string[] statements)
    {
        var settings = new NpgsqlConnectionStringBuilder(Target.ConnectionString) { ApplicationName = name };
        if (user is not null)
        {
            (settings.Username, settings.Password) = (user, "secret");
        }

        var session = new NpgsqlConnection(settings.ConnectionString);
        await session.OpenAsync();
        lock (_sessions)
        {
            _sessions.Add(session);
            _pids.Add(session.ProcessID);
        }

        foreach (var statement in statements)
        {
            await RunAsync(session, statement);
        }

        return session;
    }

    /// <summary>A session that has run all statements but the last, and waits for a lock in that one.</summary>
    public async Task<NpgsqlConnection> WaitingAsync(string name, params string[] statements)
    {
        var session = await SessionAsync(name, statements[..^1]);
        await WaitAsync(session, statements[^1]);
        return session;
    }

    /// <summary>Lets a session run into a lock.</summary>
    public async Task WaitAsync(NpgsqlConnection session, string statement)
    {
        var running = Start(session, statement);
        await UntilAsync(FormattableString.Invariant($"SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid = {session.ProcessID})"), running);
    }

    /// <summary>Starts a statement and does not wait for it.</summary>
    public Task Start(NpgsqlConnection session, string statement)
    {
        var running = RunAsync(session, statement);
        lock (_waiting)
        {
            _waiting.Add(running);
        }

        return running;
    }

    /// <summary>
    /// Starts a statement that does not end, and again until the query says that it has parallel workers: the server has a few for all its sessions, and a
    /// statement that gets none when it begins goes on alone.
    /// </summary>
    public async Task StartParallelAsync(NpgsqlConnection session, string statement, string query)
    {
        for (var limit = DateTime.UtcNow.AddMinutes(2); ;)
        {
            var running = Start(session, statement);
            for (var i = 0; i < 100; i++)
            {
                await using var command = new NpgsqlCommand(query, Observer);
                if (await command.ExecuteScalarAsync() is true)
                {
                    return;
                }

                await Task.Delay(50);
            }

            if (DateTime.UtcNow > limit)
            {
                throw new TimeoutException($"No parallel workers: {statement}");
            }

            await Target.RunAsync($"SELECT pg_cancel_backend({session.ProcessID})");
            await Task.WhenAny(running, Task.Delay(TimeSpan.FromSeconds(30)));
        }
    }

    /// <summary>Waits until a query gives true; a statement that should wait meanwhile must not end.</summary>
    public Task UntilAsync(string query, Task? running = null) => Eventually.IsTrueAsync(
        async () =>
        {
            await using var command = new NpgsqlCommand(query, Observer);
            return await command.ExecuteScalarAsync() is true;
        },
        running,
        query);

    public Task<IReadOnlyList<BlockingQuery>> ReadAsync(LockTreeOptions? options = null) =>
        LockTree.ReadAsync(Observer, options ?? new LockTreeOptions { OnlyThisDatabase = true }, CancellationToken.None);

    /// <summary>Stops a session that was found to block.</summary>
    public Task<StopResult> StopAsync(ServerSession blocker, IEnumerable<BlockingQuery> found, StopOptions options, DbSession? with = null) =>
        StopAsync(session => SessionStop.LookAsync(session, blocker, found, options, CancellationToken.None), with);

    /// <summary>Stops the session of a process.</summary>
    public Task<StopResult> StopAsync(int pid, StopOptions options, DbSession? with = null) =>
        StopAsync(session => SessionStop.LookAsync(session, pid, null, options, CancellationToken.None), with);

    /// <summary>The edges by the names of the sessions: <c>blocked -> blocking</c>.</summary>
    public static IEnumerable<string> Names(IEnumerable<BlockingQuery> edges) => edges.Select(e => $"{Name(e.Blocked)} -> {Name(e.Blocking)}");

    public static string Name(ServerSession session) => session.Application ?? session.PreparedTransaction ?? session.Kind.ToString();

    public async ValueTask DisposeAsync()
    {
        foreach (var pid in _pids)
        {
            await using var end = new NpgsqlCommand("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1", Observer);
            end.Parameters.Add(new NpgsqlParameter { Value = pid });
            await end.ExecuteNonQueryAsync();
        }

        foreach (var waiting in _waiting)
        {
            try
            {
                await waiting;
            }
            catch (NpgsqlException)
            {
                // It was ended just now, or by what is tested.
            }
        }

        foreach (var session in _sessions)
        {
            await session.DisposeAsync();
        }

        await Observer.DisposeAsync();
    }

    private async Task<StopResult> StopAsync(Func<DbSession, Task<SessionStop>> look, DbSession? with)
    {
        await using var own = with is null
            ? await DbSession.OpenAsync(Target, new RecordingObserver(), CancellationToken.None)
            : null;
        return await (await look(with ?? own!)).RunAsync(new RecordingObserver(), CancellationToken.None);
    }

    private static async Task RunAsync(NpgsqlConnection session, string statement)
    {
        await using var command = new NpgsqlCommand(statement, session);
        await command.ExecuteNonQueryAsync();
    }
}
