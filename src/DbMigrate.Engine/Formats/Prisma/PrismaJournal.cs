using Npgsql;

namespace DbMigrate.Engine.Formats.Prisma;

/// <summary>
/// <c>_prisma_migrations</c>: a row per attempt, never removed. Finished and not rolled back means applied, neither means failed; what is
/// rolled back counts as not there (schema-engine, sql_migration_persistence.rs).
/// </summary>
/// <param name="table">The table.</param>
/// <param name="schema">The schema of the URL, which is created; null where the URL names none.</param>
internal sealed class PrismaJournal(JournalTable table, string? schema) : IMigrationJournal
{
    private const long LockKey = 72707369;
    private const int NoteLength = 2000;

    /// <inheritdoc/>
    public JournalTable Table => table;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Columns { get; } = new Dictionary<string, string>
    {
        ["id"] = "character varying(36)",
        ["checksum"] = "character varying(64)",
        ["finished_at"] = "timestamp with time zone",
        ["migration_name"] = "character varying(255)",
        ["logs"] = "text",
        ["rolled_back_at"] = "timestamp with time zone",
        ["started_at"] = "timestamp with time zone",
        ["applied_steps_count"] = "integer",
    };

    /// <summary>None: the <c>search_path</c> of the URL's schema is the session's already.</summary>
    public IReadOnlyDictionary<string, string> SessionSettings { get; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> Create =>
    [
        .. schema is null ? [] : new[] { SqlCommandText.CreateSchema(schema) },
        new($"""
            CREATE TABLE IF NOT EXISTS {table} (
                id                      VARCHAR(36) PRIMARY KEY NOT NULL,
                checksum                VARCHAR(64) NOT NULL,
                finished_at             TIMESTAMPTZ,
                migration_name          VARCHAR(255) NOT NULL,
                logs                    TEXT,
                rolled_back_at          TIMESTAMPTZ,
                started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
                applied_steps_count     INTEGER NOT NULL DEFAULT 0
            )
            """),
    ];

    /// <inheritdoc/>
    public bool AppliesOutOfOrder => true;

    /// <summary><c>migrate deploy</c> does not mind.</summary>
    public bool RefusesMissing => false;

    /// <inheritdoc/>
    public bool MarksStart(bool undo) => !undo;

    /// <inheritdoc/>
    public StringComparer VersionComparer => PrismaNameComparer.Instance;

    /// <inheritdoc/>
    public IMigrationJournal Resolved(string schemaOfTable) => new PrismaJournal(table with { Schema = schemaOfTable }, schema);

    /// <inheritdoc/>
    public IReadOnlyList<long> LockKeys(string database) => [LockKey];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JournalRow>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var rows = new Dictionary<string, JournalRow>();
        await using var command = new NpgsqlCommand(
            $"""
            SELECT migration_name, checksum, started_at, finished_at, rolled_back_at, left(logs, {NoteLength}), applied_steps_count
            FROM {table} ORDER BY started_at
            """,
            connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = ReadRow(reader);
            // A failed attempt stops Prisma whatever else there is, an applied one counts before those rolled back; of equals the latest.
            if (!rows.TryGetValue(row.Version, out var known) || Weight(row) >= Weight(known))
            {
                rows[row.Version] = row;
            }
        }

        return [.. rows.Values];
    }

    /// <inheritdoc/>
    public bool ChecksumMatches(JournalRow row, Migration migration) =>
        string.Equals(row.Checksum, migration.Checksum, StringComparison.Ordinal)
        || PrismaChecksum.Matches(row.Checksum!, (FileScript)migration.Up!);

    /// <inheritdoc/>
    public JournalCommands Apply(Migration migration, IReadOnlyList<JournalRow> rows)
    {
        var id = NewId();
        return new JournalCommands
        {
            Before =
            [
                // Nothing in the table is unique but the id. So one runner at a time looks, and inserts twice, to fail with 23505,
                // what is there.
                new($"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"),
                new(
                    $"""
                    INSERT INTO {table} (id, checksum, started_at, migration_name) SELECT $1, $2, clock_timestamp(), $3
                    FROM generate_series(1, CASE WHEN EXISTS (
                        SELECT FROM {table} WHERE migration_name = $3 AND rolled_back_at IS NULL) THEN 2 ELSE 1 END)
                    """,
                    id,
                    migration.Checksum,
                    migration.Version),
            ],
            After = [new($"UPDATE {table} SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE id = $1", id)],
            Started =
            [
                new(
                    $"""
                    INSERT INTO {table} (id, checksum, started_at, migration_name) SELECT $1, $2, clock_timestamp(), $3
                    WHERE NOT EXISTS (SELECT FROM {table} WHERE migration_name = $3 AND rolled_back_at IS NULL)
                    """,
                    id,
                    migration.Checksum,
                    migration.Version),
            ],
            Finished =
            [
                new(
                    $"UPDATE {table} SET finished_at = clock_timestamp(), applied_steps_count = 1, logs = NULL WHERE {Unfinished}",
                    migration.Version),
            ],
            Failed = error => [new($"UPDATE {table} SET logs = $2 WHERE {Unfinished}", migration.Version, error)],
        };
    }

