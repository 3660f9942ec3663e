using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>Who has a table, asked by the session that did not get it and does not wait any more.</summary>
internal static class LockHolders
{
    /// <summary>The sessions that hold, or are about to get, a lock on a table that conflicts with one of ours; in words, with a comma before each but the first.</summary>
    /// <param name="session">A session that can ask now.</param>
    /// <param name="table">The table, as SQL writes it.</param>
    /// <param name="modes">The modes that conflict, as in <c>pg_locks</c>, separated by commas; empty for all.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    /// <returns>Empty when nobody has it any more.</returns>
    public static async Task<string> DescribeAsync(DbSession session, string table, string modes, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            SELECT {SessionColumns.Sql(fullQueries: true, "a")} FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid() AND EXISTS (
                SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.relation = to_regclass($1)
                    AND (l.granted OR l.mode = 'AccessExclusiveLock') AND ($2 = '' OR l.mode = ANY (string_to_array($2, ','))))
            """,
            session.Connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = modes });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var holders = new List<ServerSession>();
        while (await reader.ReadAsync(cancellationToken))
        {
            holders.Add(SessionColumns.Read(reader, 0)!);
        }

        return string.Join(", ", holders);
    }
}
