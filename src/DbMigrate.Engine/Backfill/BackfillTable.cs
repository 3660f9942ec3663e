using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Sql;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Engine.Backfill;

/// <summary>The table as the catalogue has it.</summary>
internal sealed record BackfillTable
{
    /// <summary>Smaller numbers are those of the server's own tables (FirstNormalObjectId).</summary>
    private const uint FirstOwnOid = 16384;

    /// <summary>Its number in pg_class: a table that was dropped and made anew has another one.</summary>
    public required uint Oid { get; init; }

    /// <summary>Schema and name, both quoted.</summary>
    public required string Name { get; init; }

    /// <summary>The same for people: quoted only where needed.</summary>
    public required string DisplayName { get; init; }

    /// <summary>pg_class.relkind: r, p, v, m, f.</summary>
    public required char Kind { get; init; }

    /// <summary>Other tables inherit from it.</summary>
    public required bool HasChildren { get; init; }

    /// <summary>Rows by the server's statistics, of all partitions; null when it has none.</summary>
    public required long? EstimatedRows { get; init; }

    /// <summary>Its pages.</summary>
    public required long Pages { get; init; }

    /// <summary>The role may read it and change at least some of its columns.</summary>
    public required bool MayUpdate { get; init; }

    /// <summary>The role may alter it.</summary>
    public required bool IsOwner { get; init; }

    /// <summary>Triggers that fire for each changed row, of the table or a partition, quoted where needed.</summary>
    public required string? Triggers { get; init; }

    /// <summary>The columns to walk by; null when no index has only columns that cannot be NULL.</summary>
    public required string[]? KeyColumns { get; init; }

    /// <summary>They are the primary key.</summary>
    public required bool KeyIsPrimary { get; init; }

    /// <summary>How it stands in FROM and UPDATE. Tables that inherit are no part of it, partitions are.</summary>
    public string From => Kind == 'p' ? Name : "ONLY " + Name;

    /// <summary>Looks the table up.</summary>
    /// <exception cref="DbMigrateException"><c>InvalidTableName</c>, <c>TableNotFound</c>, <c>NotATable</c>, <c>NoWritePrivilege</c>.</exception>
    public static async Task<BackfillTable> ReadAsync(DbSession session, BackfillOptions options, CancellationToken cancellationToken)
    {
        var quoted = Quote(options);

        // All indexed columns NOT NULL (from PostgreSQL 18 that may be promised for new rows only, NOT VALID), ascending, in the order and collation that plain comparisons have: then the walk is one index scan.
        var rows = await new SqlBuilder().Add(
            """
            SELECT c.oid::bigint, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind::text, EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid),
                CASE WHEN c.relkind = 'p'
                    THEN (SELECT sum(l.reltuples) FROM pg_partition_tree(c.oid) p JOIN pg_class l ON l.oid = p.relid WHERE p.isleaf)
                    ELSE c.reltuples END::float8,
                coalesce(pg_relation_size(c.oid), 0) / current_setting('block_size')::bigint,
                has_any_column_privilege(c.oid, 'SELECT') AND has_any_column_privilege(c.oid, 'UPDATE'), pg_has_role(c.relowner, 'USAGE'),
                (WITH RECURSIVE tree (oid) AS (SELECT c.oid UNION SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid)
                 SELECT string_agg(DISTINCT quote_ident(tgname), ', ') FROM pg_trigger
                 WHERE tgrelid IN (SELECT oid FROM tree) AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & 17 = 17),
                key.columns, key.indisprimary, current_user::text, n.nspname::text, c.relname::text
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN LATERAL (
                SELECT i.indisprimary, json_agg(a.attname ORDER BY k.n)::text AS columns
                FROM pg_index i CROSS JOIN generate_series(1, i.indnkeyatts::int) AS k (n)
                LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[k.n - 1]
                LEFT JOIN pg_opclass o ON o.oid = i.indclass[k.n - 1]
                WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
                GROUP BY i.indexrelid, i.indisprimary
                HAVING bool_and(a.attnotnull AND NOT EXISTS (
                        SELECT FROM pg_constraint unproved WHERE unproved.conrelid = c.oid AND unproved.contype = 'n' AND unproved.conkey = ARRAY[a.attnum] AND NOT unproved.convalidated)
                    AND i.indoption[k.n - 1] = 0 AND i.indcollation[k.n - 1] = a.attcollation AND o.opcdefault)
                ORDER BY i.indisprimary DESC, count(*), i.indexrelid LIMIT 1) AS key ON true
            WHERE c.oid = to_regclass(
            """).Value(quoted).Add("::text)").QueryAsync(session.Connection, cancellationToken);
        if (rows is not [var row])
        {
            throw new DbMigrateException(
                "TableNotFound",
                ErrorKind.NotFound,
                $"There is no table {quoted} in {session.Target}.",
                "Check name and schema; without a schema, search_path decides. Capitals need double quotes.") { Subject = quoted };
        }

        var table = new BackfillTable
        {
            Oid = (uint)(long)row[0]!,
            DisplayName = (string)row[1]!,
            Kind = ((string)row[2]!)[0],
            HasChildren = (bool)row[3]!,
            EstimatedRows = row[4] is double and > 0 ? (long)(double)row[4]! : null,
            Pages = (long)row[5]!,
            MayUpdate = (bool)row[6]!,
            IsOwner = (bool)row[7]!,
            Triggers = (string?)row[8],
            KeyColumns = WalkPosition.Parse(row[9]),
            KeyIsPrimary = row[10] is true,
            Name = JournalTable.Quote((string)row[12]!) + "." + JournalTable.Quote((string)row[13]!),
        };
        table.RefuseUnsuitable(session, (string)row[11]!);
        return table;
    }

