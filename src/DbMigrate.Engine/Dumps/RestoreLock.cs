using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Engine.Dumps;

/// <summary>Keeps other restores out of a database, from the look whether it is empty until all is in.</summary>
internal sealed class RestoreLock(DbTarget target, IEngineObserver observer) : IAsyncDisposable
{
    // The letters "dbmigrst".
    private const long Key = 0x64626d6967727374;

    private DbSession? _session;

    /// <summary>Whether it was taken; of a database that was made for the restore, whether it is ours alone.</summary>
    public bool IsTaken { get; private set; }

    /// <summary>Takes it, for as long as the session lasts.</summary>
    /// <exception cref="DbMigrateException"><c>RestoreBusy</c>; what <see cref="DbSession.OpenAsync"/> throws.</exception>
    public async Task TakeAsync(CancellationToken cancellationToken)
    {
        _session = await DbSession.OpenAsync(target, observer, cancellationToken);
        await ServerFailure.GuardAsync(async () =>
        {
            if (_session.ServerVersion.Major >= 14)
            {
                // It is idle for as long as pg_restore works.
                await _session.ExecuteAsync("SET idle_session_timeout = 0", cancellationToken);
            }

            await AdvisoryLock.TakeAsync(_session.Connection, Key, TimeSpan.Zero, static _ => { }, Busy, cancellationToken);
        });
        IsTaken = true;
    }

    /// <summary>Gives it back, so that the database can be dropped.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_session is not null)
        {
            await _session.DisposeAsync();
            _session = null;
        }
    }

    private DbMigrateException Busy(string holder) => new(
        "RestoreBusy",
        ErrorKind.Busy,
        $"Another restore is just writing into {target}: {holder}.",
        "Restore into a new database: -Database and a name that is not taken.") { Subject = target };
}
