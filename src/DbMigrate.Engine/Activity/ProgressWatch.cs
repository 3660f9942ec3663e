using System.Diagnostics;
using System.Runtime.CompilerServices;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>Looks at the progress of long statements again and again.</summary>
public static class ProgressWatch
{
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Gives what each look finds changed, and tells the observer. Ends when nothing is in progress any more; where one process is watched, when
    /// it runs no statement any more, so that a statement that is between two phases, or that the server does not report on, is not taken for done.
    /// </summary>
    /// <param name="session">A session of its own for looking.</param>
    /// <param name="options">How to watch.</param>
    /// <param name="observer">Gets the oldest statement's progress at each look.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    /// <exception cref="DbMigrateException"><c>ConnectionLost</c>, <c>SqlError</c>, <c>SqlPermission</c>.</exception>
    public static async IAsyncEnumerable<DbProgress> WatchAsync(
        DbSession session,
        ProgressWatchOptions options,
        IEngineObserver observer,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var tracker = new ProgressTracker();
        var last = new Dictionary<int, DbProgress>();
        var time = Stopwatch.StartNew();
        while (true)
        {
            var look = await ServerFailure.GuardAsync(() => ProgressReader.ReadAsync(session.Connection, options.ProcessId, cancellationToken));
            var seen = tracker.Track([.. look.Select(p => p with
            {
                Target = session.Target,
                CurrentLocker = p.CurrentLocker is null ? null : p.CurrentLocker with { Target = session.Target },
            })]);
            Tell(seen, observer);
            foreach (var progress in seen.Where(p => !last.TryGetValue(p.ProcessId, out var before) || HasChanged(before, p)))
            {
                last[progress.ProcessId] = progress;
                yield return progress;
            }

            if (options.Once || (seen.Count == 0 && !await IsActiveAsync(session, options.ProcessId, cancellationToken)))
            {
                observer.Message(MessageLevel.Verbose, seen.Count == 0 ? $"Nothing is in progress on {session.Target}." : "Looked once.");
                yield break;
            }

            if (options.Timeout > TimeSpan.Zero && time.Elapsed + options.Interval > options.Timeout)
            {
                observer.Message(MessageLevel.Verbose, $"The time to watch is over; {seen.Count} statements are still in progress.");
                yield break;
            }

            await Task.Delay(options.Interval > ShortestInterval ? options.Interval : ShortestInterval, cancellationToken);
        }
    }

    private static bool HasChanged(DbProgress before, DbProgress now) =>
        (before.StartedAt, before.Phase, before.Done, before.Total, before.CurrentLocker?.ProcessId)
            != (now.StartedAt, now.Phase, now.Done, now.Total, now.CurrentLocker?.ProcessId);

    private static void Tell(IReadOnlyList<DbProgress> seen, IEngineObserver observer)
    {
        if (seen.Count > 0)
        {
            var oldest = seen[0];
            var more = seen.Count == 1 ? "" : $" (and {seen.Count - 1} more)";
            var where = oldest.Relation is null ? "" : " on " + oldest.Relation;
            observer.Progress($"{oldest.Command}{where}, pid {oldest.ProcessId}{more}", oldest.Status(), (int)(oldest.Percent ?? -1));
        }
    }

    private static async Task<bool> IsActiveAsync(DbSession session, int? processId, CancellationToken cancellationToken)
    {
        if (processId is not { } process)
        {
            return false;
        }

        await using var command = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active')", session.Connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = process });
        return await ServerFailure.GuardAsync(async () => (bool)(await command.ExecuteScalarAsync(cancellationToken))!);
    }
}
