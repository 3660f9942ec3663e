using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Formats.GolangMigrate;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.GolangMigrate;

public sealed class GolangMigrateOptionsTests
{
    [Theory]
    [InlineData(null, null, null, "schema_migrations")]
    [InlineData("", null, null, "schema_migrations")]
    [InlineData("my_migrations", null, null, "my_migrations")]
    [InlineData("a.b", null, null, "a.b")]
    [InlineData("\"a\".\"b\"", "false", null, "\"a\".\"b\"")]
    [InlineData("\"migrate\".\"schema_migrations\"", "true", "migrate", "schema_migrations")]
    [InlineData("\"My Table\"", "1", null, "My Table")]
    [InlineData("\"a\"\"b\"", "T", "a", "b")]
    public void Table(string? table, string? quoted, string? schema, string name) =>
        Assert.Equal(new JournalTable(schema, name), Parse(table, quoted).Table);

    [Theory]
    [InlineData(null, "true")]
    [InlineData("", "true")]
    [InlineData("schema_migrations", "true")]
    [InlineData("\"", "true")]
    [InlineData("\"\"", "true")]
    [InlineData("\"a\".\"b\".\"c\"", "true")]
    [InlineData("\"a\"", "yes")]
    public void Table_is_refused(string? table, string quoted) =>
        Assert.Equal("InvalidToolOption", Assert.Throws<DbMigrateException>(() => Parse(table, quoted)).Id);

    [Theory]
    [InlineData("true", true)]
    [InlineData("f", false)]
    [InlineData(null, false)]
    public void Multi_statement_runs_outside_a_transaction(string? value, bool expected)
    {
        using var folder = new TempFolder().With("1_a.up.sql").With("1_a.down.sql");
        var options = new Dictionary<string, string>();
        if (value is not null)
        {
            options["x-multi-statement"] = value;
        }

        var migration = MigrationFormats.Of(MigrationFormat.GolangMigrate).Read(folder.Path, options).Migrations[0];
        Assert.Equal((expected, expected), (migration.Up!.NoTransaction, migration.Down!.NoTransaction));
    }

    [Fact]
    public void A_lock_table_is_told()
    {
        using var folder = new TempFolder();
        var read = MigrationFormats.Of(MigrationFormat.GolangMigrate)
            .Read(folder.Path, new Dictionary<string, string> { ["x-lock-strategy"] = "table" });
        Assert.Contains("x-lock-strategy", Assert.Single(read.Warnings), StringComparison.Ordinal);
    }

    private static GolangMigrateOptions Parse(string? table, string? quoted)
    {
        var options = new Dictionary<string, string>();
        if (table is not null)
        {
            options["x-migrations-table"] = table;
        }

        if (quoted is not null)
        {
            options["x-migrations-table-quoted"] = quoted;
        }

        return GolangMigrateOptions.Parse(options);
    }
}
