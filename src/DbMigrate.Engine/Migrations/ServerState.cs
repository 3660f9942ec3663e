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

    /// <summary>The process that serves us, as the server itself names it.</summary>
    public required int BackendPid { get; init; }

    /// <summary>The role may create schemas here.</summary>
    public required bool MayCreateSchema { get; init; }

    /// <summary>The schemas that exist.</summary>
    public required IReadOnlyCollection<string> Schemas { get; init; }

    /// <summary>The schemas that exist and in which the role may create tables.</summary>
    public required IReadOnlyCollection<string> SchemasToCreateIn { get; init; }

    /// <summary>The table for <see cref="MigrationProgress"/> is there or can be made.</summary>
    public required bool MayKeepProgress { get; init; }

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
                (SELECT string_agg(nspname, chr(1)) FROM pg_namespace WHERE has_schema_privilege(oid, 'CREATE')), {MigrationProgress.MayCreateColumn},
                (SELECT string_agg(nspname, chr(1)) FROM pg_namespace)
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
            MayKeepProgress = reader.GetBoolean(9),
            Schemas = reader.GetString(10).Split(Separator),
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

    /// <summary>
    /// Whether a pooler gives every transaction another server process, so that neither session locks nor settings hold. A pooler
    /// hands out a process id of its own; a second session that is served by our own process proves that ours was given away.
    /// </summary>
    public async Task<bool> IsBehindTransactionPoolerAsync(DbSession session, IEngineObserver observer, CancellationToken cancellationToken)
    {
        if (session.Connection.ProcessID == BackendPid)
        {
            return false;
        }

        await using var second = await DbSession.OpenAsync(session.Target, observer, cancellationToken);
        var other = await BackendPidAsync(second, cancellationToken);
        var again = await BackendPidAsync(session, cancellationToken);
        return other == BackendPid || other == again || again != BackendPid;
    }

    private static async Task<int> BackendPidAsync(DbSession session, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT pg_backend_pid()", session.Connection);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
