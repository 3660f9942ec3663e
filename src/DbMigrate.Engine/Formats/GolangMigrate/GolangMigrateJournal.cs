using System.Globalization;
using Npgsql;

namespace DbMigrate.Engine.Formats.GolangMigrate;

/// <summary>
/// <c>schema_migrations</c>: no row, or one with the version that the database is at. Dirty means that a migration towards that version was
/// started and not finished; -1 and dirty, that undoing the first one was (golang-migrate 4, migrate.go and database/postgres).
/// </summary>
internal sealed class GolangMigrateJournal(JournalTable table, MigrationFolder folder) : IMigrationJournal
{
    private const long None = -1;

    /// <inheritdoc/>
    public JournalTable Table => table;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Columns { get; } = new Dictionary<string, string>
    {
        ["version"] = "bigint",
        ["dirty"] = "boolean",
    };

    /// <summary>What lib/pq sets. The time zone is the server's.</summary>
    public IReadOnlyDictionary<string, string> SessionSettings { get; } = new Dictionary<string, string>
    {
        ["DateStyle"] = "ISO, MDY",
        ["extra_float_digits"] = "2",
    };

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> Create =>
        [new($"CREATE TABLE IF NOT EXISTS {table} (version bigint not null primary key, dirty boolean not null)")];

    /// <inheritdoc/>
    public bool AppliesOutOfOrder => false;

    /// <summary>The version that the database is at has to have a file, or golang-migrate refuses every move.</summary>
    public bool RefusesMissing => true;

    /// <inheritdoc/>
    public bool MarksStart(bool undo) => true;

    /// <inheritdoc/>
    public StringComparer VersionComparer => NumericVersionComparer.Instance;

    /// <inheritdoc/>
    public IMigrationJournal Resolved(string schema) => new GolangMigrateJournal(table with { Schema = schema }, folder);

    /// <summary>
    /// The key of programs that embed golang-migrate, then that of its command line, which hashes the URL's path with the slash.
    /// The schema is part of both, so <see cref="Resolved"/> has to come first.
    /// </summary>
    public IReadOnlyList<long> LockKeys(string database)
    {
        var schema = table.Schema ?? throw new InvalidOperationException("The schema of the table is part of the key.");
        return [GolangMigrateLock.Key(database, schema, table.Name), GolangMigrateLock.Key("/" + database, schema, table.Name)];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JournalRow>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"SELECT version, dirty FROM {table} LIMIT 2", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (reader.GetFieldType(0) != typeof(long) || reader.GetFieldType(1) != typeof(bool))
        {
            throw Corrupt(
                $"has a version of type {reader.GetDataTypeName(0)} and a dirty of type {reader.GetDataTypeName(1)}",
                "Another tool made it: name golang-migrate's own table.");
        }

        if (!await reader.ReadAsync(cancellationToken))
        {
            return [];
        }

        var (version, dirty) = (reader.GetInt64(0), reader.GetBoolean(1));
        return await reader.ReadAsync(cancellationToken)
            ? throw Corrupt("has more than one row", "golang-migrate never leaves that: delete all but the row of the current version.")
            : Expand(version, dirty);
    }

    /// <inheritdoc/>
    public bool ChecksumMatches(JournalRow row, Migration migration) => true;

    /// <inheritdoc/>
    public JournalCommands Apply(Migration migration, IReadOnlyList<JournalRow> rows) =>
        Move(Previous(migration.Version, rows), Number(migration.Version));

