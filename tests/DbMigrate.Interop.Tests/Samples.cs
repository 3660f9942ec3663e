using DbMigrate.Testing;

namespace DbMigrate.Interop.Tests;

/// <summary>Small folders that every tool can run.</summary>
internal static class Samples
{
    /// <summary>Four migrations, one of them outside a transaction.</summary>
    public static TemporaryMigrations Shop(MigrationFormat format) => new TemporaryMigrations(format)
        .Add(1, "items", ["CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price numeric(10, 2))"], ["DROP TABLE items"])
        .Add(2, "seed", ["INSERT INTO items VALUES (1, 'a;b', 1), (2, 'it''s', 2)", "COMMENT ON TABLE items IS $x$ all; of it $x$"], ["DELETE FROM items"])
        .Add(3, "index", ["CREATE INDEX CONCURRENTLY items_name ON items (name)"], ["DROP INDEX items_name"])
        .Add(4, "function", ["CREATE FUNCTION total() RETURNS numeric LANGUAGE sql AS $$ SELECT sum(price) FROM items; $$"], ["DROP FUNCTION total()"]);
}
