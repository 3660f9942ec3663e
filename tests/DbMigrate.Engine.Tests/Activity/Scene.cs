using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Activity;

/// <summary>A database in which statements can be held up in the middle of their work.</summary>
internal sealed class Scene : IAsyncDisposable
{
    private readonly NpgsqlConnection _holder;
    private readonly List<(Task Work, CancellationTokenSource Cancel, NpgsqlConnection Connection)> _started = [];

    private Scene(DbTarget target, NpgsqlConnection holder)
    {
        Target = target;
        _holder = holder;
    }

    public DbTarget Target { get; }

    /// <summary>
    /// A database with the table <c>orders</c>, a thousand pages of five rows, and a function <c>gate</c>, which gives its argument back, but for
    /// 2500 waits until <see cref="OpenGateAsync"/>.
    /// </summary>
    public static async Task<Scene> CreateAsync()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync(
            "CREATE TABLE orders (id int NOT NULL, filler text NOT NULL) WITH (autovacuum_enabled = off)",
            "ALTER TABLE orders ALTER filler SET STORAGE PLAIN",
            "INSERT INTO orders SELECT i, repeat('x', 1500) FROM generate_series(1, 5000) i",
            """
            CREATE FUNCTION gate(id int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
            BEGIN
                IF id = 2500 THEN
                    PERFORM pg_advisory_lock_shared(1);
                    PERFORM pg_advisory_unlock_shared(1);
                END IF;
                RETURN id;
            END $$
            """);
        var holder = await target.ConnectAsync();
        return new Scene(target, holder);
    }

    /// <summary>From now on statements that come to row 2500 wait.</summary>
    public Task CloseGateAsync() => RunAsync(_holder, "SELECT pg_advisory_lock(1)", CancellationToken.None);

    /// <summary>Waits until a statement stands at the gate, so that nothing moves any more.</summary>
    public Task WaitForGateAsync(int processId) => WaitForAsync(
        () => Target.ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM pg_locks WHERE pid = {processId} AND locktype = 'advisory' AND NOT granted)"), isThere => isThere);

    /// <summary>Waits until the server has counted the rows that a session has written or removed, which it does a while after.</summary>
    public Task CountedAsync(string table, string kind, long count) =>
        WaitForAsync(() => Target.ScalarAsync<long>($"SELECT pg_stat_get_{kind}_tuples('{table}'::regclass)"), found => found == count);

    /// <inheritdoc cref="TargetQueries.OldSnapshotsEndAsync"/>
    public Task OldSnapshotsEndAsync() => Target.OldSnapshotsEndAsync();

    public Task OpenGateAsync() => RunAsync(_holder, "SELECT pg_advisory_unlock(1)", CancellationToken.None);

    /// <summary>Runs a statement in a session of its own, until it ends or the scene does.</summary>
    public async Task<(int ProcessId, Task Work)> StartAsync(params string[] statements)
    {
        var connection = await Target.ConnectAsync();
        var cancel = new CancellationTokenSource();
        var work = Task.Run(async () =>
        {
            foreach (var statement in statements)
            {
                await RunAsync(connection, statement, cancel.Token);
            }
        });
        _started.Add((work, cancel, connection));
        return (connection.ProcessID, work);
    }

    /// <summary>A session that has run the statements and does nothing more.</summary>
    public async Task<NpgsqlConnection> SessionAsync(params string[] statements)
    {
        var (_, work) = await StartAsync(statements);
        await work;
        return _started[^1].Connection;
    }

    /// <summary>Asks until the answer is one that was waited for.</summary>
    public static async Task<T> WaitForAsync<T>(Func<Task<T>> ask, Func<T, bool> isIt)
    {
        for (var limit = DateTime.UtcNow.AddMinutes(2); ; await Task.Delay(20))
        {
            var answer = await ask();
            if (isIt(answer))
            {
                return answer;
            }

            Assert.True(DateTime.UtcNow < limit, $"waited in vain; the last answer was {answer}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _holder.DisposeAsync();
        foreach (var (work, cancel, connection) in _started)
        {
            await cancel.CancelAsync();
            try
            {
                await work;
            }
            catch (Exception e) when (e is OperationCanceledException or PostgresException)
            {
                // It was to be held up, and has been.
            }

            await connection.DisposeAsync();
            cancel.Dispose();
        }
    }

    private static async Task RunAsync(NpgsqlConnection connection, string statement, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
