using DbMigrate.Engine.Formats;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats;

/// <summary>What is true of every journal's table.</summary>
public sealed class JournalTableShapeTests
{
    [Theory]
    [InlineData(MigrationFormat.Sqlx, "_sqlx_migrations", "version bigint!,description text!,installed_on timestamp with time zone!=now(),"
        + "success boolean!,checksum bytea!,execution_time bigint!")]
    [InlineData(MigrationFormat.GolangMigrate, "schema_migrations", "version bigint!,dirty boolean!")]
    [InlineData(MigrationFormat.Prisma, "_prisma_migrations", "id character varying(36)!,checksum character varying(64)!,"
        + "finished_at timestamp with time zone,migration_name character varying(255)!,logs text,rolled_back_at timestamp with time zone,"
        + "started_at timestamp with time zone!=now(),applied_steps_count integer!=0")]
    public async Task Is_made_as_the_tool_makes_it(MigrationFormat format, string name, string columns)
    {
        var database = await JournalDatabase.NewAsync(FormatFor.EmptyFolder(format));
        await database.SendAsync(database.Journal.Create);

        Assert.Equal(
            columns,
            await database.Target.ScalarAsync<string>(
                $"""
                SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN '!' ELSE '' END
                    || coalesce('=' || pg_get_expr(adbin, adrelid), ''), ',' ORDER BY attnum)
                FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
                WHERE attrelid = 'public.{name}'::regclass AND attnum > 0
                """));
        Assert.Equal(
            $"{name}_pkey",
            await database.Target.ScalarAsync<string>(
                $"SELECT conname::text FROM pg_constraint WHERE conrelid = 'public.{name}'::regclass"));
        Assert.Equal(
            columns.Split(',').Select(c => c.Split('=')[0].TrimEnd('!')).Order(),
            database.Journal.Columns.Select(c => $"{c.Key} {c.Value}").Order());
        Assert.Empty(await database.ReadAsync());
    }

    [Theory]
    [InlineData(MigrationFormat.Sqlx)]
    [InlineData(MigrationFormat.GolangMigrate)]
    [InlineData(MigrationFormat.Prisma)]
    public async Task May_have_any_name_and_a_script_cannot_redirect_it(MigrationFormat format)
    {
        using var files = new TempFolder()
            .With("1_a.up.sql", "SET LOCAL search_path = ''").With("1_a.down.sql", "SET LOCAL search_path = ''")
            .With("20240101000000_a/migration.sql", "SET LOCAL search_path = ''")
            .With("20240101000000_a/down.sql", "SET LOCAL search_path = ''");
        var folder = format.Read(files);
        var database = await JournalDatabase.NewAsync(
            folder, new JournalTable("my \"own\" schema", "it's a \"table\""), setUp: "CREATE SCHEMA \"my \"\"own\"\" schema\"");

        await database.ApplyAsync(folder.Migrations[0]);
        Assert.Equal(MigrationState.Applied, Assert.Single(await database.ReadAsync()).State);
        await database.UndoAsync(folder.Migrations[0]);
        Assert.DoesNotContain(await database.ReadAsync(), r => r.State == MigrationState.Applied);
    }

    [Theory]
    [InlineData(MigrationFormat.Sqlx)]
    [InlineData(MigrationFormat.GolangMigrate)]
    [InlineData(MigrationFormat.Prisma)]
    public async Task Columns_of_others_are_tolerated(MigrationFormat format)
    {
        using var files = new TempFolder().With("1_a.up.sql").With("1_a.down.sql").With("20240101000000_a/migration.sql");
        var folder = format.Read(files);
        var database = await JournalDatabase.NewAsync(folder);
        await database.Target.RunAsync($"ALTER TABLE {database.Journal.Table} ADD who text DEFAULT current_user");
        await database.ApplyAsync(folder.Migrations[0]);
        await database.UndoAsync(folder.Migrations[0]);
        await database.ApplyAsync(folder.Migrations[0]);
        Assert.Contains(await database.ReadAsync(), r => r.State == MigrationState.Applied);
    }

    [Fact]
    public async Task A_schema_is_created_only_where_it_is_not()
    {
        const string Name = "it's \\ a $dbmigrate$ \"schema\"";
        var target = await SandboxFixture.NewDatabaseAsync();
        var command = SqlCommandText.CreateSchema(Name);
        await target.RunAsync(command.Text, "CREATE ROLE pauper_" + target.Database);
        Assert.Equal(
            1,
            await target.ScalarAsync<long>("SELECT count(*) FROM pg_namespace WHERE nspname = E'it''s \\\\ a $dbmigrate$ \"schema\"'"));

        // Without the privilege to create one.
        await target.RunAsync("SET ROLE pauper_" + target.Database, command.Text);
    }
}
