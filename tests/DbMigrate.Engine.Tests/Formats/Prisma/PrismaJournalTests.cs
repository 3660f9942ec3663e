using DbMigrate.Engine.Formats;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.Prisma;

public sealed class PrismaJournalTests : IDisposable
{
    private const string Checksum = "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd";
    private const string Name = "20240101000000_a";

    // started, finished, rolled back, logs, steps; '=' where finished equals started.
    private const string Shape =
        """
        SELECT string_agg(concat_ws(' ',
            CASE WHEN finished_at IS NULL THEN '-' WHEN finished_at = started_at THEN '=' WHEN finished_at > started_at THEN 'T' END,
            CASE WHEN rolled_back_at IS NULL THEN '-' ELSE 'T' END,
            coalesce('''' || logs || '''', '-'),
            applied_steps_count), ', ' ORDER BY started_at)
        FROM "_prisma_migrations"
        """;

    private readonly TempFolder _files = new TempFolder()
        .With($"{Name}/migration.sql", "SELECT 1;\n").With($"{Name}/down.sql", "SELECT 2;")
        .With("20240102000000_bad/migration.sql", "CREATE TABLE b (id int); SELECT 1/0;");

    private readonly MigrationFolder _folder;

    public PrismaJournalTests() => _folder = MigrationFormat.Prisma.Read(_files);

    private Migration First => _folder.Migrations[0];

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Applying_leaves_the_row_that_Prisma_leaves()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await database.ApplyAsync(First);

