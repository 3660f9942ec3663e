using System.Security.Cryptography;
using System.Text;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Backfill;

/// <summary>
/// How far backfills got, in a table in the schema that is ours alone. It is made when a backfill starts, a batch and its position are committed together,
/// and it is gone when the last one ends.
/// </summary>
/// <param name="id">What identifies the backfill: table, walk, assignments and condition, values included.</param>
/// <param name="description">The same for people.</param>
internal sealed class BackfillState(string id, string description)
{
    /// <summary>The table, schema included.</summary>
    public const string Table = OwnSchema.Name + ".backfill";

    /// <summary>The constraint that a batch breaks whose rows would come up again.</summary>
    public const string OnceConstraint = "backfill_rows_once";

    /// <summary>What must hold for the UPDATE of a batch to change anything: nobody has removed or moved the record that says where it begins.</summary>
    public const string IsRecorded = "EXISTS (SELECT FROM dbmigrate_recorded)";

    /// <summary>The advisory key of the whole backfill.</summary>
    public long LockKey => Key(id);

    /// <summary>Identifies a backfill by what it does.</summary>
    public static string Identify(params string[] parts) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\u0004', parts)))[..16]).ToLowerInvariant();

    /// <summary>The advisory key of a part: whoever has it can be sure that no batch of that part is still running.</summary>
    public long PartKey(int part) => Key(FormattableString.Invariant($"{id}/{part}"));

