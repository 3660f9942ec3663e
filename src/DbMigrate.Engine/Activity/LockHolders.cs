using System.Globalization;
using DbMigrate.Engine.Targets;
using Npgsql;
using NpgsqlTypes;

namespace DbMigrate.Engine.Activity;

/// <summary>Who keeps a session from a table, asked by that session when it does not wait any more.</summary>
internal static class LockHolders
{
    /// <summary>A message names so many; the rest is counted.</summary>
    private const int Named = 3;

    private const int FirstSessionColumn = 4;

    /// <summary>
    /// Sessions and prepared transactions that hold a conflicting lock on the table or a partition of it, then those that wait for one; the oldest first.
    /// </summary>
    /// <param name="session">A session that can ask now.</param>
    /// <param name="table">The table, as SQL writes it.</param>
    /// <param name="mode">The mode that was wanted, as in <c>pg_locks</c>.</param>
    /// <param name="waited">How long it was waited for: who began later was not in the way. Null for all.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    /// <returns>Empty when nobody has it any more, or the server does not tell: what is to be told by it is more important.</returns>
    public static async Task<IReadOnlyList<ServerSession>> ReadAsync(
        DbSession session, string table, string mode, TimeSpan? waited, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Query(session.ServerVersion), session.Connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = string.Join(',', LockMode.All.Where(other => LockMode.Conflict(mode, other))) });
        command.Parameters.Add(new NpgsqlParameter { Value = waited is { } time ? time.TotalSeconds : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Double });
        var holders = new List<ServerSession>();
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var holder = NullableColumns.Text(reader, 0) is { } prepared
                    ? LockSnapshot.Prepared(prepared, NullableColumns.Text(reader, 1), NullableColumns.Text(reader, 2), SessionColumns.Time(reader, 3))
                    : SessionColumns.Read(reader, FirstSessionColumn);
                if (holder is not null)
                {
                    holders.Add(holder);
                }
            }
        }
        catch (NpgsqlException)
        {
            return [];
        }

        return holders;
    }

    /// <summary>The first of them in words, with a comma before each but the first; empty for nobody.</summary>
    public static string Describe(IReadOnlyList<ServerSession> holders) =>
        string.Join(", ", holders.Take(Named)) + (holders.Count > Named ? string.Create(CultureInfo.InvariantCulture, $" and {holders.Count - Named} more") : "");

    // pg_partition_tree() would wait for a partition that is locked for everybody. What a prepared transaction has locked and its transaction id share a
    // virtualtransaction (manual 54.12 pg_locks); a parallel worker's locks are its leader's. VACUUM and CREATE INDEX CONCURRENTLY keep their lock beyond their
    // transactions, so the beginning of the statement counts as well.
    private static string Query(Version version) =>
        $"""
        WITH RECURSIVE tree (oid) AS (
            SELECT to_regclass($1)::oid UNION SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid),
        lock AS MATERIALIZED (
            SELECT * FROM pg_locks),
        taken AS (
            SELECT l.pid, l.virtualtransaction, l.granted FROM lock l JOIN tree ON tree.oid = l.relation
            WHERE l.locktype = 'relation' AND l.mode = ANY (string_to_array($2, ','))
                AND l.database IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))),
        holder AS (
            SELECT coalesce({(version.Major >= 13 ? "a.leader_pid" : "NULL")}, a.pid) AS pid, NULL::text AS gid, NULL::text AS owner, NULL::text AS database,
                NULL::timestamptz AS prepared, bool_or(t.granted) AS granted
            FROM taken t JOIN pg_stat_activity a USING (pid) GROUP BY 1
            UNION ALL
            SELECT 0, p.gid, p.owner::text, p.database::text, p.prepared, true
            FROM pg_prepared_xacts p JOIN lock l ON l.pid IS NULL AND l.locktype = 'transactionid' AND l.transactionid = p.transaction
            WHERE l.virtualtransaction IN (SELECT virtualtransaction FROM taken WHERE pid IS NULL)),
        aged AS (
            SELECT h.*, coalesce(h.prepared, least(a.xact_start, a.query_start)) AS since
            FROM holder h LEFT JOIN pg_stat_activity a USING (pid) WHERE h.pid <> pg_backend_pid() AND (h.gid IS NOT NULL OR a.pid IS NOT NULL))
        SELECT h.gid, h.owner, h.database, {SessionColumns.Milliseconds("h.prepared")}, {SessionColumns.Sql(fullQueries: true)}
        FROM aged h LEFT JOIN pg_stat_activity a USING (pid)
        WHERE $3 IS NULL OR h.since IS NULL OR h.since <= clock_timestamp() - $3 * interval '1 s'
        ORDER BY h.granted DESC, h.since NULLS LAST
        """;
}