        Assert.Equal("T - - 1", await ShapeAsync(database));
        var row = Assert.Single(await database.Target.RowsAsync(
            "SELECT id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', checksum, migration_name, "
            + "now() - started_at < interval '1 min' FROM _prisma_migrations"));
        Assert.Equal([true, Checksum, Name, true], row);
        var read = Assert.Single(await database.ReadAsync());
        Assert.Equal((Name, MigrationState.Applied, "a", Checksum), (read.Version, read.State, read.Name, read.Checksum));
        Assert.NotNull(read.AppliedAt);
        Assert.True(read.Duration > TimeSpan.Zero);
        Assert.Null(read.Note);
    }

    [Fact]
    public async Task In_a_transaction_a_failure_leaves_nothing()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await Assert.ThrowsAsync<PostgresException>(() => database.ApplyAsync(_folder.Migrations[1]));
        Assert.Equal("", await ShapeAsync(database));
    }

    [Fact]
    public async Task Outside_one_it_goes_through_the_states_of_Prisma()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await ApplyAsync("- - - 0", "- - 'boom' 0", "boom");
        var failed = Assert.Single(await database.ReadAsync());
        Assert.Equal((MigrationState.Failed, "boom", (DateTimeOffset?)null), (failed.State, failed.Note, failed.AppliedAt));

        // Resumed: the same row ends as if nothing had been.
        await ApplyAsync("- - 'boom' 0", "T - - 1");
        await database.OutsideAsync(
            database.Journal.Undo(Name, []), async () => Assert.Equal("T - - 1", await ShapeAsync(database)));
        Assert.Equal("T T - 1", await ShapeAsync(database));

        async Task ApplyAsync(string during, string after, string? error = null)
        {
            await database.OutsideAsync(
                database.Journal.Apply(First, await database.ReadAsync()), async () => Assert.Equal(during, await ShapeAsync(database)), error);
            Assert.Equal(after, await ShapeAsync(database));
        }
    }

    [Fact]
    public async Task Undoing_keeps_the_row_and_applying_again_adds_one()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        await database.ApplyAsync(First);
        await database.UndoAsync(First);
        Assert.Equal("T T - 1", await ShapeAsync(database));
        Assert.Equal(MigrationState.RolledBack, Assert.Single(await database.ReadAsync()).State);
        await database.ApplyAsync(First);
        Assert.Equal("T T - 1, T - - 1", await ShapeAsync(database));
        Assert.Equal(MigrationState.Applied, Assert.Single(await database.ReadAsync()).State);
    }

    [Fact]
    public async Task The_slower_of_two_runners_fails()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        Assert.Equal("23505", await database.RaceAsync(() => database.Journal.Apply(First, [])));
        Assert.Equal("23505", await database.LateAsync(database.Journal.Apply(First, [])));
        Assert.Equal("23505", await database.RaceAsync(() => database.Journal.Undo(Name, [])));
        Assert.Equal("23505", await database.LateAsync(database.Journal.Undo(Name, [])));
        Assert.Equal("T T - 1", await ShapeAsync(database));
    }

    [Fact]
    public async Task Resolves_as_Prisma_does()
    {
        var database = await JournalDatabase.NewAsync(_folder);
        Assert.Equal("NotApplied P3011", await ResolveAsync(j => r => j.MarkRolledBack(Name, r)));

        // Failed, rolled back, twice, and applied.
        await database.OutsideAsync(database.Journal.Apply(First, []), () => Task.CompletedTask, "x");
        Assert.Equal("- T 'x' 0", await ResolveAsync(j => r => j.MarkRolledBack(Name, r)));
        var rolledBackAt = await database.Target.ScalarAsync<DateTime>("SELECT rolled_back_at FROM _prisma_migrations");
        Assert.Equal("- T 'x' 0", await ResolveAsync(j => r => j.MarkRolledBack(Name, r)));
        Assert.Equal(rolledBackAt, await database.Target.ScalarAsync<DateTime>("SELECT rolled_back_at FROM _prisma_migrations"));
        await database.ApplyAsync(First);
        Assert.Equal("- T 'x' 0, T - - 1", await ShapeAsync(database));
        Assert.Equal("AlreadyApplied P3008", await ResolveAsync(j => r => j.MarkApplied(First, r)));
        Assert.Equal("NotFailed P3012", await ResolveAsync(j => r => j.MarkRolledBack(Name, r)));
        Assert.Equal("- T 'x' 0, T - - 1", await ShapeAsync(database));

        // Undone: Prisma looks at finished_at alone.
        await database.UndoAsync(First);
        Assert.Equal("AlreadyApplied P3008", await ResolveAsync(j => r => j.MarkApplied(First, r)));

        // Failed, then applied by hand.
        await database.Target.RunAsync("TRUNCATE _prisma_migrations");
        await database.OutsideAsync(database.Journal.Apply(First, []), () => Task.CompletedTask, "x");
        Assert.Equal("- T 'x' 0, = - '' 0", await ResolveAsync(j => r => j.MarkApplied(First, r)));

        // A baseline.
        await database.Target.RunAsync("TRUNCATE _prisma_migrations");
        Assert.Equal("= - '' 0", await ResolveAsync(j => r => j.MarkApplied(First, r)));
        var row = Assert.Single(await database.ReadAsync());
        Assert.Equal((MigrationState.Applied, (TimeSpan?)null, Checksum), (row.State, row.Duration, row.Checksum));
        Assert.Contains("without being run", row.Note, StringComparison.Ordinal);
        Assert.Equal("ForceNotSupported", Assert.Throws<DbMigrateException>(() => database.Journal.Force("1")).Id);

        async Task<string> ResolveAsync(Func<IMigrationJournal, Func<IReadOnlyList<JournalRow>, IReadOnlyList<SqlCommandText>>> mark)
        {
            try
            {
                await database.SendAsync(mark(database.Journal)(await database.ReadAsync()));
                return await ShapeAsync(database);
            }
            catch (DbMigrateException e)
            {
                return $"{e.Id} {e.Message[(e.Message.LastIndexOf('(') + 1)..^2]}";
            }
        }
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("f--", "Failed")]
    [InlineData("r--", "RolledBack")]
    [InlineData("a--", "Applied")]
    [InlineData("ra-", "Applied")]
    [InlineData("ar-", "Applied")]
    [InlineData("rf-", "Failed")]
    [InlineData("fa-", "Failed")]
    [InlineData("af-", "Failed")]
    [InlineData("rrr", "RolledBack")]
    public async Task Several_rows_of_a_name_have_one_meaning(string rows, string state)
    {
        var database = await JournalDatabase.NewAsync(_folder);
        var values = rows.Where(c => c != '-').Select((c, i) =>
            $"('{i}', '', {(c == 'a' ? "now()" : "NULL")}, '{Name}', NULL, {(c == 'r' ? "now()" : "NULL")}, now() + interval '{i} s', 1)");
        if (rows.Length > 0)
        {
            await database.Target.RunAsync("INSERT INTO _prisma_migrations VALUES " + string.Join(',', values));
        }

        Assert.Equal(state, string.Join(',', (await database.ReadAsync()).Select(r => r.State)));
    }

    [Fact]
    public async Task The_table_lies_in_the_URLs_schema_which_is_made()
    {
        var database = await JournalDatabase.NewAsync(_folder, schema: "My Schema");
        await database.ApplyAsync(First);
        Assert.Equal(1, await database.Target.ScalarAsync<long>("SELECT count(*) FROM \"My Schema\"._prisma_migrations"));
    }

    private static async Task<string> ShapeAsync(JournalDatabase database) => await database.Target.ScalarAsync<string>(Shape) ?? "";
}
