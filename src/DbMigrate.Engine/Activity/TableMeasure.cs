using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>What VACUUM changes about a table; of a partitioned one, about all its partitions.</summary>
/// <param name="Size">Table, indexes and TOAST in bytes.</param>
/// <param name="Pages">Pages of the table alone.</param>
/// <param name="DeadRows">As the server counts them.</param>
/// <param name="Vacuums">How often the server has counted a VACUUM or ANALYZE.</param>
internal sealed record TableMeasure(long Size, long Pages, long DeadRows, long Vacuums)
{
    /// <summary>Asks the server.</summary>
    /// <returns>Null when the table is not there any more.</returns>
    public static async Task<TableMeasure?> ReadAsync(NpgsqlConnection connection, long oid, CancellationToken cancellationToken)
    {
        // What a session has read of the statistics may stay as it was until its transaction ends; each call is one of its own.
        await using var command = new NpgsqlCommand(
            """
            SELECT sum(pg_total_relation_size(t.oid))::bigint, (sum(pg_relation_size(t.oid)) / current_setting('block_size')::int)::bigint,
                sum(pg_stat_get_dead_tuples(t.oid))::bigint, sum(pg_stat_get_vacuum_count(t.oid) + pg_stat_get_analyze_count(t.oid))::bigint
            FROM (SELECT relid::oid FROM pg_partition_tree($1::oid::regclass) WHERE isleaf UNION SELECT $1::oid) AS t (oid)
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = oid });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.IsDBNull(0) ? null : new TableMeasure(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
    }
}
