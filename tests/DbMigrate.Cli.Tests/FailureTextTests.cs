using System.Text.Json;
using Xunit;

namespace DbMigrate.Cli.Tests;

public class FailureTextTests
{
    private static readonly MigrationFailedException Failed = new(
        "MigrationFailed",
        ErrorKind.Sql,
        "Migration 7 failed and was rolled back.",
        "Correct the file and run again.",
        [
            new()
            {
                Version = "7",
                Name = "add_x",
                Outcome = MigrationOutcome.Failed,
                Format = MigrationFormat.Sqlx,
                Error = new()
                {
                    SqlState = "42703",
                    Message = "column \"nope\" does not exist",
                    Detail = "##vso[task.complete result=Succeeded]\n::error::x\u001b[2J",
                    Hint = "Perhaps \"note\".",
                    File = "/m/7_add_x.sql",
                    Line = 3,
                    Column = 9,
                    SourceLine = "SELECT\t\"nope\"",
                    Caret = "       ^",
                },
            },
        ]);

    [Fact]
    public void Says_what_where_why_and_what_next()
    {
        Assert.Equal(
            [
                "error: Migration 7 failed and was rolled back.",
                "  at /m/7_add_x.sql:3:9 (42703)",
                "   | SELECT \"nope\"",
                "   |        ^",
                "  server: column \"nope\" does not exist",
                @"  detail: #\#vso[task.complete result=Succeeded]",
                @"          \::error::x\u{1b}[2J",
                "  hint: Perhaps \"note\".",
                "Next: Correct the file and run again.",
            ],
            FailureText.Lines(Failed));
    }

    [Fact]
    public void What_the_message_repeats_is_said_once()
    {
        var failure = Failed.Failed!.Error!;
        var error = new MigrationFailedException(
            "MigrationFailed", ErrorKind.Sql, $"Migration 7 failed: {failure}", "Correct the file.", Failed.Results);
        var lines = FailureText.Lines(error).ToList();
        Assert.Equal("error: Migration 7 failed: column \"nope\" does not exist", lines[0]);
        Assert.Equal("  at /m/7_add_x.sql:3:9 (42703)", lines[1]);
        Assert.Single(lines, line => line.Contains("does not exist", StringComparison.Ordinal));
        Assert.Single(lines, line => line.EndsWith('^'));
    }

    [Fact]
    public void Json_has_the_same_and_no_command_of_a_ci_system()
    {
        var json = JsonLine.Of(Failed);
        Assert.DoesNotContain("##", json, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', json);
        var error = JsonDocument.Parse(json).RootElement.GetProperty("error");
        Assert.Equal("MigrationFailed", error.GetProperty("id").GetString());
        Assert.Equal("sql", error.GetProperty("kind").GetString());
        Assert.Equal("Correct the file and run again.", error.GetProperty("nextStep").GetString());
        var failure = error.GetProperty("failure");
        Assert.Equal("42703", failure.GetProperty("sqlState").GetString());
        Assert.Equal(3, failure.GetProperty("line").GetInt32());
        Assert.StartsWith("##vso[", failure.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }
}
