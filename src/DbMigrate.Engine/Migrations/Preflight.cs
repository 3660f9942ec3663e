using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Engine.Migrations;

/// <summary>Looks before anything is written: are we where we think we are, and may we do what we are about to do?</summary>
internal sealed class Preflight
{
    private readonly DbSession _session;
    private readonly MigrationFormat _format;
    private readonly bool _schemaIsGiven;
    private readonly IEngineObserver _observer;
    private bool _toldOfOthers;

    public Preflight(DbSession session, MigrationFormat format, IMigrationJournal journal, ServerState state, IEngineObserver observer)
    {
        _session = session;
        _format = format;
        _observer = observer;
        State = state;
        _schemaIsGiven = journal.Table.Schema is not null || session.Target.Schema is not null;

        // From here on the table has a schema, so that no script can redirect the journal by changing search_path.
        var visible = state.Tables.FirstOrDefault(t => t.IsVisible && t.Table.Name == journal.Table.Name)?.Table.Schema;
        Journal = journal.Table.Schema is null && (visible ?? state.CurrentSchema) is { } schema ? journal.Resolved(schema) : journal;
    }

    /// <summary>The journal with its schema.</summary>
    public IMigrationJournal Journal { get; }

    /// <summary>What the server said last.</summary>
    public ServerState State { get; set; }

    /// <summary>The tracking table; null when it is not there yet.</summary>
    /// <exception cref="DbMigrateException"><c>ForeignTable</c>, <c>NoReadPrivilege</c>, <c>NoSchema</c>.</exception>
    public TrackingTable? FindTable()
    {
        if (Journal.Table.Schema is null)
        {
            throw new DbMigrateException(
                "NoSchema",
                ErrorKind.NotFound,
                $"No schema of search_path exists in {_session.Target}, so there is no place for the table {Journal.Table.Name}.",
                "Name the schema in the address (?schema=app), or create it.") { Subject = _session.Target };
        }

        var table = State.Tables.FirstOrDefault(t => t.Table == Journal.Table);
        if (table is null)
        {
            if (!_schemaIsGiven && !_toldOfOthers && OtherSchemas() is { Count: > 0 } others)
            {
                _toldOfOthers = true;
                _observer.Message(MessageLevel.Warning, $"There is no {Journal.Table}, but {string.Join(", ", others)}. Is this the right schema?");
            }

            return null;
        }

        var wrong = Journal.Columns.FirstOrDefault(c => !table.Columns.TryGetValue(c.Key, out var type) || !IsSameType(type, c.Value));
        if (wrong.Key is not null)
        {
            var has = table.Columns.TryGetValue(wrong.Key, out var type) ? $"its column {wrong.Key} is {type}, not {wrong.Value}" : $"it has no column {wrong.Key}";
            throw new DbMigrateException(
                "ForeignTable",
                ErrorKind.InvalidState,
                $"The table {Journal.Table} in {_session.Target} is not {_format}'s: {has}. It belongs to another tool.",
                "Check database and schema, or name the right table with -JournalTable (--journal-table).") { Subject = Journal.Table.ToString() };
        }

        if (!table.MayRead)
        {
            throw NoPrivilege("NoReadPrivilege", $"may not read {Journal.Table}", $"GRANT SELECT ON {Journal.Table} TO {Formats.JournalTable.Quote(State.User)};");
        }

        return table;
    }

