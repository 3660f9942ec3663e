using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>Where we are: what has to be known of the server before anything is written, read in one round trip.</summary>
internal sealed record ServerState
{
    /// <summary>A standby replays another server's writes and takes none itself.</summary>
    public required bool IsStandby { get; init; }

    /// <summary>Transactions are read-only by default here.</summary>
    public required bool IsReadOnly { get; init; }

    /// <summary>The first schema of <c>search_path</c> that exists; null when there is none.</summary>
    public required string? CurrentSchema { get; init; }

    /// <summary>The database.</summary>
    public required string Database { get; init; }

    /// <summary>The role whose privileges count.</summary>
    public required string User { get; init; }

    /// <summary>The server's clock, number and place in the write-ahead log, of which Aurora and some roles get to see only the first.</summary>
    public required RestorePoint Now { get; init; }

    /// <summary>The process that serves us, as the server itself names it.</summary>
    public required int BackendPid { get; init; }

    /// <summary>The role may create schemas here.</summary>
    public required bool MayCreateSchema { get; init; }

    /// <summary>The schemas that exist.</summary>
    public required IReadOnlyCollection<string> Schemas { get; init; }

    /// <summary>The schemas that exist and in which the role may create tables.</summary>
    public required IReadOnlyCollection<string> SchemasToCreateIn { get; init; }

    /// <summary>A table can be made in <see cref="OwnSchema"/>.</summary>
    public required bool MayUseOwnSchema { get; init; }

    /// <summary>Tables of <see cref="OwnSchema"/> that another role made, and that ours may not read and write.</summary>
    public required IReadOnlyCollection<string> DeniedOwnTables { get; init; }

    /// <summary>Something runs, or ran, outside a transaction: <see cref="MigrationProgress"/> has rows to read.</summary>
    public required bool HasProgress { get; init; }

    /// <summary>Tables with the name of a tracking table, of whichever tool.</summary>
    public required IReadOnlyList<TrackingTable> Tables { get; init; }

    private const char Separator = '\u0001';

    /// <summary>The tracking tables that are looked for: ours by the folder's format, and those of others that should not be overlooked.</summary>
    private static readonly string[] KnownTables =
    [
        .. MigrationFormats.All.Select(f => f.DefaultTable), "flyway_schema_history", "databasechangelog",
        "goose_db_version", "alembic_version", "django_migrations", "knex_migrations", "__diesel_schema_migrations", "typeorm_migrations",
    ];

