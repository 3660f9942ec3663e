using System.Globalization;
using System.Text;
using Npgsql;

namespace DbMigrate.Engine.Formats.Sqlx;

/// <summary><c>_sqlx_migrations</c>: a row per applied migration, which undoing removes (sqlx-postgres, migrate.rs).</summary>
internal sealed class SqlxJournal(JournalTable table, IReadOnlyList<string> createSchemas) : IMigrationJournal
{
    private const long LockFactor = 0x3d32ad9e;

    /// <inheritdoc/>
    public JournalTable Table => table;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Columns { get; } = new Dictionary<string, string>
    {
        ["version"] = "bigint",
        ["description"] = "text",
        ["installed_on"] = "timestamp with time zone",
        ["success"] = "boolean",
        ["checksum"] = "bytea",
        ["execution_time"] = "bigint",
    };

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> SessionSettings { get; } = new Dictionary<string, string>
    {
        ["TimeZone"] = "UTC",
        ["DateStyle"] = "ISO, MDY",
        ["extra_float_digits"] = "2",
    };

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> Create =>
    [
        .. createSchemas.Select(SqlCommandText.CreateSchema),
        new($"""
            CREATE TABLE IF NOT EXISTS {table} (
                version BIGINT PRIMARY KEY,
                description TEXT NOT NULL,
                installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),
                success BOOLEAN NOT NULL,
                checksum BYTEA NOT NULL,
                execution_time BIGINT NOT NULL
            )
            """),
    ];

    /// <inheritdoc/>
    public bool AppliesOutOfOrder => true;

    /// <summary><c>run</c> and <c>revert</c> stop with VersionMissing, unless told to ignore it.</summary>
    public bool RefusesMissing => true;

    /// <inheritdoc/>
    public bool MarksStart(bool undo) => false;

    /// <inheritdoc/>
    public StringComparer VersionComparer => NumericVersionComparer.Instance;

    /// <inheritdoc/>
    public IMigrationJournal Resolved(string schema) => new SqlxJournal(table with { Schema = schema }, createSchemas);

    /// <inheritdoc/>
    public IReadOnlyList<long> LockKeys(string database) => [LockFactor * Crc32.Of(Encoding.UTF8.GetBytes(database))];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JournalRow>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var rows = new List<JournalRow>();
        await using var command = new NpgsqlCommand(
            $"SELECT version, description, installed_on, success, checksum, execution_time FROM {table} ORDER BY version", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var success = reader.GetBoolean(3);
            var nanoseconds = reader.GetInt64(5);
            rows.Add(new JournalRow
            {
                Version = reader.GetInt64(0).ToString(CultureInfo.InvariantCulture),
                State = success ? MigrationState.Applied : MigrationState.Failed,
                Name = reader.GetString(1),
                Checksum = Convert.ToHexString(reader.GetFieldValue<byte[]>(4)).ToLowerInvariant(),
                AppliedAt = success ? reader.GetFieldValue<DateTimeOffset>(2) : null,
                // -1: not known.
                Duration = nanoseconds < 0 ? null : TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick),
                Note = success ? null : $"Its row in {table} has success = false; SQLx does nothing while it is there.",
            });
        }

        return rows;
    }

    /// <inheritdoc/>
    public bool ChecksumMatches(JournalRow row, Migration migration) =>
        string.Equals(row.Checksum, migration.Checksum, StringComparison.Ordinal);

    /// <inheritdoc/>
    public JournalCommands Apply(Migration migration, IReadOnlyList<JournalRow> rows) => new()
    {
        Before = [Insert(migration)],
        After =
        [
            new(
                $"""
                UPDATE {table} SET execution_time = (extract(epoch FROM clock_timestamp() - transaction_timestamp()) * 1000000000)::bigint
                WHERE version = $1
                """,
                Number(migration.Version)),
        ],
        // SQLx leaves no mark while a migration runs outside a transaction. The time is not known here: SQLx's own -1 stays.
        Finished = [Insert(migration)],
    };

    /// <inheritdoc/>
    public JournalCommands Undo(string version, IReadOnlyList<JournalRow> rows) => new()
    {
        Before =
        [
            // Two equal rows, so that it fails with 23505, if there is nothing to delete any more.
            new(
                $"""
                WITH gone AS (DELETE FROM {table} WHERE version = $1 RETURNING version)
                INSERT INTO {table} (version, description, success, checksum, execution_time)
                SELECT $1, '', TRUE, ''::bytea, -1 FROM generate_series(1, 2) WHERE NOT EXISTS (SELECT FROM gone)
                """,
                Number(version)),
        ],
        Finished = [Delete(version)],
    };

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> MarkApplied(Migration migration, IReadOnlyList<JournalRow> rows) =>
        Row(migration.Version, rows) switch
        {
            null => [Insert(migration)],
            { State: MigrationState.Failed } => [Delete(migration.Version), Insert(migration)],
            var row when !ChecksumMatches(row, migration) =>
            [
                new(
                    $"UPDATE {table} SET checksum = $2, description = $3 WHERE version = $1",
                    Number(migration.Version),
                    Convert.FromHexString(migration.Checksum!),
                    migration.Name),
            ],
            _ => throw new DbMigrateException(
                "AlreadyApplied",
                ErrorKind.InvalidState,
                $"Migration {migration.Version} is recorded as applied in {table}.",
                "There is nothing to do.")
            {
                Subject = migration.Version,
            },
        };

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> MarkRolledBack(string version, IReadOnlyList<JournalRow> rows) => Row(version, rows) is not null
        ? [Delete(version)]
        : throw new DbMigrateException(
            "NotApplied", ErrorKind.InvalidState, $"Migration {version} is not recorded in {table}.", "There is nothing to take back.")
        {
            Subject = version,
        };

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> Force(string version) => throw new DbMigrateException(
        "ForceNotSupported",
        ErrorKind.InvalidArgument,
        "SQLx keeps a row per migration and has no version to force.",
        "Record single migrations instead: Resolve-Migration -As Applied or -As RolledBack (dbmigrate resolve).");

    private static long Number(string version) => long.Parse(version, CultureInfo.InvariantCulture);

    private JournalRow? Row(string version, IReadOnlyList<JournalRow> rows) =>
        rows.FirstOrDefault(r => VersionComparer.Equals(r.Version, version));

    private SqlCommandText Insert(Migration migration) => new(
        $"INSERT INTO {table} (version, description, success, checksum, execution_time) VALUES ($1, $2, TRUE, $3, -1)",
        Number(migration.Version),
        migration.Name,
        Convert.FromHexString(migration.Checksum!));

    private SqlCommandText Delete(string version) => new($"DELETE FROM {table} WHERE version = $1", Number(version));
}