    /// <summary>The table's name as SQL writes it, whatever it is made of.</summary>
    public static string Quote(BackfillOptions options)
    {
        var name = Parse(options);
        return (name.Schema is null ? "" : JournalTable.Quote(name.Schema) + ".") + JournalTable.Quote(name.Name);
    }

    private static SqlName Parse(BackfillOptions options)
    {
        if (options.Schema is not null)
        {
            return new SqlName(options.Schema, options.Table);
        }

        var cursor = new TokenCursor(options.Table);
        return cursor.Name() is { } name && cursor.Token.Kind == SqlTokenKind.None
            ? name
            : throw new DbMigrateException(
                "InvalidTableName",
                ErrorKind.InvalidArgument,
                $"'{options.Table}' does not name a table.",
                "Write table or schema.table; put a part with blanks, capitals or signs in double quotes.") { Subject = options.Table };
    }

    private void RefuseUnsuitable(DbSession session, string user)
    {
        var why = Kind switch
        {
            _ when Oid < FirstOwnOid => "belongs to the server itself",
            'r' when HasChildren => "has tables that inherit from it",
            'r' => null,
            'p' when KeyColumns is null => "is partitioned and has no primary key",
            'p' => null,
            'f' => "is a foreign table",
            _ => "is not a table",
        };
        if (why is not null)
        {
            throw new DbMigrateException(
                "NotATable",
                ErrorKind.InvalidArgument,
                $"{DisplayName} in {session.Target} {why}, and cannot be walked in batches.",
                Kind is 'r' or 'p' && Oid >= FirstOwnOid ? "Run the backfill on each of its child tables." : "Name the table that holds the rows.") { Subject = DisplayName };
        }

        if (!MayUpdate)
        {
            throw new DbMigrateException(
                "NoWritePrivilege",
                ErrorKind.Permission,
                $"The role {user} may not read and change {DisplayName} on {session.Target}.",
                $"Let an owner run: GRANT SELECT, UPDATE ON {DisplayName} TO {JournalTable.Quote(user)};") { Subject = DisplayName };
        }
    }
}