    /// <summary>Asks the server.</summary>
    /// <param name="session">The session.</param>
    /// <param name="settings">What to set on the way.</param>
    /// <param name="journalName">The name of the folder's own tracking table.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    public static async Task<ServerState> ReadAsync(
        DbSession session, IReadOnlyDictionary<string, string> settings, string? journalName, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(session, settings, journalName, tellsPlace: true, cancellationToken);
        }
        catch (PostgresException e) when (SystemIdentifier.IsRefusal(e))
        {
            // The server looks at the privilege before it runs anything, so that no condition in the query itself can keep it from refusing.
            return await ReadAsync(session, settings, journalName, tellsPlace: false, cancellationToken);
        }
    }

    private static async Task<ServerState> ReadAsync(
        DbSession session, IReadOnlyDictionary<string, string> settings, string? journalName, bool tellsPlace, CancellationToken cancellationToken)
    {
        var place = tellsPlace
            ? $"CASE WHEN NOT pg_is_in_recovery() AND to_regproc('aurora_version') IS NULL THEN pg_current_wal_insert_lsn()::text END, {SystemIdentifier.Column}"
            : "NULL::text, NULL::bigint";
        await using var batch = new NpgsqlBatch(session.Connection);
        if (settings.Count > 0)
        {
            foreach (var command in SessionSettings.Commands(settings))
            {
                batch.BatchCommands.Add(command.ToBatchCommand());
            }
        }

        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            $"""
            SELECT pg_is_in_recovery(), current_setting('transaction_read_only')::boolean, current_schema()::text, current_database()::text, current_user::text,
                pg_backend_pid(), has_database_privilege(current_database(), 'CREATE'), {MigrationProgress.ExistsColumn},
                schemas.may_create, {OwnSchema.MayCreateColumn}, schemas.all_of_them, clock_timestamp(),
                {place}, {OwnSchema.DeniedTablesColumn}
            FROM (SELECT string_agg(nspname, chr(1)) AS all_of_them, string_agg(nspname, chr(1)) FILTER (WHERE has_schema_privilege(oid, 'CREATE')) AS may_create
                FROM pg_namespace) AS schemas
            """));
        batch.BatchCommands.Add(new SqlCommandText(
            """
            SELECT n.nspname::text, c.relname::text, pg_table_is_visible(c.oid), has_table_privilege(c.oid, 'SELECT'),
                has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'),
                (SELECT string_agg(a.attname || chr(2) || format_type(a.atttypid, NULL), chr(1) ORDER BY a.attnum)
                 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'f') AND (c.relname = ANY (string_to_array($1, ',')) OR c.relname = $2) AND n.nspname !~ '^pg_temp'
            ORDER BY 3 DESC, 1, 2
            """,
            string.Join(',', KnownTables),
            journalName ?? "").ToBatchCommand());

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (settings.Count > 0)
        {
            await reader.NextResultAsync(cancellationToken);
        }

        await reader.ReadAsync(cancellationToken);
        var found = new List<TrackingTable>();
        var state = new ServerState
        {
            IsStandby = reader.GetBoolean(0),
            IsReadOnly = reader.GetBoolean(1),
            CurrentSchema = reader.IsDBNull(2) ? null : reader.GetString(2),
            Database = reader.GetString(3),
            User = reader.GetString(4),
            BackendPid = reader.GetInt32(5),
            MayCreateSchema = reader.GetBoolean(6),
            HasProgress = reader.GetBoolean(7),
            SchemasToCreateIn = reader.IsDBNull(8) ? [] : reader.GetString(8).Split(Separator),
            MayUseOwnSchema = reader.GetBoolean(9),
            DeniedOwnTables = reader.IsDBNull(14) ? [] : reader.GetString(14).Split(','),
            Schemas = reader.GetString(10).Split(Separator),
            Now = new RestorePoint
            {
                At = new DateTimeOffset(reader.GetDateTime(11), TimeSpan.Zero),
                Lsn = reader.IsDBNull(12) ? null : reader.GetString(12),
                SystemId = reader.IsDBNull(13) ? null : SystemIdentifier.Text(reader.GetInt64(13)),
                Database = reader.GetString(3),
            },
            Tables = found,
        };
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var columns = reader.IsDBNull(5)
                ? []
                : reader.GetString(5).Split(Separator).Select(c => c.Split('\u0002', 2)).ToDictionary(c => c[0], c => c[1], StringComparer.Ordinal);
            found.Add(new TrackingTable(
                new JournalTable(reader.GetString(0), reader.GetString(1)), reader.GetBoolean(2), reader.GetBoolean(3), reader.GetBoolean(4), columns));
        }

        return state;
    }

    /// <summary>Says why nothing can be written here, whatever it is.</summary>
    /// <exception cref="DbMigrateException"><c>Standby</c>, <c>ReadOnly</c>, <c>TransactionPooler</c>.</exception>
    public async Task RefuseUnwritableAsync(DbSession session, IEngineObserver observer, CancellationToken cancellationToken)
    {
        if (IsStandby)
        {
            throw new DbMigrateException(
                "Standby", ErrorKind.Permission, $"{session.Target} is a standby: it only replays what its primary writes.", "Use the primary's address (for Aurora the writer endpoint).")
            { Subject = session.Target };
        }

        if (IsReadOnly)
        {
            throw new DbMigrateException(
                "ReadOnly",
                ErrorKind.Permission,
                $"Transactions on {session.Target} are read-only for {User}.",
                "Check default_transaction_read_only of server, database and role; a server that ran out of disk is often set so.") { Subject = session.Target };
        }

        if (await IsBehindTransactionPoolerAsync(session, observer, cancellationToken))
        {
            throw new DbMigrateException(
                "TransactionPooler",
                ErrorKind.InvalidState,
                $"{session.Target} is a pooler in transaction mode: every transaction may get another server process, so locks and time limits would not hold.",
                "Use the server's own address (often port 5432 instead of 6543, or the host without '-pooler'), or a pool in session mode.") { Subject = session.Target };
        }
    }

    /// <summary>Says that nothing can be kept in <see cref="OwnSchema"/>.</summary>
    /// <param name="target">The database.</param>
    /// <param name="contents">What was to be kept.</param>
    /// <param name="table">The table that keeps it, where the role has to change rows of others'.</param>
    /// <exception cref="DbMigrateException"><c>NoProgressTable</c>.</exception>
    public void RefuseWithoutOwnSchema(DbTarget target, string contents, string? table = null)
    {
        const string Change = "GRANT SELECT, INSERT, UPDATE, DELETE ON";
        var role = JournalTable.Quote(User);
        var (doing, grant) = MayUseOwnSchema
            ? ($"read and change the table {table}", $"{Change} {table} TO {role};")
            : Schemas.Contains(OwnSchema.Name)
                ? ($"create tables in the schema {OwnSchema.Name}", $"GRANT USAGE, CREATE ON SCHEMA {OwnSchema.Name} TO {role}; {Change} ALL TABLES IN SCHEMA {OwnSchema.Name} TO {role};")
                : ($"create the schema {OwnSchema.Name}", $"GRANT CREATE ON DATABASE {JournalTable.Quote(Database)} TO {role};");
        if (!MayUseOwnSchema || (table is not null && DeniedOwnTables.Contains(table)))
        {
            throw new DbMigrateException(
                "NoProgressTable", ErrorKind.Permission, $"The role {User} may not {doing} on {target}, which keeps {contents}.", $"Let an owner run: {grant}") { Subject = target };
        }
    }

    /// <summary>
    /// Whether a pooler gives every transaction another server process, so that neither session locks nor settings hold. A pooler
    /// hands out a process id of its own; a second session that is served by our own process proves that ours was given away.
    /// </summary>
    private async Task<bool> IsBehindTransactionPoolerAsync(DbSession session, IEngineObserver observer, CancellationToken cancellationToken)
    {
        if (session.Connection.ProcessID == BackendPid)
        {
            return false;
        }

        await using var second = await DbSession.OpenAsync(session.Target, observer, cancellationToken);
        var other = await second.IdentifyAsync(cancellationToken);
        var again = await session.IdentifyAsync(cancellationToken);
        return other == BackendPid || other == again || again != BackendPid;
    }
}