    /// <summary>Says what stands in the way of writing.</summary>
    /// <exception cref="DbMigrateException">
    /// <c>Standby</c>, <c>ReadOnly</c>, <c>TransactionPooler</c>, <c>JournalInOtherSchema</c>, <c>OtherTool</c>, <c>NoWritePrivilege</c>, <c>NoCreatePrivilege</c>.
    /// </exception>
    public async Task RefuseUnwritableAsync(RunOptions options, CancellationToken cancellationToken)
    {
        await State.RefuseUnwritableAsync(_session, _observer, cancellationToken);
        if (FindTable() is { } table)
        {
            if (!table.MayWrite)
            {
                throw NoPrivilege("NoWritePrivilege", $"may not write to {table.Table}", $"GRANT INSERT, UPDATE, DELETE ON {table.Table} TO {Formats.JournalTable.Quote(State.User)};");
            }

            return;
        }

        if (!options.AllowOtherTool)
        {
            RefuseOtherTable();
        }

        if (State.Schemas.Contains(Journal.Table.Schema) ? !State.SchemasToCreateIn.Contains(Journal.Table.Schema) : !State.MayCreateSchema)
        {
            var schema = Formats.JournalTable.Quote(Journal.Table.Schema!);
            throw NoPrivilege("NoCreatePrivilege", $"may not create the table {Journal.Table}", $"GRANT CREATE ON SCHEMA {schema} TO {Formats.JournalTable.Quote(State.User)};");
        }
    }

    /// <summary>A migration outside a transaction needs a place to keep its progress.</summary>
    /// <exception cref="DbMigrateException"><c>NoProgressTable</c>.</exception>
    public void RefuseWithoutProgressTable()
    {
        if (!State.HasProgress)
        {
            State.RefuseWithoutOwnSchema(_session.Target, "the progress of migrations that run outside a transaction");
        }
    }

    /// <summary>PostgreSQL 14.0 to 14.3 build corrupt indexes concurrently (release notes of 14.4).</summary>
    /// <exception cref="DbMigrateException"><c>ConcurrentBuildCorrupts</c>.</exception>
    public static void RefuseConcurrentBuild(Version server, string place)
    {
        if (server is { Major: 14, Minor: < 4 })
        {
            throw new DbMigrateException(
                "ConcurrentBuildCorrupts",
                ErrorKind.InvalidState,
                $"{place}: PostgreSQL {server.Major}.{server.Minor} may leave rows out of an index that is built concurrently while others write.",
                "Update the server to 14.4 or later (a minor update), or build the index without CONCURRENTLY in a window.");
        }
    }

    private void RefuseOtherTable()
    {
        if (!_schemaIsGiven && OtherSchemas() is { Count: > 0 } elsewhere)
        {
            throw new DbMigrateException(
                "JournalInOtherSchema",
                ErrorKind.InvalidState,
                $"{_session.Target} has {string.Join(", ", elsewhere)}, but search_path leads to the schema {Journal.Table.Schema}: every migration would run again there.",
                $"Name the schema in the address (?schema={elsewhere[0].Schema}) or with -JournalTable (--journal-table); -AllowOtherTool (--allow-other-tool) starts anew in {Journal.Table.Schema}.")
            { Subject = _session.Target };
        }

        if (State.Tables.FirstOrDefault(t => t.IsVisible && t.Table.Name != Journal.Table.Name) is { } other)
        {
            throw new DbMigrateException(
                "OtherTool",
                ErrorKind.InvalidState,
                $"{_session.Target} has the tracking table {other.Table} of another tool, and no {Journal.Table}.",
                "Check folder and database. If both tools are to share the database, give -AllowOtherTool (--allow-other-tool).") { Subject = _session.Target };
        }
    }

    private List<JournalTable> OtherSchemas() => State.Tables
        .Where(t => t.Table.Name == Journal.Table.Name && t.Table != Journal.Table && Journal.Columns.Keys.All(t.Columns.ContainsKey))
        .Select(t => t.Table).ToList();

    private DbMigrateException NoPrivilege(string id, string lacks, string grant) =>
        new(id, ErrorKind.Permission, $"The role {State.User} {lacks} on {_session.Target}.", $"Let an owner run: {grant}") { Subject = _session.Target };

    /// <summary>text and varchar hold the same, of whichever length; some tables were made by hand.</summary>
    private static bool IsSameType(string actual, string expected)
    {
        var (a, b) = (WithoutLength(actual), WithoutLength(expected));
        return a == b || (IsText(a) && IsText(b));
    }

    private static string WithoutLength(string type) => type.Split('(')[0];

    private static bool IsText(string type) => type is "text" or "character varying";
}