    /// <inheritdoc/>
    public JournalCommands Undo(string version, IReadOnlyList<JournalRow> rows) => Move(Number(version), Previous(version, rows));

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> MarkApplied(Migration migration, IReadOnlyList<JournalRow> rows)
    {
        var version = Number(migration.Version);
        if (Failed(rows) is { } failed)
        {
            return failed == version ? Set(version, dirty: false) : throw Dirty(failed);
        }

        var current = Current(rows);
        var next = Versions().FirstOrDefault(v => v > current, version);
        return version switch
        {
            _ when version <= current => throw new DbMigrateException(
                "AlreadyApplied",
                ErrorKind.InvalidState,
                $"{table} is at version {current}, so {version} counts as applied.",
                "There is nothing to do.")
            {
                Subject = migration.Version,
            },
            _ when version > next => throw new DbMigrateException(
                "NotNext",
                ErrorKind.InvalidState,
                $"{version} cannot be recorded alone: golang-migrate keeps one version, so {next} would count as applied too.",
                $"Record {next} first, or force {version} if all before it are applied.")
            {
                Subject = migration.Version,
            },
            _ => Set(version, dirty: false),
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> MarkRolledBack(string version, IReadOnlyList<JournalRow> rows)
    {
        var number = Number(version);
        if (Failed(rows) is { } failed && failed != number)
        {
            throw Dirty(failed);
        }

        var current = Current(rows);
        if (Failed(rows) is null && current != number)
        {
            throw new DbMigrateException(
                "NotApplied",
                ErrorKind.InvalidState,
                $"{table} is {(current == None ? "at no version" : $"at version {current}")}, so {version} cannot be taken back alone.",
                "Take back the newest version first, or force the version that the database is at.")
            {
                Subject = version,
            };
        }

        return Set(Previous(version, rows), dirty: false);
    }

    /// <inheritdoc/>
    public IReadOnlyList<SqlCommandText> Force(string version)
    {
        if (!long.TryParse(version, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) || number < None)
        {
            throw new DbMigrateException(
                "InvalidVersion",
                ErrorKind.InvalidArgument,
                $"'{version}' is no version.",
                "Give the number of a migration, or -1 for none.")
            {
                Subject = version,
            };
        }

        // golang-migrate forces anything, and then refuses every move from a version without files.
        return number == None || Versions().Contains(number)
            ? Set(number, dirty: false)
            : throw new DbMigrateException(
                "UnknownVersion",
                ErrorKind.NotFound,
                $"{folder.Path} has no file of version {number}.",
                "Give the number of a migration, or -1 for none.")
            {
                Subject = version,
            };
    }

    private static long Number(string version) => long.Parse(version, CultureInfo.InvariantCulture);

    private static long Current(IReadOnlyList<JournalRow> rows) =>
        rows.Where(r => r.State == MigrationState.Applied).Select(r => Number(r.Version)).DefaultIfEmpty(None).Max();

    private static long? Failed(IReadOnlyList<JournalRow> rows) =>
        rows.Where(r => r.State == MigrationState.Failed).Select(r => (long?)Number(r.Version)).FirstOrDefault();

    private static DbMigrateException Dirty(long version) => new(
        "DirtyVersion",
        ErrorKind.InvalidState,
        $"A migration of version {version} was started and not finished; nothing else can be recorded before that is settled.",
        $"Look what it left, then record {version} as applied or rolled back, or force the version that the database is at.")
    {
        Subject = version.ToString(CultureInfo.InvariantCulture),
    };

    private IEnumerable<long> Versions() => folder.Migrations.Select(m => Number(m.Version));

    // What exists before a version, in the folder or only in the table.
    private long Previous(string version, IReadOnlyList<JournalRow> rows) =>
        Versions().Append(Current(rows)).Where(v => v < Number(version)).DefaultIfEmpty(None).Max();

    private List<JournalRow> Expand(long version, bool dirty)
    {
        if (version < None || (version == None && !dirty))
        {
            return [];
        }

        var rows = Versions().Where(v => v < version).Select(v => Row(v, MigrationState.Applied, null)).ToList();
        if (!dirty)
        {
            rows.Add(Row(version, MigrationState.Applied, null));
            return rows;
        }

        if (version == None)
        {
            // The row names the target, so what failed is the way down from the first version.
            var first = Versions().FirstOrDefault(None);
            rows.Add(Row(
                first,
                MigrationState.Failed,
                $"Dirty: undoing it was started and not finished. If it is still applied, force {first}; if not, force -1."));
            return rows;
        }

        var next = Versions().FirstOrDefault(v => v > version, None);
        var way = next == None ? $"applying {version}" : $"applying {version}, or undoing {next},";
        var still = next == None ? "" : $", or {next} if that is still applied";
        rows.Add(Row(
            version,
            MigrationState.Failed,
            $"Dirty: {way} was started and not finished. Look what it left, then force {version} if that is applied{still}."));
        return rows;
    }

    private static JournalRow Row(long version, MigrationState state, string? note) =>
        new() { Version = version.ToString(CultureInfo.InvariantCulture), State = state, Note = note };

    private JournalCommands Move(long from, long to) => new()
    {
        Before = [MoveOnce(from, to)],
        // As golang-migrate does it: dirty with the target first.
        Started = Set(to, dirty: true),
        Finished = Set(to, dirty: false),
    };

    // One statement that fails with 23505 if the table is not as expected: it inserts two equal rows then, or copies what it finds.
    private SqlCommandText MoveOnce(long from, long to) => (from, to) switch
    {
        (None, _) => new($"INSERT INTO {table} (version, dirty) SELECT $1::bigint, false UNION ALL SELECT version, dirty FROM {table}", to),
        (_, None) => new(
            $"""
            WITH gone AS (DELETE FROM {table} WHERE version = $1 AND NOT dirty RETURNING version)
            INSERT INTO {table} (version, dirty) SELECT $1, false FROM generate_series(1, 2) WHERE NOT EXISTS (SELECT FROM gone)
            """,
            from),
        _ => new(
            $"""
            WITH gone AS (DELETE FROM {table} WHERE version = $1 AND NOT dirty RETURNING version)
            INSERT INTO {table} (version, dirty)
            SELECT $2, false FROM generate_series(1, CASE WHEN EXISTS (SELECT FROM gone) THEN 1 ELSE 2 END)
            """,
            from,
            to),
    };

    // golang-migrate truncates; that would wait for every transaction that has read the table.
    private IReadOnlyList<SqlCommandText> Set(long version, bool dirty)
    {
        var delete = new SqlCommandText($"DELETE FROM {table}");
        return version == None && !dirty
            ? [delete]
            : [delete, new($"INSERT INTO {table} (version, dirty) VALUES ($1, $2)", version, dirty)];
    }

    private DbMigrateException Corrupt(string what, string nextStep) =>
        new("JournalCorrupt", ErrorKind.InvalidState, $"{table} {what}.", nextStep) { Subject = table.ToString() };
}
