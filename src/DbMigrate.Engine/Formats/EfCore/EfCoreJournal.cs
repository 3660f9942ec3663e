using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>EF Core's migration history: a row of two columns for each applied migration, and nothing of any other.</summary>
/// <param name="history">The table.</param>
/// <param name="ownSchema">Scripts or user named the table's schema, so it is created when it is not there.</param>
internal sealed class EfCoreJournal(HistoryTable history, bool ownSchema) : IMigrationJournal
{
    /// <inheritdoc/>
    public JournalTable Table => history.Table;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Columns => new Dictionary<string, string>
    {
        [history.IdColumn] = "character varying(150)",
        [history.VersionColumn] = "character varying(32)",
    };

    /// <summary>None: EF Core leaves the session as it is.</summary>
    public IReadOnlyDictionary<string, string> SessionSettings { get; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> Create
    {
        get
        {
            // The constraint's name is EF Core's, for a tool that compares schemas.
            var definition = history.Definition
                ?? $"""
                    (
                        {IdColumn} character varying(150) NOT NULL,
                        {VersionColumn} character varying(32) NOT NULL,
                        CONSTRAINT {JournalTable.Quote("PK_" + Table.Name)} PRIMARY KEY ({IdColumn})
                    )
                    """;
            var table = new SqlCommandText($"CREATE TABLE IF NOT EXISTS {Table} {definition}");
            return ownSchema && Table.Schema is { } schema ? [SqlCommandText.CreateSchema(schema), table] : [table];
        }
    }

    /// <summary>EF Core applies whatever is not recorded.</summary>
    public bool AppliesOutOfOrder => true;

    /// <summary>EF Core ignores rows of migrations that it does not have.</summary>
    public bool RefusesMissing => false;

    /// <inheritdoc/>
    public bool MarksStart(bool undo) => false;

    /// <summary>EF Core takes ids that differ in case only for the same.</summary>
    public StringComparer VersionComparer => StringComparer.OrdinalIgnoreCase;

    private string IdColumn => JournalTable.Quote(history.IdColumn);

    private string VersionColumn => JournalTable.Quote(history.VersionColumn);

    /// <inheritdoc/>
    public IMigrationJournal Resolved(string schema) =>
        new EfCoreJournal(history with { Table = Table with { Schema = schema } }, ownSchema);

    /// <summary>
    /// EF Core has no advisory lock; its lock on the table ends with each transaction. This key is DbMigrate's own: it keeps its runners apart while
    /// statements run outside a transaction. It is the first 8 bytes, big-endian, of the SHA-256 of
    /// <c>dbmigrate:efcore:DATABASE:SCHEMA.TABLE</c>, so the journal has to be <see cref="Resolved"/>.
    /// </summary>
    public IReadOnlyList<long> LockKeys(string database) =>
        [BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"dbmigrate:efcore:{database}:{Table.Schema}.{Table.Name}")))];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JournalRow>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"SELECT {IdColumn} FROM {Table} ORDER BY {IdColumn}", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<JournalRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var id = reader.GetString(0);
            rows.Add(new JournalRow { Version = id, State = MigrationState.Applied, Name = EfCoreFolderReader.NameOf(id) });
        }

        return rows;
    }

    /// <summary>True: EF Core keeps no checksum.</summary>
    public bool ChecksumMatches(JournalRow row, Migration migration) => true;

    /// <summary>
    /// EF Core adds its row last, under an exclusive lock on the table. Ours is added first: the row's lock makes EF Core and other runners wait just as
    /// well, a migration that somebody else applied meanwhile ends with 23505 before it did anything, and applications can read the table all the while.
    /// </summary>
    public JournalCommands Apply(Migration migration, IReadOnlyList<JournalRow> rows)
    {
        var insert = Insert(migration, "");

        // A migration that tidies the history with SQL of its own may delete the row that is there already. EF Core adds it afterwards.
        var touchesHistory = migration.Up?.ReadStatements().Any(s => s.Text.Contains(Table.Name, StringComparison.Ordinal)) ?? false;
        return new JournalCommands
        {
            Before = [insert],
            After = touchesHistory ? [Insert(migration, " ON CONFLICT DO NOTHING")] : [],
            Finished = [insert],
        };
    }

    /// <inheritdoc/>
    public JournalCommands Undo(string version, IReadOnlyList<JournalRow> rows)
    {
        var recorded = Recorded(version, rows)?.Version ?? version;

        // Two equal rows, so that it fails with 23505, if there is nothing to delete any more.
        var claim = new SqlCommandText(
            $"""
            WITH gone AS (DELETE FROM {Table} WHERE {IdColumn} = $1 RETURNING 1)
            INSERT INTO {Table} ({IdColumn}, {VersionColumn}) SELECT $1, '' FROM generate_series(1, 2) WHERE NOT EXISTS (SELECT FROM gone)
            """,
            recorded);
        return new JournalCommands { Before = [claim], Finished = [Delete(recorded)] };
    }

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> MarkApplied(Migration migration, IReadOnlyList<JournalRow> rows) =>
        Recorded(migration.Version, rows) is { } row
            ? throw new DbMigrateException(
                "AlreadyApplied", ErrorKind.InvalidState, $"{row.Version} is recorded as applied in {Table}.",
                "Nothing has to be done; Get-MigrationStatus shows what is recorded.")
            { Subject = migration.Version }
            : [Insert(migration, "")];

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> MarkRolledBack(string version, IReadOnlyList<JournalRow> rows) =>
        Recorded(version, rows) is { } row
            ? [Delete(row.Version)]
            : throw new DbMigrateException(
                "NotApplied", ErrorKind.InvalidState, $"{version} is not recorded in {Table}.",
                "Check the migration id; Get-MigrationStatus shows what is recorded.")
            { Subject = version };

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> Force(string version) => throw new DbMigrateException(
        "ForceNotSupported", ErrorKind.InvalidArgument, "EF Core records each migration by itself; there is no one version to set.",
        "Use Resolve-Migration -As Applied or -As RolledBack with a migration id (dbmigrate resolve).");

    private JournalRow? Recorded(string version, IReadOnlyList<JournalRow> rows) =>
        rows.FirstOrDefault(r => VersionComparer.Equals(r.Version, version));

    private SqlCommandText Insert(Migration migration, string conflict) => new(
        $"INSERT INTO {Table} ({IdColumn}, {VersionColumn}) VALUES ($1, $2){conflict}", migration.Version, migration.ProductVersion);

    private SqlCommandText Delete(string id) => new($"DELETE FROM {Table} WHERE {IdColumn} = $1", id);
}
