using System.Diagnostics;
using System.Runtime.CompilerServices;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Engine.Activity;

/// <summary>Looks at the lock tree again and again.</summary>
public static class LockWatch
{
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>The whole tree, each time that somebody waits who did not, or for somebody else.</summary>
    /// <param name="session">The session to look with.</param>
    /// <param name="options">Which part is wanted.</param>
    /// <param name="interval">The time between two looks; 100 ms at least.</param>
    /// <param name="timeout">When to end; zero for never.</param>
    /// <param name="cancellationToken">Ends it, also while the server is being asked.</param>
    /// <exception cref="DbMigrateException"><c>SqlError</c>, <c>SqlPermission</c>, <c>LockTimeout</c>, <c>ConnectionLost</c>.</exception>
    public static async IAsyncEnumerable<LockChange> ReadAsync(
        DbSession session,
        LockTreeOptions options,
        TimeSpan interval,
        TimeSpan timeout,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var known = new HashSet<object>();
        while (true)
        {
            var tree = await LockTree.ReadAsync(session, options, cancellationToken);
            var added = tree.Where(w => !known.Contains(Identity(w))).ToList();
            known = [.. tree.Select(Identity)];
            if (added.Count > 0)
            {
                yield return new LockChange(tree, added);
            }

            var pause = interval > ShortestInterval ? interval : ShortestInterval;
            if (timeout > TimeSpan.Zero && clock.Elapsed + pause > timeout)
            {
                yield break;
            }

            await Task.Delay(pause, cancellationToken);
        }
    }

    private static object Identity(BlockingQuery wait) =>
        (wait.Blocked.Identity, wait.Blocked.QueryStart, wait.LockedObject, wait.Blocking.Identity);
}
