namespace DbMigrate.Engine.Activity;

/// <summary>
/// Makes the lock tree of a snapshot. Pure. Somebody in a queue waits for everybody ahead of him whose wish conflicts with his; with 500 in
/// a queue those are 125,000 pairs, and all but a few say the same. So of those who are merely ahead only the first is kept, and after it each
/// that itself waits for a holder not yet accounted for.
/// </summary>
internal sealed class LockGraph
{
    private readonly LockSnapshot _snapshot;
    private readonly ILookup<(SessionKey, string), string> _held;
    private readonly ILookup<(SessionKey, string), LockWait> _waited;
    private readonly ILookup<int, SessionKey> _byPid;
    private readonly Dictionary<LockWait, HashSet<SessionKey>> _holders = new(ReferenceEqualityComparer.Instance);
    private readonly List<Edge> _edges = [];

    private LockGraph(LockSnapshot snapshot)
    {
        _snapshot = snapshot;
        _held = snapshot.Holds.ToLookup(h => (h.Session, h.Object), h => h.Mode);
        _waited = snapshot.Waits.ToLookup(w => (w.Session, w.Object));
        _byPid = snapshot.Sessions.Keys.ToLookup(k => k.Pid);
    }

    /// <summary>The tree's edges: those of one root together, nearest to the root and longest waiting first.</summary>
    /// <param name="snapshot">What the server said.</param>
    /// <param name="isWanted">Whose waits are wanted, with all that they wait for up to the roots; null for everybody's.</param>
    public static IReadOnlyList<BlockingQuery> Build(LockSnapshot snapshot, Func<ServerSession, bool>? isWanted = null)
    {
        var graph = new LockGraph(snapshot);
        foreach (var wait in snapshot.Waits.Where(w => snapshot.Sessions.ContainsKey(w.Session)))
        {
            graph.Holders(wait);
        }

        return graph.Finish(isWanted);
    }

    // Whom a waiter waits for in the end on this object: its hard blockers, and those of the ones ahead of it that were kept.
    private HashSet<SessionKey> Holders(LockWait wait)
    {
        if (_holders.TryGetValue(wait, out var known))
        {
            return known;
        }

        var holders = new HashSet<SessionKey>();
        _holders.Add(wait, holders);
        var ahead = new List<LockWait>();
        foreach (var blocker in wait.Blockers.SelectMany(pid => Candidates(pid, wait)).Where(b => b != wait.Session))
        {
            if (_waited[(blocker, wait.Object)].FirstOrDefault() is { } other && HeldMode(blocker, wait) is null)
            {
                ahead.Add(other);
            }
            else if (holders.Add(blocker))
            {
                _edges.Add(new Edge(blocker, wait, HeldMode(blocker, wait), IsHard: true));
            }
        }

        // Who waits for the fewest stands first in the queue.
        foreach (var other in ahead.OrderBy(a => a.Blockers.Count).ThenByDescending(a => a.Time))
        {
            var behind = Holders(other);
            if (!behind.IsSubsetOf(holders) || (holders.Count == 0 && behind.Count == 0))
            {
                holders.UnionWith(behind);
                _edges.Add(new Edge(other.Session, wait, other.Mode, IsHard: false));
            }
        }

        return holders;
    }

    // Pid 0 stands for any prepared transaction; it is those that hold the object.
    private IEnumerable<SessionKey> Candidates(int pid, LockWait wait) => pid == 0
        ? _byPid[0].Where(k => HeldMode(k, wait) is not null)
        : _byPid[pid];

    private string? HeldMode(SessionKey session, LockWait wait) =>
        _held[(session, wait.Object)].Where(mode => LockMode.Conflict(mode, wait.Mode)).MaxBy(LockMode.Strength);

