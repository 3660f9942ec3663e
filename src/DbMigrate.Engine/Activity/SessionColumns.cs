using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>How a row of <c>pg_stat_activity</c> becomes a <see cref="ServerSession"/>.</summary>
internal static class SessionColumns
{
    private static string Cut(string a) => $"CASE WHEN length({a}.query) > 200 THEN left({a}.query, 197) || '...' ELSE {a}.query END";

    /// <summary>The columns, in the order of <see cref="Read"/>.</summary>
    /// <param name="fullQueries">The queries uncut.</param>
    /// <param name="a">What the row is called.</param>
    /// <remarks>
    /// Whether we may signal it follows the rules of the server: a superuser may signal everybody; others those whose role they have, or,
    /// with <c>pg_signal_backend</c>, all but superusers; a process without a role only with a role of its own (PostgreSQL manual, 9.28.2,
    /// and 21.5 for <c>pg_signal_autovacuum_worker</c>, which is new in 18).
    /// </remarks>
    public static string Sql(bool fullQueries, string a = "a") =>
        $"""
        {a}.pid, {a}.backend_start, {a}.usename::text, {a}.application_name, coalesce(host({a}.client_addr), CASE WHEN {a}.client_port = -1 THEN 'local' END),
        {a}.datname::text, {a}.state, {Milliseconds($"{a}.state_change")}, {Milliseconds($"{a}.xact_start")},
        {(fullQueries ? $"{a}.query" : Cut(a))}, {a}.wait_event_type || ': ' || {a}.wait_event,
        {a}.backend_type, {a}.backend_type = 'autovacuum worker' AND {a}.query LIKE '%(to prevent wraparound)',
        {a}.pid IN (SELECT i.pid FROM pg_stat_progress_create_index i WHERE i.command LIKE '% CONCURRENTLY'),
        current_setting('is_superuser')::boolean
            OR coalesce({a}.usesysid <> 0 AND NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.oid = {a}.usesysid)
                AND (pg_has_role({a}.usesysid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE')), false)
            OR coalesce({a}.backend_type = 'autovacuum worker' AND pg_has_role(to_regrole('pg_signal_autovacuum_worker')::oid, 'USAGE'), false),
        (SELECT r.rolsuper FROM pg_roles r WHERE r.oid = {a}.usesysid), {a}.query_start
        """;

    /// <summary>How long ago a time was, in milliseconds. <c>now()</c> is the beginning of our own transaction and might be before it.</summary>
    public static string Milliseconds(string time) => $"(extract(epoch FROM clock_timestamp() - {time}) * 1000)::float8";

    /// <summary>Reads a time that <see cref="Milliseconds"/> has made.</summary>
    public static TimeSpan? Time(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : TimeSpan.FromMilliseconds(Math.Max(0, reader.GetDouble(column)));

    /// <summary>Reads a session; null when there is none.</summary>
    /// <param name="reader">Stands on the row.</param>
    /// <param name="first">The first of the columns.</param>
    public static ServerSession? Read(NpgsqlDataReader reader, int first)
    {
        if (reader.IsDBNull(first))
        {
            return null;
        }

        var session = new ServerSession
        {
            ProcessId = reader.GetInt32(first),
            BackendStart = Moment(1),
            Kind = Kind(Text(11), Text(6), Text(3), isWraparound: Is(12), isConcurrentIndex: Is(13)),
            User = Text(2),
            Application = Text(3) is { Length: > 0 } application ? application : null,
            Client = Text(4),
            Database = Text(5),
            State = Text(6),
            StateAge = Time(reader, first + 7),
            TransactionAge = Time(reader, first + 8),
            Query = Text(11) is null || Text(9) is "" ? null : SecretText.WithoutPasswords(Text(9)),
            QueryStart = Moment(16),
            WaitEvent = Text(10),
            MaySignal = Is(14),
            BuildsIndex = Is(13),
        };
        return session.WithAdvice(isSuperuser: Is(15));

        string? Text(int column) => reader.IsDBNull(first + column) ? null : reader.GetString(first + column);
        DateTimeOffset? Moment(int column) => reader.IsDBNull(first + column) ? null : reader.GetFieldValue<DateTimeOffset>(first + column);
        bool Is(int column) => !reader.IsDBNull(first + column) && reader.GetBoolean(first + column);
    }

    // The server hides the type of a process whose role ours does not have, and writes "<insufficient privilege>" for its query.
    private static SessionKind Kind(string? type, string? state, string? application, bool isWraparound, bool isConcurrentIndex) => type switch
    {
        null => SessionKind.Hidden,
        "autovacuum worker" => isWraparound ? SessionKind.WraparoundVacuum : SessionKind.Autovacuum,
        "walsender" => SessionKind.Walsender,
        _ when type.StartsWith("logical replication", StringComparison.Ordinal) => SessionKind.ReplicationWorker,
        "client backend" when application == ConnectionSettings.Application => SessionKind.Migration,
        "client backend" when isConcurrentIndex => SessionKind.ConcurrentIndex,
        "client backend" => state switch
        {
            "idle" => SessionKind.Idle,
            not null when state.StartsWith("idle in transaction", StringComparison.Ordinal) => SessionKind.IdleInTransaction,
            _ => SessionKind.Active,
        },
        _ => SessionKind.ServerProcess,
    };
}
