using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>Tells, from a second session, how far a statement of ours is, and whom it waits for.</summary>
internal static class VacuumProgress
{
    // What is done sooner needs no second session.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Tells until cancelled. What goes wrong here ends the telling, not the work.</summary>
    public static async Task ShowAsync(DbSession worker, IEngineObserver observer, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(s_patience, cancellationToken);
            await using var session = await DbSession.OpenAsync(worker.Target, observer, cancellationToken);
            var tracker = new ProgressTracker();
            while (true)
            {
                var seen = tracker.Track(await ProgressReader.ReadAsync(session.Connection, new ProgressFilter(worker.ProcessId), cancellationToken));
                if (seen.Count > 0)
                {
                    observer.Progress($"{seen[0].Command} on {seen[0].Relation}", seen[0].Status(), (int)(seen[0].Percent ?? -1));
                }
                else if (await BlockersAsync(session, worker.ProcessId, cancellationToken) is { Count: > 0 } blockers)
                {
                    observer.Progress("Waiting for a lock", $"held by {string.Join(", ", blockers)}", -1);
                }

                await Task.Delay(s_interval, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The work has ended.
        }
        catch (Exception e) when (e is DbMigrateException or NpgsqlException)
        {
            observer.Message(MessageLevel.Verbose, $"The progress cannot be shown: {e.Message}");
        }
    }

    /// <summary>Sessions that hold, or are about to get, a lock on a table that conflicts with one of ours.</summary>
    /// <param name="session">A session that can ask now.</param>
    /// <param name="oid">The table.</param>
    /// <param name="modes">The modes that conflict, as in <c>pg_locks</c>, separated by commas; empty for all.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    public static async Task<IReadOnlyList<ServerSession>> HoldersAsync(DbSession session, long oid, string modes, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            SELECT {SessionColumns.Sql(fullQueries: true, "a")} FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid() AND EXISTS (
                SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.relation = $1::oid
                    AND (l.granted OR l.mode = 'AccessExclusiveLock') AND ($2 = '' OR l.mode = ANY (string_to_array($2, ','))))
            """,
            session.Connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = oid });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = modes });
        return await ReadAsync(command, session, cancellationToken);
    }

    private static async Task<IReadOnlyList<ServerSession>> BlockersAsync(DbSession session, int process, CancellationToken cancellationToken)
    {
        var tree = await LockTree.ReadAsync(session, new LockTreeOptions { ForPids = [process], FullQueries = true }, cancellationToken);
        return [.. tree.Where(w => w.BlockedPid == process).Select(w => w.Blocking)];
    }

    private static async Task<IReadOnlyList<ServerSession>> ReadAsync(NpgsqlCommand command, DbSession session, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var backends = new List<ServerSession>();
        while (await reader.ReadAsync(cancellationToken))
        {
            backends.Add(SessionColumns.Read(reader, 0)! with { Target = session.Target });
        }

        return backends;
    }
}
