namespace DbMigrate.Engine.Activity;

/// <summary>What would end the wait for a session, and why: the rules that Find-BlockingQuery shows and Stop-BlockingQuery follows.</summary>
internal static class SessionAdvice
{
    /// <summary>The same session with its advice.</summary>
    public static ServerSession WithAdvice(this ServerSession session, bool isSuperuser = false)
    {
        var (advice, reason) = Of(session, isSuperuser);
        return session with { Advice = advice, AdviceReason = reason };
    }

    private static (BlockerAdvice Advice, string Reason) Of(ServerSession session, bool isSuperuser) => session.Kind switch
    {
        SessionKind.PreparedTransaction => (
            BlockerAdvice.RollBackPrepared,
            $"No session holds a prepared transaction. In database {session.Database}: ROLLBACK PREPARED, or COMMIT PREPARED, " +
            $"'{ServerSession.OneLine(session.PreparedTransaction!).Replace("'", "''", StringComparison.Ordinal)}'."),
        SessionKind.Walsender => (BlockerAdvice.Refuse, "It sends the log to a replica, a backup or a subscriber, which would fall behind."),
        SessionKind.ReplicationWorker => (BlockerAdvice.Refuse, "It applies a publication's changes; the server would start it again at once."),
        SessionKind.WraparoundVacuum => (
            BlockerAdvice.Refuse, "It keeps the server from running out of transaction ids; ended, it starts again from the beginning. Let it finish."),
        SessionKind.ServerProcess => (BlockerAdvice.Refuse, "It is a process of the server itself."),
        SessionKind.Migration => (BlockerAdvice.Refuse, "It is a session of DbMigrate. Stop it where it was started, with Ctrl-C; when nobody is there any more, with -AllowMigration (--allow-migration)."),
        SessionKind.Hidden => (
            BlockerAdvice.Refuse, "The server hides from our role what it is and does. GRANT pg_monitor, and pg_signal_backend, to our role."),
        _ when !session.MaySignal && isSuperuser => (
            BlockerAdvice.Refuse, $"It belongs to the superuser {session.User}, and only a superuser may stop it."),
        SessionKind.Autovacuum => (
            BlockerAdvice.Wait, "An autovacuum gives way by itself after deadlock_timeout, 1 s unless it was changed."),
        _ when !session.MaySignal => (
            BlockerAdvice.Refuse, $"Our role may not stop sessions of {session.User}. GRANT pg_signal_backend to our role, or act as {session.User}."),
        SessionKind.IdleInTransaction => (
            BlockerAdvice.Terminate, $"It has been idle in a transaction{For(session.StateAge)}: cancel does nothing, terminate."),
        SessionKind.Idle => (
            BlockerAdvice.Terminate, $"It is idle{For(session.StateAge)} and holds a lock of its session: cancel does nothing, terminate."),
        SessionKind.ConcurrentIndex => (
            BlockerAdvice.Wait, "It builds an index concurrently. Cancelled, it would leave an invalid index behind, which has to be dropped."),
        _ => (BlockerAdvice.Cancel, $"It runs a statement{For(session.TransactionAge)}: cancelling that releases its locks."),
    };

    private static string For(TimeSpan? time) => time is { } age ? $" for {Ages.Text(age)}" : "";
}
