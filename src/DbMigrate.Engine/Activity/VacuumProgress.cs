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
                var seen = tracker.Track(await ProgressReader.ReadAsync(session.Connection, worker.ProcessId, cancellationToken));
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

    private static async Task<IReadOnlyList<ServerSession>> BlockersAsync(DbSession session, int process, CancellationToken cancellationToken)
    {
        var tree = await LockTree.ReadAsync(session, new LockTreeOptions { ForPids = [process], FullQueries = true }, cancellationToken);
        return [.. tree.Where(w => w.BlockedPid == process).Select(w => w.Blocking)];
    }
}
