using Xunit;

namespace DbMigrate.Cli.Tests;

public class StatusLineTests
{
    [Theory]
    [InlineData(MigrationState.Applied, null, "20240101000000/installed: 001_initial_schema")]
    [InlineData(MigrationState.Pending, null, "20240101000000/pending: 001_initial_schema (NEW)")]
    [InlineData(MigrationState.OutOfOrder, "SQLx runs it", "20240101000000/pending: 001_initial_schema (OUT OF ORDER) - SQLx runs it")]
    [InlineData(MigrationState.RolledBack, null, "20240101000000/pending: 001_initial_schema (ROLLED BACK)")]
    [InlineData(MigrationState.Failed, "dirty", "20240101000000/failed: 001_initial_schema (NOT FINISHED) - dirty")]
    [InlineData(MigrationState.Modified, null, "20240101000000/installed: 001_initial_schema (MODIFIED)")]
    [InlineData(MigrationState.Missing, null, "20240101000000/installed: 001_initial_schema (MISSING FILE)")]
    public void A_state_has_one_line(MigrationState state, string? note, string expected)
    {
        var status = new MigrationStatus
        {
            Version = "20240101000000",
            Name = "001 initial schema",
            State = state,
            Format = MigrationFormat.Sqlx,
            Folder = "/x",
            Note = note,
        };
        Assert.Equal(expected, StatusLine.Of(status));
    }

    [Fact]
    public void A_migration_without_a_name_is_its_version()
    {
        var status = new MigrationStatus
        {
            Version = "init", Name = "", State = MigrationState.Applied, Format = MigrationFormat.Prisma, Folder = "/x",
        };
        Assert.Equal("init/installed", StatusLine.Of(status));
    }

    [Theory]
    [InlineData(MigrationOutcome.Applied, 3, 0, 1, "7/installed: add_x (1.2 s, 3 statements)")]
    [InlineData(MigrationOutcome.Applied, 1, 1, 2, "7/installed: add_x (1.2 s, 1 statement, 1 row, 2 attempts)")]
    [InlineData(MigrationOutcome.Undone, 1, 40, 1, "7/undone: add_x (1.2 s, 1 statement, 40 rows)")]
    [InlineData(MigrationOutcome.Failed, 1, 0, 1, "7/failed: add_x")]
    [InlineData(MigrationOutcome.NotRun, 0, 0, 1, "7/not run: add_x")]
    [InlineData(MigrationOutcome.AlreadyApplied, 0, 0, 1, "7/installed: add_x (BY ANOTHER RUNNER)")]
    public void An_outcome_has_one_line(MigrationOutcome outcome, int statements, long rows, int attempts, string expected)
    {
        var result = new MigrationResult
        {
            Version = "7",
            Name = "add_x",
            Outcome = outcome,
            Format = MigrationFormat.GolangMigrate,
            Duration = TimeSpan.FromMilliseconds(1234),
            Statements = statements,
            Rows = rows,
            Attempts = attempts,
        };
        Assert.Equal(expected, StatusLine.Of(result));
    }

    [Theory]
    [InlineData(0, "0 ms")]
    [InlineData(999, "999 ms")]
    [InlineData(1000, "1.0 s")]
    [InlineData(65_000, "1 min 5 s")]
    [InlineData(7_265_000, "121 min 5 s")]
    public void Time_is_short(double milliseconds, string expected)
    {
        Assert.Equal(expected, StatusLine.Elapsed(TimeSpan.FromMilliseconds(milliseconds)));
    }
}
