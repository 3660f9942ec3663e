namespace DbMigrate;

/// <summary>
/// A session of the server, as <c>pg_stat_activity</c> shows it (PostgreSQL manual, 27.2.3). What a role without <c>pg_monitor</c> may not
/// see of other roles' sessions is null.
/// </summary>
public sealed record DbBackend
{
    /// <summary>The server's process that serves the session. Ids are used again: only with <see cref="BackendStart"/> it is one session.</summary>
    public required int ProcessId { get; init; }

    /// <summary>When the session began.</summary>
    public DateTimeOffset? BackendStart { get; init; }

    /// <summary>The database it is connected to; null for processes that belong to none.</summary>
    public string? Database { get; init; }

    /// <summary>The role that logged in.</summary>
    public string? User { get; init; }

    /// <summary>What the client calls itself; empty when it does not say.</summary>
    public string? Application { get; init; }

    /// <summary>The client's address; null for a Unix socket.</summary>
    public string? Client { get; init; }

    /// <summary><c>client backend</c>, <c>autovacuum worker</c>, <c>walsender</c>, …</summary>
    public string? Type { get; init; }

    /// <summary><c>active</c>, <c>idle</c>, <c>idle in transaction</c>, <c>idle in transaction (aborted)</c>, …</summary>
    public string? State { get; init; }

    /// <summary>How long it has been in that state; while active, how long its statement has been running.</summary>
    public TimeSpan? StateAge { get; init; }

    /// <summary>How long its transaction has been open; null when it has none.</summary>
    public TimeSpan? TransactionAge { get; init; }

    /// <summary>What it waits for, for example <c>Lock: transactionid</c>; null when it does not wait.</summary>
    public string? WaitEvent { get; init; }

    /// <summary>The statement that runs or, in a session that is idle, the last one. Cut by the server at <c>track_activity_query_size</c>.</summary>
    public string? Query { get; init; }

    /// <summary>The address through which it was seen.</summary>
    public DbTarget? Target { get; init; }

    /// <summary>For example <c>process 4711 (app, psql on 10.0.0.7, idle in transaction for 12 min 4 s)</c>.</summary>
    public override string ToString()
    {
        var client = string.IsNullOrEmpty(Application) ? Client : Client is null ? Application : $"{Application} on {Client}";
        var state = State is null || StateAge is null ? State ?? Type : $"{State} for {Ages.Text(StateAge.Value)}";
        return $"process {ProcessId} ({string.Join(", ", new[] { User, client, state }.Where(part => !string.IsNullOrEmpty(part)))})";
    }
}