    private List<BlockingQuery> Finish(Func<ServerSession, bool>? isWanted)
    {
        // Parallel workers wait as their leader does: one edge for all of them.
        var edges = _edges
            .GroupBy(e => (e.Blocking, e.Wait.Session))
            .Select(g => g.OrderByDescending(e => e.IsHard).ThenByDescending(e => e.Wait.Time).First())
            .ToList();
        var up = edges.ToLookup(e => e.Wait.Session, e => e.Blocking);
        var down = edges.ToLookup(e => e.Blocking, e => e.Wait.Session);
        var behind = down.ToDictionary(g => g.Key, g => Reach([g.Key], down));
        var roots = up.ToDictionary(g => g.Key, g => Reach([g.Key], up).Where(s => !up.Contains(s)).ToList());
        var depths = Depths(down, behind, up);
        var wanted = isWanted is null ? null : Upwards(edges, up, s => isWanted(_snapshot.Sessions[s]));
        return
        [
            .. edges
                .Where(e => wanted is null || wanted.Contains(e.Wait.Session))
                .Select(e => (Edge: e, Roots: up.Contains(e.Blocking) ? roots[e.Blocking] : [e.Blocking], Depth: depths[e.Wait.Session]))
                .OrderBy(e => e.Roots.Count == 0).ThenByDescending(e => e.Roots.Select(r => behind[r].Count).FirstOrDefault())
                .ThenBy(e => e.Roots.Select(r => r.Pid).FirstOrDefault())
                .ThenBy(e => e.Depth).ThenByDescending(e => e.Edge.Wait.Time).ThenBy(e => e.Edge.Wait.Session.Pid)
                .Select(e => new BlockingQuery
                {
                    Blocked = _snapshot.Sessions[e.Edge.Wait.Session],
                    Blocking = _snapshot.Sessions[e.Edge.Blocking],
                    BlockedFor = e.Edge.Wait.Time,
                    LockType = e.Edge.Wait.LockType,
                    LockedObject = e.Edge.Wait.Description,
                    Relation = e.Edge.Wait.Relation,
                    WantedMode = e.Edge.Wait.Mode,
                    HeldMode = e.Edge.Mode,
                    IsHard = e.Edge.IsHard,
                    IsRoot = !up.Contains(e.Edge.Blocking),
                    IsDeadlock = behind.TryGetValue(e.Edge.Wait.Session, out var others) && others.Contains(e.Edge.Blocking),
                    BlockedCount = behind[e.Edge.Blocking].Count(s => s != e.Edge.Blocking),
                    Depth = e.Depth,
                    Roots = [.. e.Roots.Select(r => _snapshot.Sessions[r])],
                }),
        ];
    }

    private static HashSet<SessionKey> Upwards(List<Edge> edges, ILookup<SessionKey, SessionKey> up, Func<SessionKey, bool> isWanted)
    {
        var start = edges.Select(e => e.Wait.Session).Where(isWanted).ToHashSet();
        start.UnionWith(Reach(start, up));
        return start;
    }

    // Everything that is reached from the starts in one step or more; a start is in it only when it is reached again, around a ring.
    private static HashSet<SessionKey> Reach(IEnumerable<SessionKey> starts, ILookup<SessionKey, SessionKey> next)
    {
        var reached = new HashSet<SessionKey>();
        var open = new Stack<SessionKey>(starts);
        while (open.TryPop(out var session))
        {
            foreach (var other in next[session].Where(reached.Add))
            {
                open.Push(other);
            }
        }

        return reached;
    }

    // The distance from the nearest root; a ring has none, and is as far from itself as from one.
    private static Dictionary<SessionKey, int> Depths(
        ILookup<SessionKey, SessionKey> down, Dictionary<SessionKey, HashSet<SessionKey>> behind, ILookup<SessionKey, SessionKey> up)
    {
        var starts = behind.Keys.Where(s => !up.Contains(s) || behind[s].Contains(s)).ToList();
        var depths = new Dictionary<SessionKey, int>();
        var open = new Queue<(SessionKey Session, int Depth)>(starts.Select(s => (s, 0)));
        while (open.TryDequeue(out var at))
        {
            foreach (var session in down[at.Session].Where(s => depths.TryAdd(s, at.Depth + 1)))
            {
                open.Enqueue((session, at.Depth + 1));
            }
        }

        return depths;
    }

    private sealed record Edge(SessionKey Blocking, LockWait Wait, string? Mode, bool IsHard);
}
