using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>The columns of <c>pg_stat_activity</c> that make a <see cref="DbBackend"/>, and their reading.</summary>
internal static class BackendColumns
{
    /// <summary>How many columns <see cref="Of"/> gives.</summary>
    public const int Count = 12;

    /// <summary>
    /// The columns, for a row with this alias. An active session's time counts from its statement's start, any other's from its last change
    /// of state; <c>statement_timestamp()</c> may lie before a change that came after our statement began.
    /// </summary>
    public static string Of(string alias) => $"""
        {alias}.pid, {alias}.backend_start, {alias}.datname::text, {alias}.usename::text, {alias}.application_name, host({alias}.client_addr),
            {alias}.backend_type, {alias}.state,
            extract(epoch FROM clock_timestamp() - CASE WHEN {alias}.state = 'active' THEN {alias}.query_start ELSE {alias}.state_change END)::float8,
            extract(epoch FROM clock_timestamp() - {alias}.xact_start)::float8,
            {alias}.wait_event_type || ': ' || {alias}.wait_event, {alias}.query
        """;

    /// <summary>Reads them from a column on; null when there is no such session.</summary>
    public static DbBackend? Read(NpgsqlDataReader reader, int from, DbTarget? target)
    {
        if (reader.IsDBNull(from))
        {
            return null;
        }

        return new DbBackend
        {
            ProcessId = reader.GetInt32(from),
            BackendStart = Time(reader, from + 1),
            Database = Text(reader, from + 2),
            User = Text(reader, from + 3),
            Application = Text(reader, from + 4),
            Client = Text(reader, from + 5),
            Type = Text(reader, from + 6),
            State = Text(reader, from + 7),
            StateAge = Age(reader, from + 8),
            TransactionAge = Age(reader, from + 9),
            WaitEvent = Text(reader, from + 10),
            Query = Text(reader, from + 11),
            Target = target,
        };
    }

    public static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public static long? Number(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetInt64(column);

    public static DateTimeOffset? Time(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);

    public static TimeSpan? Age(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : TimeSpan.FromSeconds(Math.Max(0, reader.GetDouble(column)));
}
