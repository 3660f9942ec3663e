namespace DbMigrate.Engine.Activity;

/// <summary>What to do with a session, or why nothing is done. Pure.</summary>
/// <param name="Action">What to do; null when nothing is.</param>
/// <param name="Outcome">The outcome when nothing is done.</param>
/// <param name="Reason">Why.</param>
internal sealed record StopDecision(StopAction? Action, StopOutcome Outcome, string Reason)
{
    /// <summary>Decides on a session that is there.</summary>
    /// <param name="session">The session as it is now.</param>
    /// <param name="tree">Who waits for whom now.</param>
    /// <param name="blocked">The pids of whom it was found to block, one of which must still wait for it; null when it was named by its pid.</param>
    /// <param name="own">Our own session.</param>
    /// <param name="database">The database that we are connected to.</param>
    /// <param name="options">How far to go.</param>
    public static StopDecision Make(
        ServerSession session, IReadOnlyList<BlockingQuery> tree, IReadOnlyCollection<int>? blocked, int own, string database, StopOptions options)
    {
        if (session.Kind == SessionKind.PreparedTransaction)
        {
            return session.Database != database ? Refuse($"{session.AdviceReason} We are connected to {database}.")
                : !options.RollBackPrepared ? Refuse($"{session.AdviceReason} Or give -RollBackPrepared (--rollback-prepared).")
                : IsFree(session, tree, blocked) ? Free
                : Do(StopAction.RollBackPrepared);
        }

        if (session.ProcessId == own)
        {
            return Refuse("It is our own session.");
        }

        if (session.Advice == BlockerAdvice.Refuse && !(session.Kind == SessionKind.Migration && options.AllowMigration))
        {
            return Refuse(session.AdviceReason);
        }

        if (!session.MaySignal)
        {
            return Refuse(session.Kind == SessionKind.Migration
                ? $"Our role may not stop it. GRANT pg_signal_backend to our role, or act as {session.User}."
                : $"Our role may not stop it. {session.AdviceReason}");
        }

        if (!options.AllowWaiting && tree.FirstOrDefault(e => e.BlockedPid == session.ProcessId) is { } wait)
        {
            var roots = wait.Roots.Count == 0 ? wait.Blocking.Name : string.Join(", ", wait.Roots.Select(r => r.Name));
            return new StopDecision(
                null, StopOutcome.Waiting, $"It waits for a lock itself, in the end for {roots}. To stop it all the same give -AllowWaiting (--allow-waiting).");
        }

        if (IsFree(session, tree, blocked))
        {
            return Free;
        }

        // A runner whose statement is cancelled would try it again, and its locks on the journal nobody waits for: they are polled for.
        if (session.Kind == SessionKind.Migration && options.Terminate)
        {
            return Do(StopAction.Terminate);
        }

        // A cancel does nothing to who is idle; a runner that was left behind may be either.
        return session.State?.StartsWith("idle", StringComparison.Ordinal) != true ? Do(StopAction.Cancel)
            : options.Terminate ? Do(StopAction.Terminate)
            : Refuse($"{(session.Kind == SessionKind.Migration ? "It is idle: cancel does nothing." : session.AdviceReason)} Give -Terminate (--terminate) to end the session.");
    }

    private static StopDecision Free => new(null, StopOutcome.NotBlocking, "None of those that were found to wait for it does so any more.");

    // Whom it blocks only now nobody has judged: it may be at other work by now, and they may have just begun to wait.
    private static bool IsFree(ServerSession session, IReadOnlyList<BlockingQuery> tree, IReadOnlyCollection<int>? blocked)
    {
        if (blocked is null)
        {
            return false;
        }

        var waits = tree.ToLookup(e => new SessionKey(e.BlockingPid, e.Blocking.PreparedTransaction), e => e.BlockedPid);
        var behind = new HashSet<int>();
        var next = new Stack<SessionKey>([new SessionKey(session.ProcessId, session.PreparedTransaction)]);
        while (next.TryPop(out var key))
        {
            foreach (var pid in waits[key].Where(behind.Add))
            {
                next.Push(new SessionKey(pid, null));
            }
        }

        return !behind.Overlaps(blocked);
    }

    private static StopDecision Do(StopAction action) => new(action, StopOutcome.Refused, "");

    private static StopDecision Refuse(string reason) => new(null, StopOutcome.Refused, reason);
}