    /// <summary>What is recorded; nothing when the backfill was never started, or has ended.</summary>
    public async Task<IReadOnlyList<BackfillPart>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new SqlBuilder()
            .Add($"SELECT part, position, upper, finished, changed, matching, walked FROM {Table} WHERE id = ").Value(id).Add(" ORDER BY part");
        return [.. from row in await QueryAsync(command, connection, cancellationToken)
                   select new BackfillPart(
                       (int)row[0]!, WalkPosition.Parse(row[1]), WalkPosition.Parse(row[2]), (bool)row[3]!, (long)row[4]!, (long)row[5]!, (long)row[6]!)];
    }

    /// <summary>What other backfills of the table were started and not finished, each with its description.</summary>
    public async Task<IReadOnlyList<(BackfillState State, string Description)>> OthersAsync(uint table, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = new SqlBuilder()
            .Add($"SELECT DISTINCT id, description FROM {Table} WHERE relation = ").Value(table).Add("::oid AND id <> ").Value(id).Add(" ORDER BY 2");
        return [.. from row in await QueryAsync(command, connection, cancellationToken) select (new BackfillState((string)row[0]!, (string)row[1]!), (string)row[1]!)];
    }

    /// <summary>Makes the table where it is not, and records the parts in place of what was recorded before.</summary>
    /// <param name="table">The table's pg_class.oid.</param>
    /// <param name="cuts">Where one part ends and the next begins.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    public async Task StartAsync(uint table, IReadOnlyList<string[]> cuts, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var commands = new List<SqlBuilder>
        {
            new SqlBuilder().Add(OwnSchema.Lock),
            new SqlBuilder().Add(OwnSchema.Create(
                Table,
                $"""
                (id text NOT NULL, part integer NOT NULL, relation oid NOT NULL, description text NOT NULL, position text, upper text,
                    finished boolean NOT NULL DEFAULT false, changed bigint NOT NULL DEFAULT 0, matching bigint NOT NULL DEFAULT 0,
                    walked bigint NOT NULL DEFAULT 0, again bigint NOT NULL DEFAULT 0, started_at timestamptz NOT NULL DEFAULT now(),
                    PRIMARY KEY (id, part), CONSTRAINT {OnceConstraint} CHECK (again = 0)) WITH (fillfactor = 10)
                """,
                "backfills that are not finished. Do not drop: they would start from the beginning.")),
            // Nobody can go on with those whose table is gone.
            new SqlBuilder().Add($"DELETE FROM {Table} b WHERE id = ").Value(id).Add(" OR NOT EXISTS (SELECT FROM pg_class WHERE oid = b.relation)"),
        };
        for (var part = 0; part <= cuts.Count; part++)
        {
            var command = new SqlBuilder().Add($"INSERT INTO {Table} (id, part, relation, description, position, upper) VALUES (")
                .Value(id).Add(", ").Value(part).Add(", ").Value(table).Add(", ").Value(description).Add(", ")
                .Value(part == 0 ? null : WalkPosition.Format(cuts[part - 1])).Add(", ")
                .Value(part == cuts.Count ? null : WalkPosition.Format(cuts[part])).Add(")");
            commands.Add(command);
        }

        await RunAsync(commands, connection, cancellationToken);
    }

    /// <summary>Forgets the backfill, and drops the table when it was the last.</summary>
    public Task EndAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => RunAsync(
        [
            new SqlBuilder().Add(OwnSchema.Lock),
            new SqlBuilder().Add($"DELETE FROM {Table} WHERE id = ").Value(id),
            new SqlBuilder().Add(OwnSchema.DropEmpty(Table)),
        ],
        connection,
        cancellationToken);

    /// <summary>The same for a backfill of others', unless somebody is running it.</summary>
    /// <returns>Whether it is forgotten.</returns>
    public async Task<bool> TryEndAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (!await AdvisoryLock.TryTakeAsync(connection, LockKey, cancellationToken))
        {
            return false;
        }

        await EndAsync(connection, cancellationToken);
        await AdvisoryLock.ReleaseAsync(connection, LockKey, cancellationToken);
        return true;
    }

    /// <summary>Forgets the backfill, unless a batch was committed.</summary>
    public Task EndUntouchedAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => RunAsync(
        [
            new SqlBuilder().Add(OwnSchema.Lock),

            // A batch whose session was lost may still be at work: wait for it.
            new SqlBuilder().Add($"SELECT FROM {Table} WHERE id = ").Value(id).Add(" FOR UPDATE"),
            new SqlBuilder().Add($"DELETE FROM {Table} WHERE id = ").Value(id)
                .Add($" AND NOT EXISTS (SELECT FROM {Table} WHERE (walked > 0 OR changed > 0 OR finished) AND id = ").Value(id).Add(")"),
            new SqlBuilder().Add(OwnSchema.DropEmpty(Table)),
        ],
        connection,
        cancellationToken);

    /// <summary>
    /// The statement of a batch: it changes the rows and records, in the same transaction, how far it got. Its one value is the number of changed rows.
    /// </summary>
    /// <param name="update">Adds the UPDATE under the condition <see cref="IsRecorded"/>, whose RETURNING has two columns: whether the changed row still fits the condition, and whether it may come up in another batch.</param>
    /// <param name="part">The part's number.</param>
    /// <param name="from">The position behind which the batch begins; null for the start.</param>
    /// <param name="position">The last position of the batch; null when the batch is the part's last.</param>
    /// <param name="walked">How much it walks; null for as many as it changes.</param>
    public SqlBuilder Batch(Action<SqlBuilder> update, int part, string[]? from, string[]? position, long? walked)
    {
        // Locked before the first row is changed, so that it is still there when the last one is. Subqueries of the assignments and the condition see what WITH
        // names ahead of a table of theirs, so no name here may be one that somebody has.
        var command = new SqlBuilder().Add($"WITH dbmigrate_recorded AS (SELECT FROM {Table} WHERE id = ").Value(id).Add(" AND part = ").Value(part)
            .Add(" AND position IS NOT DISTINCT FROM ").Value(WalkPosition.Format(from)).Add(" FOR UPDATE), dbmigrate_changed (matching, moved) AS (");
        update(command);
        command.Add(
                "), dbmigrate_counted AS (SELECT count(*) AS changed, count(*) FILTER (WHERE matching) AS matching, " +
                "count(*) FILTER (WHERE matching AND moved) AS again FROM dbmigrate_changed) ")
            .Add($"UPDATE {Table} b SET changed = b.changed + c.changed, matching = b.matching + c.matching, again = b.again + c.again, walked = b.walked + ");
        _ = walked is { } size ? command.Value(size).Add("::bigint") : command.Add("c.changed");
        _ = position is null ? command.Add(", finished = true") : command.Add(", position = ").Value(WalkPosition.Format(position));
        return command.Add(" FROM dbmigrate_counted c WHERE b.id = ").Value(id).Add(" AND b.part = ").Value(part).Add($" AND {IsRecorded} RETURNING c.changed");
    }

    private static long Key(string text) => BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes("dbmigrate.backfill/" + text)));

    // The statements share one Sync, and so one transaction (manual 55.2.3).
    private static async Task RunAsync(IEnumerable<SqlBuilder> commands, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var command in commands)
        {
            batch.BatchCommands.Add(command.ToBatchCommand());
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<IReadOnlyList<object?[]>> QueryAsync(SqlBuilder command, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            return await command.QueryAsync(connection, cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            // No backfill was started, or the last one has just ended.
            return [];
        }
    }
}
