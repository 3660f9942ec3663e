using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Formats.EfCore;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.EfCore;

public class EfCoreJournalTests
{
    private static readonly Migration s_migration = new() { Version = "20240101000000_A", Name = "A", ProductVersion = "10.0.0" };

    internal static IMigrationJournal Journal(MigrationFolder folder, JournalTable? table = null) => new EfCoreFormat().Journal(
        folder, table, new DbTarget("") { Host = "localhost", Port = 5432, Database = "app", Source = "test" });

    private static IMigrationJournal Default() => Journal(new MigrationFolder { Format = MigrationFormat.EfCore, Path = "/x", Migrations = [] });

    private static JournalRow Row(string id) => new() { Version = id, State = MigrationState.Applied };

    [Fact]
    public void The_tool_keeps_ids_and_nothing_else()
    {
        var journal = Default();

        Assert.Equal(new JournalTable(null, "__EFMigrationsHistory"), journal.Table);
        Assert.Equal("character varying(150)", journal.Columns["MigrationId"]);
        Assert.Equal("character varying(32)", journal.Columns["ProductVersion"]);
        Assert.True(journal.AppliesOutOfOrder);
        Assert.False(journal.RefusesMissing);
        Assert.Empty(journal.SessionSettings);
        Assert.True(journal.VersionComparer.Equals("20240101000000_a", "20240101000000_A"));
        Assert.True(journal.ChecksumMatches(Row("x"), s_migration));
    }

    [Fact]
    public void A_named_table_wins_over_that_of_the_script()
    {
        var folder = EfCoreSamples.Read(EfCoreSamples.PathOf("ef10/idempotent-custom-table-schema.sql"));

        Assert.Equal(new JournalTable("infra", "__ef_history"), Journal(folder).Table);
        Assert.Equal(new JournalTable("s", "t"), Journal(folder, new JournalTable("s", "t")).Table);
    }

    [Fact]
    public void The_row_goes_in_first_and_is_put_back_only_where_the_script_touches_the_table()
    {
        var journal = Default().Resolved("app");
        var commands = journal.Apply(s_migration, []);

        var insert = Assert.Single(commands.Before);
        Assert.Equal("INSERT INTO \"app\".\"__EFMigrationsHistory\" (\"MigrationId\", \"ProductVersion\") VALUES ($1, $2)", insert.Text);
        Assert.Equal(["20240101000000_A", "10.0.0"], insert.Parameters);
        Assert.Empty(commands.After);
        Assert.Empty(commands.Started);
        Assert.Equal(insert.Text, Assert.Single(commands.Finished).Text);
        Assert.Empty(commands.Failed("x"));
    }

    [Fact]
    public void Undoing_deletes_the_row_as_it_is_spelled()
    {
        var commands = Default().Undo("20240101000000_A", [Row("20230101000000_Z"), Row("20240101000000_a")]);

        Assert.Equal("DELETE FROM \"__EFMigrationsHistory\" WHERE \"MigrationId\" = $1", Assert.Single(commands.Finished).Text);
        Assert.Equal(["20240101000000_a"], commands.Before[0].Parameters);
        Assert.Equal(["20240101000000_a"], commands.Finished[0].Parameters);
    }

    [Fact]
    public void Marking_follows_what_is_recorded()
    {
        var journal = Default();
        Assert.StartsWith("INSERT", Assert.Single(journal.MarkApplied(s_migration, [Row("other")])).Text, StringComparison.Ordinal);
        Assert.Equal("AlreadyApplied", Assert.Throws<DbMigrateException>(() => journal.MarkApplied(s_migration, [Row("20240101000000_a")])).Id);
        Assert.Equal(["20240101000000_a"], Assert.Single(journal.MarkRolledBack(s_migration.Version, [Row("20240101000000_a")])).Parameters);
        Assert.Equal("NotApplied", Assert.Throws<DbMigrateException>(() => journal.MarkRolledBack("x", [])).Id);
        Assert.Equal("ForceNotSupported", Assert.Throws<DbMigrateException>(() => journal.Force("1")).Id);
    }

    [Theory]
    [InlineData("app", "public", -6670157205921364772L)]
    [InlineData("app", "other", -403814385584722227L)]
    [InlineData("App", "public", 5785001357387024280L)]
    public void Lock_keys_are_the_same_for_ever(string database, string schema, long key) =>
        Assert.Equal([key], Default().Resolved(schema).LockKeys(database));

    [Fact]
    public async Task The_table_is_made_as_EF_Core_makes_it_and_read_with_rows_of_others()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        var journal = Default().Resolved("public");
        await target.RunAsync([.. journal.Create.Select(c => c.Text), .. journal.Create.Select(c => c.Text)]);
        await target.RunAsync("INSERT INTO \"__EFMigrationsHistory\" VALUES ('20991231000000_FromOtherTool', 'mytool 1.0'), ('20240101000000_a', '8.0.0'), ('odd', '')");

        var columns = await target.RowsAsync(
            "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = '\"__EFMigrationsHistory\"'::regclass AND attnum > 0 ORDER BY attnum");
        Assert.Equal([["MigrationId", "character varying(150)", true], ["ProductVersion", "character varying(32)", true]], columns);
        Assert.Equal("PRIMARY KEY (\"MigrationId\")", await target.ScalarAsync<string>(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'PK___EFMigrationsHistory'"));

        await using var connection = await target.ConnectAsync();
        var rows = await journal.ReadAsync(connection, CancellationToken.None);
        Assert.Equal(["20240101000000_a", "20991231000000_FromOtherTool", "odd"], rows.Select(r => r.Version));
        Assert.Equal(["a", "FromOtherTool", "odd"], rows.Select(r => r.Name));
        Assert.All(rows, r => Assert.Equal(MigrationState.Applied, r.State));
    }

    [Fact]
    public async Task A_schema_of_its_own_is_made_and_needs_no_privilege_once_it_is_there()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        var journal = Journal(EfCoreSamples.Read(EfCoreSamples.PathOf("ef10/idempotent-custom-table-schema.sql")), new JournalTable("it's \"x\"", "T"));
        await target.RunAsync([.. journal.Create.Select(c => c.Text)]);
        await target.RunAsync([.. journal.Create.Select(c => c.Text).Prepend("SET ROLE pg_monitor").SkipLast(1)]);

        Assert.Equal("PK_T", await target.ScalarAsync<string>("SELECT conname::text FROM pg_constraint WHERE connamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'it''s \"x\"')"));
    }

    [Fact]
    public async Task The_slower_of_two_runners_fails_before_it_does_anything()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        var journal = Default().Resolved("public");
        await target.RunAsync([.. journal.Create.Select(c => c.Text)]);
        await using var connection = await target.ConnectAsync();
        var insert = journal.Apply(s_migration, []).Before[0];
        await RunAsync(connection, insert);

        var error = await Assert.ThrowsAsync<PostgresException>(() => RunAsync(connection, insert));

        Assert.Equal(PostgresErrorCodes.UniqueViolation, error.SqlState);
    }

    private static async Task RunAsync(NpgsqlConnection connection, SqlCommandText text)
    {
        await using var command = new NpgsqlCommand(text.Text, connection);
        command.Parameters.AddRange(text.Parameters.Select(p => new NpgsqlParameter { Value = p }).ToArray());
        await command.ExecuteNonQueryAsync();
    }
}
