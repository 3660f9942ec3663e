namespace DbMigrate.Engine.Migrations;

/// <summary>
/// The schema that is ours alone: in the application's schema Prisma would see drift or refuse to start. It is made with its first table, and is
/// gone when the last row of the last table is.
/// </summary>
internal static class OwnSchema
{
    /// <summary>Its name.</summary>
    public const string Name = "dbmigrate";

    /// <summary>Whether a table can be made there, as one column for the query that looks at the server.</summary>
    public const string MayCreateColumn =
        $"""
        coalesce((SELECT has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = '{Name}'),
            has_database_privilege(current_database(), 'CREATE'))
        """;

    /// <summary>The tables there that the role may not read and write, as one column with commas.</summary>
    public const string DeniedTablesColumn =
        $"""
        (SELECT string_agg('{Name}.' || c.relname, ',') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = '{Name}' AND c.relkind = 'r' AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
            AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')))
        """;

    /// <summary>Serializes those who make and drop tables here; the first statement of their transaction. The bytes of "dbmigrat".</summary>
    public const string Lock = "SELECT pg_advisory_xact_lock(7233464250984980852)";

    /// <summary>Makes a table where it is not. IF NOT EXISTS alone would ask for the CREATE privilege on the database even where the schema exists.</summary>
    /// <param name="table">Its name, schema included.</param>
    /// <param name="columns">What CREATE TABLE has behind the name.</param>
    /// <param name="comment">What it is for, without a quote.</param>
    public static string Create(string table, string columns, string comment) =>
        $"""
        DO $$ BEGIN
            IF to_regnamespace('{Name}') IS NULL THEN CREATE SCHEMA {Name}; END IF;
            IF to_regclass('{table}') IS NULL THEN
                CREATE TABLE {table} {columns};
                COMMENT ON TABLE {table} IS 'DbMigrate: {comment}';
            END IF;
        END $$
        """;

    /// <summary>Drops a table that has no row left, and the schema with the last table.</summary>
    public static string DropEmpty(string table) =>
        $"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM {table}) THEN
                DROP TABLE {table};
                BEGIN
                    DROP SCHEMA {Name};
                EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
                    NULL;  -- another table of ours lives there, or another role made it
                END;
            END IF;
        EXCEPTION WHEN insufficient_privilege THEN
            NULL;  -- another role made the table
        END $$
        """;
}