    /// <inheritdoc/>
    public JournalCommands Undo(string version, IReadOnlyList<JournalRow> rows) => new()
    {
        Before =
        [
            // Two equal rows, so that it fails with 23505, if there is nothing to undo any more.
            new(
                $"""
                WITH undone AS (UPDATE {table} SET rolled_back_at = clock_timestamp() WHERE {Applied} RETURNING id)
                INSERT INTO {table} (id, checksum, migration_name)
                SELECT $2, '', $1 FROM generate_series(1, 2) WHERE NOT EXISTS (SELECT FROM undone)
                """,
                version,
                NewId()),
        ],
        Finished = [new($"UPDATE {table} SET rolled_back_at = clock_timestamp() WHERE {Applied}", version)],
    };

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> MarkApplied(Migration migration, IReadOnlyList<JournalRow> rows)
    {
        // Prisma looks at finished_at alone, so a migration that was undone cannot be marked either.
        if (Row(migration.Version, rows) is { AppliedAt: not null } row)
        {
            var undone = row.State == MigrationState.RolledBack;
            throw new DbMigrateException(
                "AlreadyApplied",
                ErrorKind.InvalidState,
                $"Migration {migration.Version} is recorded as applied{(undone ? ", and as rolled back since," : "")} in {table} (P3008).",
                undone ? "Run it again with Invoke-Migration." : "There is nothing to do.")
            {
                Subject = migration.Version,
            };
        }

        return
        [
            RollBackUnfinished(migration.Version),
            new(
                $"INSERT INTO {table} (id, checksum, logs, started_at, finished_at, migration_name) VALUES ($1, $2, '', now(), now(), $3)",
                NewId(),
                migration.Checksum,
                migration.Version),
        ];
    }

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> MarkRolledBack(string version, IReadOnlyList<JournalRow> rows) => Row(version, rows) switch
    {
        null => throw new DbMigrateException(
            "NotApplied",
            ErrorKind.InvalidState,
            $"Migration {version} was never applied: {table} has no row of it (P3011).",
            "Give the whole name of its directory, for example 20240101120000_init.")
        {
            Subject = version,
        },
        { AppliedAt: not null } => throw new DbMigrateException(
            "NotFailed",
            ErrorKind.InvalidState,
            $"Migration {version} is not in a failed state, so it cannot be recorded as rolled back (P3012).",
            "Undo-Migration takes back what was applied, with the down.sql of its directory.")
        {
            Subject = version,
        },
        { State: MigrationState.RolledBack } => [],
        _ => [RollBackUnfinished(version)],
    };

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> Force(string version) => throw new DbMigrateException(
        "ForceNotSupported",
        ErrorKind.InvalidArgument,
        "Prisma keeps a row per migration and has no version to force.",
        "Record single migrations instead: Resolve-Migration -As Applied or -As RolledBack (dbmigrate resolve).");

    private static string Unfinished => "migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL";

    private static string Applied => "migration_name = $1 AND finished_at IS NOT NULL AND rolled_back_at IS NULL";

    private static string NewId() => Guid.NewGuid().ToString();

    private static int Weight(JournalRow row) => row.State switch
    {
        MigrationState.Failed => 2,
        MigrationState.Applied => 1,
        _ => 0,
    };

    private static JournalRow ReadRow(NpgsqlDataReader reader)
    {
        var name = reader.GetString(0);
        var started = reader.GetFieldValue<DateTimeOffset>(2);
        DateTimeOffset? finished = reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3);
        var logs = reader.IsDBNull(5) ? "" : reader.GetString(5);
        var run = reader.GetInt32(6) > 0;
        var state = (finished, reader.IsDBNull(4)) switch
        {
            (_, false) => MigrationState.RolledBack,
            (null, _) => MigrationState.Failed,
            _ => MigrationState.Applied,
        };
        return new JournalRow
        {
            Version = name,
            State = state,
            Name = PrismaName.Title(name),
            Checksum = reader.GetString(1),
            AppliedAt = finished,
            Duration = run && finished >= started ? finished - started : null,
            Note = state switch
            {
                MigrationState.Failed => logs.Length > 0 ? logs : "It was started and not finished, and left no error.",
                MigrationState.Applied when !run => "Recorded as applied without being run.",
                _ => null,
            },
        };
    }

    private JournalRow? Row(string version, IReadOnlyList<JournalRow> rows) =>
        rows.FirstOrDefault(r => VersionComparer.Equals(r.Version, version));

    private SqlCommandText RollBackUnfinished(string version) =>
        new($"UPDATE {table} SET rolled_back_at = now() WHERE {Unfinished}", version);
}
