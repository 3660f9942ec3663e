using System.Diagnostics;
using System.Globalization;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>The tool's own advisory locks, held by the migrating session.</summary>
internal sealed class RunnerLock : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly List<long> _held = [];

    private RunnerLock(NpgsqlConnection connection) => _connection = connection;

    /// <summary>Takes the keys in order.</summary>
    /// <exception cref="DbMigrateException"><c>RunnerBusy</c> when another runner still holds one after <paramref name="wait"/>.</exception>
    public static async Task<RunnerLock> TakeAsync(
        DbSession session, IReadOnlyList<long> keys, TimeSpan wait, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var taken = new RunnerLock(session.Connection);
        try
        {
            var clock = Stopwatch.StartNew();
            foreach (var key in keys)
            {
                await taken.TakeAsync(session, key, wait - clock.Elapsed, observer, cancellationToken);
            }

            return taken;
        }
        catch
        {
            await taken.DisposeAsync();
            throw;
        }
    }

    /// <summary>Releases the keys. A broken session has released them already.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var key in Enumerable.Reverse(_held))
        {
            if (_connection.State != System.Data.ConnectionState.Open)
            {
                break;
            }

            try
            {
                await AdvisoryLock.ReleaseAsync(_connection, key, CancellationToken.None);
            }
            catch (NpgsqlException)
            {
                await _connection.CloseAsync();
            }
        }

        _held.Clear();
    }

    private async Task TakeAsync(
        DbSession session, long key, TimeSpan wait, IEngineObserver observer, CancellationToken cancellationToken)
    {
        await AdvisoryLock.TakeAsync(
            _connection,
            key,
            wait,
            holder => observer.Message(MessageLevel.Warning, $"Waiting for another runner that holds the migration lock: {holder}."),
            holder => new DbMigrateException(
                "RunnerBusy",
                ErrorKind.Busy,
                $"Another runner holds the migration lock {key.ToString(CultureInfo.InvariantCulture)} on {session.Target}: {holder}.",
                "Wait until it has finished, or give -RunnerWait (--runner-wait) more time. If that session is a leftover, end it and run again.")
            { Subject = session.Target },
            cancellationToken);
        _held.Add(key);
    }
}
