using DbMigrate.Engine.Formats;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.GolangMigrate;

public sealed class GolangMigrateJournalTests : IDisposable
{
    private readonly TempFolder _files = new TempFolder()
        .With("000001_a.up.sql", "CREATE TABLE a (id int);").With("000001_a.down.sql", "DROP TABLE a;")
        .With("000002_b.up.sql", "CREATE TABLE b (id int);").With("000002_b.down.sql", "DROP TABLE b;")
        .With("000005_bad.up.sql", "CREATE TABLE c (id int); SELECT 1/0;").With("000005_bad.down.sql", "DROP TABLE c;");

    private readonly MigrationFolder _folder;

    public GolangMigrateJournalTests() => _folder = MigrationFormat.GolangMigrate.Read(_files);

    private Migration One => _folder.Migrations[0];

    private Migration Two => _folder.Migrations[1];

    private Migration Five => _folder.Migrations[2];

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task In_a_transaction_the_version_moves_with_the_script()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        Assert.Equal("", await Table(database));
        await database.ApplyAsync(One);
        Assert.Equal("(1,f)", await Table(database));
        await database.ApplyAsync(Two);
        Assert.Equal("(2,f)", await Table(database));
        await Assert.ThrowsAsync<PostgresException>(() => database.ApplyAsync(Five));
        Assert.Equal("(2,f)", await Table(database));
        await database.UndoAsync(Two);
        Assert.Equal("(1,f)", await Table(database));
        await database.UndoAsync(One);
        Assert.Equal("", await Table(database));
        Assert.Null(await database.Target.ScalarAsync<string>(
            "SELECT coalesce(to_regclass('a'), to_regclass('b'), to_regclass('c'))::text"));
    }

    [Fact]
    public async Task Outside_one_it_goes_through_the_states_of_golang_migrate()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await MoveAsync(r => database.Journal.Apply(One, r), "(1,t)", "(1,f)");
        await MoveAsync(r => database.Journal.Apply(Two, r), "(2,t)", "(2,f)");
        await MoveAsync(r => database.Journal.Undo("2", r), "(1,t)", "(1,f)");
        await MoveAsync(r => database.Journal.Undo("1", r), "(-1,t)", "");
        await MoveAsync(r => database.Journal.Apply(One, r), "(1,t)", "(1,t)", "failed");
        await database.SendAsync(database.Journal.Force("-1"));
        Assert.Equal("", await Table(database));
        await database.SendAsync(database.Journal.Force("1"));
        await MoveAsync(r => database.Journal.Undo("1", r), "(-1,t)", "(-1,t)", "failed");
        await database.SendAsync(database.Journal.Force("000001"));
        Assert.Equal("(1,f)", await Table(database));

        async Task MoveAsync(Func<IReadOnlyList<JournalRow>, JournalCommands> move, string during, string after, string? error = null)
        {
            await database.OutsideAsync(move(await database.ReadAsync()), async () => Assert.Equal(during, await Table(database)), error);
            Assert.Equal(after, await Table(database));
        }
    }

    [Fact]
    public async Task A_resumed_migration_starts_and_ends_as_the_first_try()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await database.SendAsync(database.Journal.Force("1"));
        await database.OutsideAsync(database.Journal.Apply(Two, await database.ReadAsync()), () => Task.CompletedTask, "killed");
        await database.OutsideAsync(
            database.Journal.Apply(Two, await database.ReadAsync()), async () => Assert.Equal("(2,t)", await Table(database)));
        Assert.Equal("(2,f)", await Table(database));
    }

    [Fact]
    public async Task The_slower_of_two_runners_fails()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        var journal = database.Journal;
        Assert.Equal("23505", await database.RaceAsync(() => journal.Apply(One, [])));
        Assert.Equal("23505", await database.LateAsync(journal.Apply(One, [])));
        var atOne = await database.ReadAsync();
        Assert.Equal("23505", await database.RaceAsync(() => journal.Apply(Two, atOne)));
        Assert.Equal("23505", await database.LateAsync(journal.Apply(Two, atOne)));
        Assert.Equal("23505", await database.LateAsync(journal.Apply(One, [])));
        var atTwo = await database.ReadAsync();
        Assert.Equal("23505", await database.RaceAsync(() => journal.Undo("2", atTwo)));
        Assert.Equal("23505", await database.LateAsync(journal.Undo("2", atTwo)));
        Assert.Equal("23505", await database.RaceAsync(() => journal.Undo("1", atOne)));
        Assert.Equal("23505", await database.LateAsync(journal.Undo("1", atOne)));
        Assert.Equal("", await Table(database));

        await database.SendAsync(journal.Force("5"));
        Assert.Equal("23505", await database.LateAsync(journal.Apply(One, [])));
        Assert.Equal("23505", await database.LateAsync(journal.Apply(Two, atOne)));
        Assert.Equal("(5,f)", await Table(database));
    }

    [Fact]
    public async Task Migrations_of_one_flight_need_no_fresh_rows()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await database.SendAsync([.. database.Journal.Apply(One, []).Before, .. database.Journal.Apply(Two, []).Before]);
        Assert.Equal("(2,f)", await Table(database));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("(1,f)", "1 Applied")]
    [InlineData("(2,f)", "1 Applied,2 Applied")]
    [InlineData("(3,f)", "1 Applied,2 Applied,3 Applied")]
    [InlineData("(9,f)", "1 Applied,2 Applied,5 Applied,9 Applied")]
    [InlineData("(2,t)", "1 Applied,2 Failed")]
    [InlineData("(3,t)", "1 Applied,2 Applied,3 Failed")]
    [InlineData("(-1,t)", "1 Failed")]
    [InlineData("(-1,f)", "")]
    public async Task One_row_stands_for_all_before_it(string table, string rows)
    {
        var database = await JournalDatabase.NewAsync(_folder);
        if (table.Length > 0)
        {
            await database.Target.RunAsync(
                $"INSERT INTO schema_migrations VALUES {table[..^2]}'{table[^2]}')");
        }

        Assert.Equal(rows, string.Join(',', (await database.ReadAsync()).Select(r => $"{r.Version} {r.State}")));
    }

    [Theory]
    [InlineData("(1, true)", "applying 1, or undoing 2,", "force 1", "or 2")]
    [InlineData("(5, true)", "applying 5 was", "force 5")]
    [InlineData("(-1, true)", "undoing it", "force 1", "force -1")]
    public async Task A_dirty_row_tells_what_may_have_failed_and_what_to_force(string row, params string[] told)
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await database.Target.RunAsync($"INSERT INTO schema_migrations VALUES {row}");
        var note = (await database.ReadAsync()).Single(r => r.State == MigrationState.Failed).Note;
        Assert.All(told, t => Assert.Contains(t, note, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("INSERT INTO schema_migrations VALUES (1, false), (2, false)")]
    [InlineData("ALTER TABLE schema_migrations ALTER version TYPE text")]
    [InlineData("ALTER TABLE schema_migrations ALTER dirty TYPE text")]
    public async Task A_table_that_golang_migrate_never_leaves_is_refused(string change)
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await database.Target.RunAsync(change);
        var error = await Assert.ThrowsAsync<DbMigrateException>(database.ReadAsync);
        Assert.Equal("JournalCorrupt", error.Id);
        Assert.Contains("\"public\".\"schema_migrations\"", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 1, "(1,f)")]
    [InlineData("", 2, "NotNext")]
    [InlineData("(1, false)", 1, "AlreadyApplied")]
    [InlineData("(1, false)", 2, "(2,f)")]
    [InlineData("(1, false)", 5, "NotNext")]
    [InlineData("(2, true)", 2, "(2,f)")]
    [InlineData("(2, true)", 5, "DirtyVersion")]
    [InlineData("(2, true)", 1, "DirtyVersion")]
    [InlineData("(-1, true)", 1, "(1,f)")]
    public async Task Marks_applied_what_is_next_or_dirty(string row, int version, string result) =>
        Assert.Equal(result, await MarkAsync(row, (j, r) => j.MarkApplied(_folder.Migrations.Single(m => m.Version == $"{version}"), r)));

    [Theory]
    [InlineData("", 1, "NotApplied")]
    [InlineData("(1, false)", 1, "")]
    [InlineData("(2, false)", 2, "(1,f)")]
    [InlineData("(5, false)", 5, "(2,f)")]
    [InlineData("(2, false)", 1, "NotApplied")]
    [InlineData("(2, true)", 2, "(1,f)")]
    [InlineData("(2, true)", 1, "DirtyVersion")]
    [InlineData("(1, true)", 1, "")]
    [InlineData("(-1, true)", 1, "")]
    [InlineData("(7, false)", 7, "(5,f)")]
    public async Task Marks_rolled_back_what_is_newest_or_dirty(string row, int version, string result) =>
        Assert.Equal(result, await MarkAsync(row, (j, r) => j.MarkRolledBack($"{version}", r)));

    [Theory]
    [InlineData("5", "(5,f)")]
    [InlineData("-1", "")]
    [InlineData("3", "UnknownVersion")]
    [InlineData("-2", "InvalidVersion")]
    [InlineData("one", "InvalidVersion")]
    public async Task Forces(string version, string result) =>
        Assert.Equal(result, await MarkAsync("(2, true)", (j, _) => j.Force(version)));

    private static async Task<string> Table(JournalDatabase database) => await database.Target.ScalarAsync<string>(
        $"SELECT string_agg(r::text, ',') FROM (SELECT version, dirty FROM {database.Journal.Table} ORDER BY version) r") ?? "";

    private async Task<string> MarkAsync(string row, Func<IMigrationJournal, IReadOnlyList<JournalRow>, IReadOnlyList<SqlCommandText>> mark)
    {
        var database = await JournalDatabase.NewAsync(_folder);
        if (row.Length > 0)
        {
            await database.Target.RunAsync($"INSERT INTO schema_migrations VALUES {row}");
        }

        try
        {
            await database.SendAsync(mark(database.Journal, await database.ReadAsync()));
            return await Table(database);
        }
        catch (DbMigrateException e)
        {
            return e.Id;
        }
    }
}
