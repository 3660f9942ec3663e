using DbMigrate.Engine.Formats;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.Sqlx;

public sealed class SqlxJournalTests : IDisposable
{
    private const string Checksum = "3fe175e6046ef43f222e00f4e37eb3334e080326914e01e81c3002088a2d0ead3325ebc38815da90fe87a4f23f2f933a";

    private readonly TempFolder _files = new TempFolder()
        .With("0001_create_a.up.sql", "CREATE TABLE a (id INT);\n").With("0001_create_a.down.sql", "DROP TABLE a;")
        .With("0002_bad.sql", "CREATE TABLE b (id INT);\nCREATE TABL c;\n");

    private readonly MigrationFolder _folder;

    public SqlxJournalTests() => _folder = MigrationFormat.Sqlx.Read(_files);

    private Migration First => _folder.Migrations[0];

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Applying_leaves_the_row_that_SQLx_leaves()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await database.ApplyAsync(First);

        var row = Assert.Single(await database.Target.RowsAsync(
            "SELECT version, description, success, encode(checksum, 'hex'), execution_time, now() - installed_on < interval '1 min' "
            + "FROM _sqlx_migrations"));
        Assert.Equal([1L, "create a", true, Checksum], row[..4]);
        Assert.InRange((long)row[4]!, 1, 60_000_000_000);
        Assert.True((bool)row[5]!);

        var read = Assert.Single(await database.ReadAsync());
        Assert.Equal(("1", MigrationState.Applied, "create a", Checksum), (read.Version, read.State, read.Name, read.Checksum));
        Assert.Equal((long)row[4]! / 100, read.Duration!.Value.Ticks);
        Assert.True(database.Journal.ChecksumMatches(read, First));
        Assert.False(database.Journal.ChecksumMatches(read, First with { Checksum = new string('0', 96) }));
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_nothing()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await database.ApplyAsync(First);
        await Assert.ThrowsAsync<PostgresException>(() => database.ApplyAsync(_folder.Migrations[1]));
        Assert.Equal(["1"], (await database.ReadAsync()).Select(r => r.Version));
        Assert.Null(await database.Target.ScalarAsync<string>("SELECT to_regclass('b')::text"));
    }

    [Fact]
    public async Task Undoing_removes_the_row()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await database.ApplyAsync(First);
        await database.UndoAsync(First);
        Assert.Empty(await database.ReadAsync());
        Assert.Null(await database.Target.ScalarAsync<string>("SELECT to_regclass('a')::text"));
    }

    [Fact]
    public async Task The_slower_of_two_runners_fails()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        Assert.Equal("23505", await database.RaceAsync(() => database.Journal.Apply(First, [])));
        Assert.Equal("23505", await database.LateAsync(database.Journal.Apply(First, [])));
        Assert.Equal("23505", await database.RaceAsync(() => database.Journal.Undo("1", [])));
        Assert.Equal("23505", await database.LateAsync(database.Journal.Undo("1", [])));
    }

    [Fact]
    public async Task Outside_a_transaction_the_row_comes_last()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await database.OutsideAsync(database.Journal.Apply(First, []), async () => Assert.Empty(await database.ReadAsync()), "failed");
        Assert.Empty(await database.ReadAsync());
        await database.OutsideAsync(database.Journal.Apply(First, []), async () => Assert.Empty(await database.ReadAsync()));
        var row = Assert.Single(await database.ReadAsync());
        Assert.Null(row.Duration);
        Assert.Equal(-1, await database.Target.ScalarAsync<long>("SELECT execution_time FROM _sqlx_migrations"));
        await database.OutsideAsync(database.Journal.Undo("1", [row]), async () => Assert.Single(await database.ReadAsync()));
        Assert.Empty(await database.ReadAsync());
    }

    [Fact]
    public async Task Marks_as_the_runbook_does_by_hand()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        var journal = database.Journal;
        Assert.Equal("NotApplied", Assert.Throws<DbMigrateException>(() => journal.MarkRolledBack("1", [])).Id);

        await database.SendAsync(journal.MarkApplied(First, []));
        var row = Assert.Single(await database.ReadAsync());
        Assert.Equal((MigrationState.Applied, Checksum, (TimeSpan?)null), (row.State, row.Checksum, row.Duration));
        Assert.Equal("AlreadyApplied", Assert.Throws<DbMigrateException>(() => journal.MarkApplied(First, [row])).Id);

        await database.SendAsync(journal.MarkRolledBack("0001", [row]));
        Assert.Empty(await database.ReadAsync());
        Assert.Equal("ForceNotSupported", Assert.Throws<DbMigrateException>(() => journal.Force("1")).Id);
    }

    [Fact]
    public async Task An_edited_file_can_be_recorded_anew()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await database.ApplyAsync(First);
        await database.Target.RunAsync("UPDATE _sqlx_migrations SET checksum = 'old', installed_on = '2020-02-02 00:00:00Z'");
        await database.SendAsync(database.Journal.MarkApplied(First, await database.ReadAsync()));
        var row = Assert.Single(await database.ReadAsync());
        Assert.Equal((Checksum, new DateTimeOffset(2020, 2, 2, 0, 0, 0, TimeSpan.Zero)), (row.Checksum, row.AppliedAt));
    }

    [Fact]
    public async Task A_row_without_success_is_failed()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await database.Target.RunAsync("INSERT INTO _sqlx_migrations VALUES (1, 'create a', now(), false, 'x', -1)");
        var row = Assert.Single(await database.ReadAsync());
        Assert.Equal(MigrationState.Failed, row.State);
        Assert.Contains("success = false", row.Note, StringComparison.Ordinal);
        await database.SendAsync(database.Journal.MarkApplied(First, [row]));
        Assert.Equal(MigrationState.Applied, Assert.Single(await database.ReadAsync()).State);
    }

    [Fact]
    public async Task Creates_the_schemas_of_sqlx_toml()
    {
        using var files = new TempFolder().With("../sqlx.toml", "[migrate]\ntable-name = 'foo.history'\ncreate-schemas = ['foo', '\"B\"']");
        var database = await JournalDatabase.NewAsync(MigrationFormat.Sqlx.Read(files));
        Assert.Equal("foo.history", await database.Target.ScalarAsync<string>("SELECT to_regclass('foo.history')::text"));
        Assert.Equal("\"B\"", await database.Target.ScalarAsync<string>("SELECT to_regnamespace('\"B\"')::text"));
    }
}
