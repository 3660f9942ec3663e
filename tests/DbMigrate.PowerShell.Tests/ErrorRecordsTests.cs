using System.Management.Automation;
using DbMigrate.Commands;

namespace DbMigrate.PowerShell.Tests;

public sealed class ErrorRecordsTests
{
    [Fact]
    public void A_failed_run_says_what_was_applied_what_failed_and_what_was_not_run()
    {
        var failure = new SqlFailure
        {
            SqlState = "42703",
            Message = "column \"b\" does not exist",
            Detail = "There is a.",
            Hint = "Perhaps a.",
            File = "/m/0002_two.sql",
            Line = 3,
            Column = 8,
            SourceLine = "SELECT b FROM t",
            Caret = "       ^",
        };
        var error = new MigrationFailedException(
            "MigrationFailed",
            ErrorKind.Sql,
            $"Migration 2 two failed: {failure}",
            "Correct the file and run again.",
            [
                Result("1", "one", MigrationOutcome.Applied), Result("2", "two", MigrationOutcome.Failed, failure),
                Result("3", "", MigrationOutcome.NotRun),
            ]);

        var record = ErrorRecords.From(error);

        var expected = """
            Migration 2 two failed: /m/0002_two.sql:3:8: 42703: column "b" does not exist
            SELECT b FROM t
                   ^
            Detail: There is a.
            Hint: Perhaps a.
            Applied: 1 one.
            Not run: 3.
            """;
        Assert.Equal(expected.ReplaceLineEndings(), record.ErrorDetails.Message);
        Assert.Equal("Correct the file and run again.", record.ErrorDetails.RecommendedAction);
        Assert.Equal("DbMigrate.MigrationFailed", record.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.InvalidResult, record.CategoryInfo.Category);
    }

    [Fact]
    public void A_long_list_is_cut()
    {
        var results = Enumerable.Range(1, 100).Select(i => Result($"{i}", "", MigrationOutcome.NotRun)).ToList();
        var message = ErrorRecords.From(new MigrationFailedException("X", ErrorKind.Busy, "m", "n", results)).ErrorDetails.Message;

        Assert.EndsWith("Not run: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 90 more.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_kind_of_error_has_a_category_of_its_own()
    {
        var categories = Enum.GetValues<ErrorKind>()
            .Select(kind => ErrorRecords.From(new DbMigrateException("X", kind, "m", "n")).CategoryInfo.Category).ToList();

        Assert.DoesNotContain(ErrorCategory.NotSpecified, categories);
        Assert.Equal(categories.Count, categories.Distinct().Count());
    }

    private static MigrationResult Result(string version, string name, MigrationOutcome outcome, SqlFailure? error = null) =>
        new() { Version = version, Name = name, Outcome = outcome, Format = MigrationFormat.Sqlx, Error = error };
}
