using DbMigrate.Engine.Formats;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>How far a migration got that runs outside a transaction.</summary>
/// <param name="Version">The migration's version.</param>
/// <param name="Undo">It is being undone, not applied.</param>
/// <param name="Segments">How many segments of its script are finished.</param>
/// <param name="PrefixHash">The hash of the finished segments; empty when none is finished.</param>
/// <param name="Running">The next segment was started outside a transaction, and how it ended is not known.</param>
internal sealed record MigrationProgress(string Version, bool Undo, int Segments, string PrefixHash, bool Running)
{
    private const string Table = OwnSchema.Name + ".progress";

    /// <summary>Whether the table is there and ours to read, as one column for the query that looks at the server.</summary>
    public const string ExistsColumn =
        $"""
        EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{OwnSchema.Name}' AND c.relname = 'progress'
            AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))
        """;

    /// <summary>What is recorded for one tracking table.</summary>
    public static async Task<IReadOnlyList<MigrationProgress>> ReadAsync(NpgsqlConnection connection, JournalTable journal, CancellationToken cancellationToken)
    {
        var rows = new List<MigrationProgress>();
        await using var command = new NpgsqlCommand(
            $"SELECT version, undo, segments, prefix_hash, running FROM {Table} WHERE journal = $1", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = journal.ToString() });
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add(new MigrationProgress(reader.GetString(0), reader.GetBoolean(1), reader.GetInt32(2), reader.GetString(3), reader.GetBoolean(4)));
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            // The runner that needed it has just finished and dropped it.
        }

        return rows;
    }

    /// <summary>Makes the table where it is not, and records the migration as started where it is not. For one transaction.</summary>
    public static IEnumerable<SqlCommandText> Start(JournalTable journal, string version, bool undo) =>
    [
        new(OwnSchema.Lock),
        new(OwnSchema.Create(
            Table,
            """
            (journal text NOT NULL, version text NOT NULL, undo boolean NOT NULL, segments integer NOT NULL, prefix_hash text NOT NULL,
                running boolean NOT NULL, started_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (journal, version))
            """,
            "migrations that run outside a transaction and are not finished. Do not drop.")),
        new($"INSERT INTO {Table} (journal, version, undo, segments, prefix_hash, running) VALUES ($1, $2, $3, 0, '', false) ON CONFLICT DO NOTHING",
            journal.ToString(), version, undo),
    ];

    /// <summary>Records that a statement outside a transaction is about to run.</summary>
    public static SqlCommandText Run(JournalTable journal, string version) =>
        new($"UPDATE {Table} SET running = true WHERE journal = $1 AND version = $2", journal.ToString(), version);

    /// <summary>Records that the server refused it, so that it is known to have had no effect.</summary>
    public static SqlCommandText Refused(JournalTable journal, string version) =>
        new($"UPDATE {Table} SET running = false WHERE journal = $1 AND version = $2", journal.ToString(), version);

    /// <summary>Records finished segments.</summary>
    public static SqlCommandText Advance(JournalTable journal, string version, int segments, string prefixHash) =>
        new($"UPDATE {Table} SET segments = $3, prefix_hash = $4, running = false WHERE journal = $1 AND version = $2",
            journal.ToString(), version, segments, prefixHash);

    /// <summary>Forgets all migrations of a tracking table.</summary>
    public static SqlCommandText EndAll(JournalTable journal) => new($"DELETE FROM {Table} WHERE journal = $1", journal.ToString());

    /// <summary>Forgets a migration, and drops the table when it was the last. For one transaction.</summary>
    public static IEnumerable<SqlCommandText> End(JournalTable journal, string version) =>
    [
        new(OwnSchema.Lock),
        new($"DELETE FROM {Table} WHERE journal = $1 AND version = $2", journal.ToString(), version),
        new(OwnSchema.DropEmpty(Table)),
    ];
}
