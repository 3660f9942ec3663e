using Npgsql;

namespace DbMigrate.Testing;

/// <summary>Short ways to look into a test's database.</summary>
public static class TargetQueries
{
    /// <summary>An open connection, for a test that needs a session to last.</summary>
    public static async Task<NpgsqlConnection> ConnectAsync(this DbTarget target)
    {
        var connection = new NpgsqlConnection(target.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Runs statements one after the other in one session, each on its own: Npgsql does not split texts for us.</summary>
    public static async Task RunAsync(this DbTarget target, params string[] statements)
    {
        await using var connection = await target.ConnectAsync();
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>The first column of the first row; the default value when there is no row or it is NULL.</summary>
    public static async Task<T?> ScalarAsync<T>(this DbTarget target, string query)
    {
        await using var connection = await target.ConnectAsync();
        await using var command = new NpgsqlCommand(query, connection);
        return await command.ExecuteScalarAsync() is T value ? value : default;
    }

    /// <summary>
    /// Waits for whoever might still see the deleted rows and keeps them alive: autovacuum at work on a new table, another test's replication, and for VACUUM FULL
    /// any older transaction of the server, because it respects its own snapshot.
    /// </summary>
    public static async Task OldSnapshotsEndAsync(this DbTarget target)
    {
        var now = await target.ScalarAsync<long>("SELECT txid_current()");
        await Eventually.IsTrueAsync(
            () => target.ScalarAsync<bool>(
                $"""
                SELECT NOT EXISTS (SELECT FROM (
                    SELECT backend_xmin FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND (datname = current_database() OR datid IS NULL OR datid = 0)
                    UNION ALL SELECT backend_xid FROM pg_stat_activity WHERE pid <> pg_backend_pid()
                    UNION ALL SELECT transaction FROM pg_prepared_xacts) older (xid)
                WHERE xid::text::bigint < {now})
                """),
            what: "nobody sees the deleted rows");
    }

    /// <summary>All rows; NULL is null.</summary>
    public static async Task<IReadOnlyList<object?[]>> RowsAsync(this DbTarget target, string query)
    {
        await using var connection = await target.ConnectAsync();
        await using var command = new NpgsqlCommand(query, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<object?[]>();
        while (await reader.ReadAsync())
        {
            var row = new object?[reader.FieldCount];
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = await reader.IsDBNullAsync(i) ? null : reader.GetValue(i);
            }

            rows.Add(row);
        }

        return rows;
    }
}
