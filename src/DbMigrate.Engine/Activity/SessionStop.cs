using System.Diagnostics;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>
/// Stops one session: looks at it, says what it would do, and after another look does it. A pid is used again by the server, so every signal
/// goes out in the statement that checks when the process was started.
/// </summary>
public sealed class SessionStop
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly DbSession _session;
    private readonly StopOptions _options;
    private readonly StopDecision _decision;
    private readonly ServerSession _blocker;
    private readonly IReadOnlyCollection<int>? _blocked;
    private readonly int _blockedCount;

    private SessionStop(
        DbSession session, StopOptions options, ServerSession blocker, IReadOnlyCollection<int>? blocked, StopDecision decision, int blockedCount)
    {
        (_session, _options, _blocker, _blocked, _decision, _blockedCount) = (session, options, blocker, blocked, decision, blockedCount);
    }

    /// <summary>What would be done, for a question: <c>Cancel the statement</c>; null when nothing would be.</summary>
    public string? Action => _decision.Action switch
    {
        StopAction.Cancel => $"Cancel the statement{ThenTerminate}{Leaving}",
        StopAction.Terminate => $"Terminate the session{Leaving}",
        StopAction.RollBackPrepared => "Roll back the prepared transaction",
        _ => null,
    };

    /// <summary>To whom it would be done, in one line.</summary>
    public string Subject => _blockedCount == 0
        ? _blocker.ToString()
        : $"{_blocker}, for which {_blockedCount} {(_blockedCount == 1 ? "session waits" : "sessions wait")}";

    private string Leaving => _blocker.BuildsIndex ? ", which leaves an invalid index" : "";

    private string ThenTerminate => _options.Terminate ? $", and terminate the session after {Ages.Text(_options.GracePeriod)}" : "";

    /// <summary>The sessions to stop to end all of the waits: each root once.</summary>
    public static IReadOnlyList<ServerSession> RootsOf(IEnumerable<BlockingQuery> edges) =>
        [.. edges.SelectMany(e => e.Roots).DistinctBy(r => r.Identity)];

    /// <summary>Looks at a session that was found to be the root of waits; it is stopped only as long as one of those waits for it.</summary>
    /// <param name="session">The session to work with.</param>
    /// <param name="blocker">One of <see cref="RootsOf"/>.</param>
    /// <param name="found">The waits that were found.</param>
    /// <param name="options">How far to go.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    /// <exception cref="DbMigrateException"><c>SqlError</c>, <c>SqlPermission</c>, <c>LockTimeout</c>, <c>ConnectionLost</c>.</exception>
    public static Task<SessionStop> LookAsync(
        DbSession session, ServerSession blocker, IEnumerable<BlockingQuery> found, StopOptions options, CancellationToken cancellationToken)
    {
        int[] blocked = [.. found.Where(e => RootsOf([e]).Any(r => Same(r, blocker))).Select(e => e.BlockedPid)];
        return LookAsync(session, blocker, blocked, options, cancellationToken);
    }

    /// <summary>Looks at a session that was found to block those of some processes; it is stopped only as long as one of those waits for it.</summary>
    /// <exception cref="DbMigrateException"><c>SqlError</c>, <c>SqlPermission</c>, <c>LockTimeout</c>, <c>ConnectionLost</c>.</exception>
    public static Task<SessionStop> LookAsync(
        DbSession session, ServerSession blocker, IReadOnlyCollection<int> blocked, StopOptions options, CancellationToken cancellationToken) =>
        ServerFailure.GuardAsync(() => LookAgainAsync(session, blocker, blocked, options, cancellationToken));

    /// <summary>Looks at the session of a process; at the leader's when it is a parallel worker.</summary>
    /// <param name="session">The session to work with.</param>
    /// <param name="processId">The pid.</param>
    /// <param name="backendStart">When its process was started; null when any session of the pid is meant.</param>
    /// <param name="options">How far to go.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    /// <exception cref="DbMigrateException"><c>SqlError</c>, <c>SqlPermission</c>, <c>LockTimeout</c>, <c>ConnectionLost</c>.</exception>
    public static Task<SessionStop> LookAsync(
        DbSession session, int processId, DateTimeOffset? backendStart, StopOptions options, CancellationToken cancellationToken)
    {
        var named = new ServerSession { ProcessId = processId, BackendStart = backendStart, Kind = SessionKind.Hidden };
        return ServerFailure.GuardAsync(() => LookAgainAsync(session, named, blocked: null, options, cancellationToken));
    }

    /// <summary>
    /// Looks again, does what <see cref="Action"/> says if that is still the thing to do, and tells what came of it. Does nothing where there is none.
    /// </summary>
    /// <exception cref="DbMigrateException"><c>SqlError</c>, <c>SqlPermission</c>, <c>LockTimeout</c>, <c>ConnectionLost</c>.</exception>
    public Task<StopResult> RunAsync(IEngineObserver observer, CancellationToken cancellationToken) => ServerFailure.GuardAsync(async () =>
    {
        if (_decision.Action is null)
        {
            return Result(_decision.Outcome, _decision.Reason, TimeSpan.Zero);
        }

        // Somebody may have thought about the answer for long, and a pool gives the same process to others meanwhile.
        var now = await LookAgainAsync(_session, _blocker, _blocked, _options, cancellationToken);
        return now._decision.Action is not { } action ? now.Result(now._decision.Outcome, now._decision.Reason, TimeSpan.Zero)
            : IsCovered(now) ? await now.ActAsync(action, observer, cancellationToken)
            : now.Result(StopOutcome.Refused, $"It does something else by now. What would be done: {now.Action}.", TimeSpan.Zero);
    });

    /// <summary>The error that says a session was not stopped; null when it was, or did not have to be.</summary>
    public static DbMigrateException? Failure(StopResult result) => result.Outcome switch
    {
        StopOutcome.Refused => new DbMigrateException(
            "BlockerRefused", ErrorKind.InvalidState, $"{result.Session} was not stopped. {result.Reason}",
            "Find-BlockingQuery (dbmigrate blockers) shows what would end the wait.") { Subject = result },
        StopOutcome.Waiting => new DbMigrateException(
            "BlockerWaits", ErrorKind.InvalidState, $"{result.Session} was not stopped. {result.Reason}",
            "Find-BlockingQuery -Tree (dbmigrate blockers --tree) shows the root.") { Subject = result },
        StopOutcome.StillThere => new DbMigrateException(
            "BlockerStillThere", ErrorKind.Timeout, $"{result.Session} did not stop. {result.Reason}",
            "Give -Terminate (--terminate), or -GracePeriod (--grace-period) more time.") { Subject = result },
        _ => null,
    };

    // With Terminate both actions may end the session, and one that works in a transaction goes from the one to the other all the time.
    private bool IsCovered(SessionStop now) => now.Action == Action || (_options.Terminate && !now._blocker.BuildsIndex);

    private async Task<StopResult> ActAsync(StopAction action, IEngineObserver observer, CancellationToken cancellationToken)
    {
        observer.Message(MessageLevel.Verbose, $"{Action}: {Subject}.");
        var clock = Stopwatch.StartNew();
        var ending = action switch
        {
            StopAction.RollBackPrepared => await RollBackAsync(cancellationToken),
            StopAction.Terminate => await TerminateAsync(cancellationToken),
            _ => await CancelAsync(cancellationToken),
        };
        return Result(ending.Outcome, ending.Reason, clock.Elapsed);
    }

    private static async Task<SessionStop> LookAgainAsync(
        DbSession session, ServerSession blocker, IReadOnlyCollection<int>? blocked, StopOptions options, CancellationToken cancellationToken)
    {
        if (blocker.PreparedTransaction is { } name && !await IsPreparedAsync(session.Connection, name, cancellationToken))
        {
            return Without(Gone("It was committed or rolled back already."));
        }

        if (blocker is { ProcessId: 0, PreparedTransaction: null })
        {
            const string Reason = "No session has the pid 0; prepared transactions are shown with it. Pipe the wait itself in, and give -RollBackPrepared (--rollback-prepared).";
            return Without(new StopDecision(null, StopOutcome.Refused, Reason));
        }

        var now = blocker.PreparedTransaction is null ? await FindAsync(session.Connection, blocker.ProcessId, cancellationToken) : blocker;
        if (now is null)
        {
            return Without(Gone("It has ended already."));
        }

        if (blocker.BackendStart is not null && now.BackendStart is not null && now.BackendStart != blocker.BackendStart)
        {
            return Without(Gone($"It has ended already, and pid {blocker.ProcessId} belongs to another session now."));
        }

        var tree = await LockTree.ReadAsync(session.Connection, new LockTreeOptions(), cancellationToken);
        var own = await session.IdentifyAsync(cancellationToken);
        var decision = StopDecision.Make(now, tree, blocked, own, session.Connection.Database!, options);
        var count = tree.FirstOrDefault(e => Same(e.Blocking, now))?.BlockedCount ?? 0;
        return new SessionStop(session, options, now, blocked, decision, count);

        SessionStop Without(StopDecision gone) =>
            new(session, options, gone.Outcome == StopOutcome.AlreadyGone ? blocker with { Kind = SessionKind.Ended, StateAge = null } : blocker, blocked, gone, 0);
    }

    private static bool Same(ServerSession one, ServerSession other) =>
        (one.ProcessId, one.PreparedTransaction) == (other.ProcessId, other.PreparedTransaction);

    private static StopDecision Gone(string reason) => new(null, StopOutcome.AlreadyGone, reason);

    private static async Task<ServerSession?> FindAsync(NpgsqlConnection connection, int pid, CancellationToken cancellationToken)
    {
        // A parallel worker is stopped with its leader (leader_pid is new in 13).
        var leader = connection.PostgreSqlVersion.Major >= 13 ? "(SELECT w.leader_pid FROM pg_stat_activity w WHERE w.pid = $1)" : "NULL";
        await using var command = new NpgsqlCommand(
            $"SELECT {SessionColumns.Sql(fullQueries: false)} FROM pg_stat_activity a WHERE a.pid = coalesce({leader}, $1)", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = pid });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? SessionColumns.Read(reader, 0) : null;
    }

    private static async Task<bool> IsPreparedAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_prepared_xacts WHERE gid = $1)", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<Ending> CancelAsync(CancellationToken cancellationToken)
    {
        if (await SignalAsync("pg_cancel_backend", cancellationToken) is { } failed)
        {
            return failed;
        }

        var released = await UntilAsync(ReleasedAsync, cancellationToken);
        return released is not null ? released
            : _options.Terminate ? await TerminateAsync(cancellationToken)
            : new Ending(StopOutcome.StillThere, $"It did not react to the cancel within {Ages.Text(_options.GracePeriod)}.");
    }

    private async Task<Ending> TerminateAsync(CancellationToken cancellationToken)
    {
        if (await SignalAsync("pg_terminate_backend", cancellationToken) is { } failed)
        {
            return failed;
        }

        return await UntilAsync(EndedAsync, cancellationToken)
            ?? new Ending(StopOutcome.StillThere, $"It did not end within {Ages.Text(_options.GracePeriod)}.");
    }

    /// <summary>Sends a signal, and says whether it went out: only to the process that is meant, and to no other of the same pid.</summary>
    internal static async Task<bool> SignalAsync(
        NpgsqlConnection connection, string function, ServerSession session, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, session, $"SELECT {function}(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2");
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    // Null when the signal went out.
    private async Task<Ending?> SignalAsync(string function, CancellationToken cancellationToken)
    {
        try
        {
            return await SignalAsync(_session.Connection, function, _blocker, cancellationToken)
                ? null : new Ending(StopOutcome.AlreadyGone, "It has ended by itself.");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return new Ending(StopOutcome.Refused, $"The server refused: {e.MessageText}.");
        }
    }

    // What counts is the lock and not the process: a client may answer the cancel with the same statement again.
    private async Task<Ending?> ReleasedAsync(CancellationToken cancellationToken)
    {
        await using var command = Command(
            """
            SELECT EXISTS (SELECT FROM pg_locks w WHERE NOT w.granted AND $1 = ANY (pg_blocking_pids(w.pid))),
                a.state = 'active' AND a.query_start = $3
            FROM pg_stat_activity a WHERE a.pid = $1 AND a.backend_start = $2
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)_blocker.QueryStart ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return new Ending(StopOutcome.Ended, "It has ended.");
        }

        var (isBlocking, isSame) = (reader.GetBoolean(0), !reader.IsDBNull(1) && reader.GetBoolean(1));
        return isBlocking || isSame ? null : new Ending(StopOutcome.Cancelled, "Its statement was cancelled, and nobody waits for it any more.");
    }

    private async Task<Ending?> EndedAsync(CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT pid FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2");
        return await command.ExecuteScalarAsync(cancellationToken) is null ? new Ending(StopOutcome.Ended, "It has ended, and its transaction was rolled back.") : null;
    }

    private async Task<Ending> RollBackAsync(CancellationToken cancellationToken)
    {
        // The name is a literal of the statement and no parameter of it, so the server quotes it for us.
        await using var quote = new NpgsqlCommand("SELECT quote_literal($1)", _session.Connection);
        quote.Parameters.Add(new NpgsqlParameter<string> { TypedValue = _blocker.PreparedTransaction! });
        var name = (string)(await quote.ExecuteScalarAsync(cancellationToken))!;
        try
        {
            await using var command = new NpgsqlCommand($"ROLLBACK PREPARED {name}", _session.Connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
            return new Ending(StopOutcome.RolledBack, "It was rolled back.");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedObject)
        {
            return new Ending(StopOutcome.AlreadyGone, "It was committed or rolled back already.");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return new Ending(StopOutcome.Refused, $"The server refused: {e.MessageText}.");
        }
    }

    private async Task<Ending?> UntilAsync(
        Func<CancellationToken, Task<Ending?>> look, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (await look(cancellationToken) is { } outcome)
            {
                return outcome;
            }

            if (clock.Elapsed >= _options.GracePeriod)
            {
                return null;
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    private NpgsqlCommand Command(string text) => Command(_session.Connection, _blocker, text);

    private static NpgsqlCommand Command(NpgsqlConnection connection, ServerSession session, string text)
    {
        var command = new NpgsqlCommand(text, connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = session.ProcessId });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = session.BackendStart!.Value });
        return command;
    }

    private StopResult Result(StopOutcome outcome, string reason, TimeSpan duration) => new()
    {
        Session = _blocker,
        Outcome = outcome,
        Reason = reason,
        BlockedCount = _blockedCount,
        Duration = duration,
        Target = _session.Target,
    };

    private sealed record Ending(StopOutcome Outcome, string Reason);
}
