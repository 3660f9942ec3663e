using System.Text;
using System.Text.RegularExpressions;
using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Dumps;

/// <summary>A table that <c>pg_dump</c> takes: no system table, and none that an extension makes by itself.</summary>
/// <param name="Oid">Its object identifier.</param>
/// <param name="Parent">The partitioned table that it is a partition of; 0 for none.</param>
/// <param name="Schema">Its schema's exact name.</param>
/// <param name="Name">Its exact name.</param>
/// <param name="Size">Bytes with TOAST, as VACUUM or ANALYZE counted last; asking anew would wait for locks.</param>
internal sealed partial record DumpTable(long Oid, long Parent, string Schema, string Name, long Size)
{
    /// <summary>As <c>pg_dump</c> writes it to its log, without quotes.</summary>
    public string LogName => $"{Schema}.{Name}";

    /// <summary>As a pattern of <c>pg_dump</c> that fits nothing else (manual, psql, Patterns).</summary>
    public string Pattern => $"{JournalTable.Quote(Schema)}.{JournalTable.Quote(Name)}";

    /// <summary>All tables of a database.</summary>
    public static async Task<IReadOnlyList<DumpTable>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT c.oid::bigint, coalesce((SELECT inhparent::bigint FROM pg_catalog.pg_inherits WHERE inhrelid = c.oid AND c.relispartition), 0), n.nspname::text,
                c.relname::text, (greatest(c.relpages, 0)::bigint + greatest(coalesce(t.relpages, 0), 0)) * current_setting('block_size')::bigint
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
            WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_depend
                WHERE classid = 'pg_catalog.pg_class'::regclass AND objid = c.oid AND refclassid = 'pg_catalog.pg_extension'::regclass AND deptype = 'e')
            ORDER BY n.nspname, c.relname
            """,
            connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tables = new List<DumpTable>();
        while (await reader.ReadAsync(cancellationToken))
        {
            tables.Add(new DumpTable(reader.GetInt64(0), reader.GetInt64(1), reader.GetString(2), reader.GetString(3), reader.GetInt64(4)));
        }

        return tables;
    }

    /// <summary>Those that are asked for.</summary>
    /// <exception cref="DbMigrateException"><c>TableNotFound</c>, <c>SchemaNotFound</c>.</exception>
    public static async Task<IReadOnlyList<DumpTable>> SelectAsync(DbSession session, DumpOptions options, CancellationToken cancellationToken)
    {
        var selected = await ReadAsync(session.Connection, cancellationToken);
        foreach (var schema in options.Schemas)
        {
            await using var command = new NpgsqlCommand("SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1", session.Connection);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = schema });
            if (await command.ExecuteScalarAsync(cancellationToken) is 0L)
            {
                throw new DbMigrateException(
                    "SchemaNotFound",
                    ErrorKind.NotFound,
                    $"There is no schema '{schema}' in {session.Target}.",
                    "Give the schema's exact name, without quotes.") { Subject = schema };
            }
        }

        if (options.Schemas.Count > 0)
        {
            selected = [.. selected.Where(t => options.Schemas.Contains(t.Schema, StringComparer.Ordinal))];
        }

        return options.Tables.Count == 0 ? selected : Named(selected, options.Tables);
    }

    private static List<DumpTable> Named(IReadOnlyList<DumpTable> tables, IReadOnlyList<string> patterns)
    {
        var named = new HashSet<long>();
        foreach (var pattern in patterns)
        {
            var (schema, name) = Read(pattern);
            var fitting = tables.Where(t => (schema is null || schema.IsMatch(t.Schema)) && name.IsMatch(t.Name)).Select(t => t.Oid).ToList();
            if (fitting.Count == 0)
            {
                throw NotFound(pattern);
            }

            named.UnionWith(fitting);
        }

        // A partitioned table without its partitions would be a dump without rows.
        while (tables.Where(t => named.Contains(t.Parent) && !named.Contains(t.Oid)).Select(t => t.Oid).ToList() is { Count: > 0 } partitions)
        {
            named.UnionWith(partitions);
        }

        return [.. tables.Where(t => named.Contains(t.Oid))];
    }

    private static (Regex? Schema, Regex Name) Read(string pattern)
    {
        var match = Form().Match(pattern.Trim());
        return !match.Success ? throw NotFound(pattern)
            : (match.Groups["schema"] is { Success: true } schema ? Expression(schema.Value) : null, Expression(match.Groups["name"].Value));
    }

    private static Regex Expression(string part)
    {
        var text = new StringBuilder();
        if (part[0] == '"')
        {
            text.Append(Regex.Escape(part[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal)));
        }
        else
        {
            text.Append(Regex.Escape(part.ToLowerInvariant()).Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal));
        }

        return new Regex($@"\A{text}\z", RegexOptions.Singleline | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
    }

    private static DbMigrateException NotFound(string pattern) => new(
        "TableNotFound",
        ErrorKind.NotFound,
        $"No table fits '{pattern}'.",
        "Write table or schema.table as in SQL, in double quotes where it has capitals or blanks; * stands for any text. Get-DbTableSize (dbmigrate sizes) lists them.")
    { Subject = pattern };

    [GeneratedRegex("""^((?<schema>"([^"]|"")+"|[^".\s]+)\.)?(?<name>"([^"]|"")+"|[^".\s]+)$""")]
    private static partial Regex Form();
}
