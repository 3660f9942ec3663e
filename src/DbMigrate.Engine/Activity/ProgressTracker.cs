namespace DbMigrate.Engine.Activity;

/// <summary>Adds to what is seen now how fast it went lately.</summary>
public sealed class ProgressTracker
{
    // Long enough to even out checkpoints and caches, short enough to follow a change of pace.
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(30);

    private readonly Dictionary<int, Queue<DbProgress>> _statements = [];

    /// <summary>The same with <see cref="DbProgress.Rate"/>. What is not in the list any more is forgotten.</summary>
    public IReadOnlyList<DbProgress> Track(IReadOnlyList<DbProgress> seen)
    {
        foreach (var gone in _statements.Keys.Except(seen.Select(p => p.ProcessId)).ToList())
        {
            _statements.Remove(gone);
        }

        return [.. seen.Select(Track)];
    }

    private DbProgress Track(DbProgress now)
    {
        if (!_statements.TryGetValue(now.ProcessId, out var known) || !IsSamePhase(known.Last(), now))
        {
            known = new Queue<DbProgress>();
            _statements[now.ProcessId] = known;
        }

        known.Enqueue(now);
        while (now.At - known.Peek().At > s_window && known.Count > 2)
        {
            known.Dequeue();
        }

        var first = known.Peek();
        var seconds = (now.At - first.At).TotalSeconds;
        return now.Unit is "blocks" or "rows" or "bytes" && seconds > 0 ? now with { Rate = (now.Done - first.Done) / seconds } : now;
    }

    // A statement may come to the same phase again, as VACUUM does when its memory is full: then it counts on, or from 0.
    private static bool IsSamePhase(DbProgress before, DbProgress now) =>
        (before.BackendStart, before.StartedAt, before.Command, before.Relation, before.Index, before.Phase, before.Unit)
            == (now.BackendStart, now.StartedAt, now.Command, now.Relation, now.Index, now.Phase, now.Unit)
        && now.Done >= before.Done;
}
