using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Cli.Tests;

public class MigrateTests
{
    private const string Broken = "ALTER TABLE a ADD COLUMN note text;\n\nUPDATE a\n\tSET note = nope;\n";

    [Fact]
    public async Task Applies_what_is_pending_and_says_so()
    {
        using var database = await SampleDatabase.CreateAsync();
        database.Write("1_a.sql", "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1), (2);\n");
        database.Write("2_b.sql", "CREATE TABLE b (id int);\n");

        var run = await database.RunAsync("migrate");
        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"^1/installed: a \(.+, 2 statements, 2 rows\)$", run.Lines[0]);
        Assert.Matches(@"^2/installed: b \(.+, 1 statement\)$", run.Lines[1]);
        Assert.StartsWith("Applied 2 migrations to ", run.Lines[2], StringComparison.Ordinal);
        Assert.Equal(2, await database.Target.ScalarAsync<long>("SELECT count(*) FROM a"));

        var again = await database.RunAsync("migrate");
        Assert.Equal(0, again.ExitCode);
        Assert.StartsWith("Nothing to apply: ", Assert.Single(again.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_one_object_a_result_and_nothing_else()
    {
        using var database = await SampleDatabase.CreateAsync();
        database.Write("1_a.sql", "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1), (2);\n");
        var planned = Assert.Single((await database.RunAsync("migrate", "--what-if", "--json")).Objects);
        Assert.Equal("1", planned.GetProperty("version").GetString());
        Assert.Equal("pending", planned.GetProperty("state").GetString());
        Assert.Equal("apply", planned.GetProperty("whatIf").GetString());

        var result = Assert.Single((await database.RunAsync("migrate", "--json")).Objects);
        Assert.Equal("applied", result.GetProperty("state").GetString());
        Assert.Equal(2, result.GetProperty("statements").GetInt32());
        Assert.Equal(2, result.GetProperty("rows").GetInt64());
        Assert.True(result.GetProperty("durationMs").GetDouble() >= 0);
        Assert.Empty((await database.RunAsync("migrate", "--json")).Out);
    }

    [Fact]
    public async Task What_if_changes_nothing()
    {
        using var database = await SampleDatabase.CreateAsync();
        Repository.CopySample("sqlx", database.Migrations);
        var empty = await database.SnapshotAsync();
        var first = await database.RunAsync("migrate", "--what-if");
        Assert.Equal(0, first.ExitCode);
        Assert.Equal("20240108090000/would apply: create_customers", first.Lines[0]);
        Assert.StartsWith("What if: 12 migrations would be applied", first.Lines[^1], StringComparison.Ordinal);
        Assert.Equal(empty, await database.SnapshotAsync());

        Assert.Equal(0, (await database.RunAsync("migrate", "--to", "20240401090000")).ExitCode);
        var half = await database.SnapshotAsync();
        Assert.NotEqual(empty, half);
        Assert.Equal(0, (await database.RunAsync("migrate", "--what-if")).ExitCode);
        Assert.Equal(0, (await database.RunAsync("undo", "--what-if", "--count", "2")).ExitCode);
        Assert.Equal(0, (await database.RunAsync("resolve", "20240401091500", "--applied", "--what-if")).ExitCode);
        Assert.Equal(half, await database.SnapshotAsync());
    }

    [Fact]
    public async Task A_failure_is_1_and_shows_the_place_what_was_not_run_and_what_next()
    {
        using var database = await SampleDatabase.CreateAsync();
        database.Write("1_a.sql", "CREATE TABLE a (id int);\n");
        var path = database.Write("2_b.sql", Broken);
        database.Write("3_c.sql", "CREATE TABLE c (id int);\n");

        var run = await database.RunAsync("migrate");
        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("1/installed: a", run.Lines[0], StringComparison.Ordinal);
        Assert.Equal(["2/failed: b", "3/not run: c"], run.Lines[1..]);
        var error = run.Error.Split('\n');
        Assert.Contains("column \"nope\" does not exist", error[0], StringComparison.Ordinal);
        Assert.Equal($"  at {path}:4:13 (42703)", error[1]);
        var source = error[2];
        var caret = error[3];
        Assert.EndsWith("SET note = nope", source, StringComparison.Ordinal);
        Assert.Equal(source.IndexOf("nope", StringComparison.Ordinal), caret.IndexOf('^', StringComparison.Ordinal));
        Assert.Contains("Next: ", run.Error, StringComparison.Ordinal);
        Assert.Null(await database.Target.ScalarAsync<string>("SELECT to_regclass('c')::text"));

        database.Write("2_b.sql", Broken.Replace("nope", "'x'", StringComparison.Ordinal));
        Assert.Equal(0, (await database.RunAsync("migrate")).ExitCode);
    }

    [Fact]
    public async Task A_failure_in_json_ends_with_the_error()
    {
        using var database = await SampleDatabase.CreateAsync();
        database.Write("1_a.sql", "CREATE TABLE a (id int);\n");
        database.Write("2_b.sql", Broken);
        database.Write("3_c.sql", "CREATE TABLE c (id int);\n");

        var run = await database.RunAsync("migrate", "--json");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(["applied", "failed", "notRun"], run.Objects[..3].Select(o => o.GetProperty("state").GetString()));
        Assert.Equal("42703", run.Objects[1].GetProperty("error").GetProperty("sqlState").GetString());
        var failure = run.Objects[3].GetProperty("error").GetProperty("failure");
        Assert.Equal(4, failure.GetProperty("line").GetInt32());
        Assert.Equal(13, failure.GetProperty("column").GetInt32());
        Assert.Contains("error: ", run.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Names_and_messages_cannot_drive_a_terminal_or_a_ci_system()
    {
        using var database = await SampleDatabase.CreateAsync();
        database.Write(
            "1_a.sql",
            "DO $$ BEGIN RAISE EXCEPTION E'##vso[task.complete result=Succeeded]\\n::error::forged\\n\\x1b[2Jgone' " +
            "USING DETAIL = E'::set-output name=a::b', HINT = '##[error]'; END $$;\n");
        var hostile = "2_::error::x\u001b[31m##vso[task.setvariable variable=a]b.sql";
        Skip.If(OperatingSystem.IsWindows(), "SKIPPED: Windows has no such file names.");
        database.Write(hostile, "SELECT 1;\n");

        string[][] commands =
        [
            ["migrate-info"],
            ["migrate"],
            ["migrate", "--json"],
            ["migrate", "--what-if", "--json"],
            ["statements", Path.Combine("migrations", hostile)],
        ];
        foreach (var arguments in commands)
        {
            var run = await database.RunAsync(arguments);
            foreach (var line in (run.Out + run.Error).Split('\n'))
            {
                Assert.DoesNotContain('\u001b', line);
                Assert.DoesNotContain("##vso[", line, StringComparison.Ordinal);
                Assert.DoesNotContain("##[", line, StringComparison.Ordinal);
                Assert.False(line.TrimStart().StartsWith("::", StringComparison.Ordinal), line);
            }
        }
    }

    [Theory]
    [InlineData("postgres://postgres:hunter2@127.0.0.1:1/x")]
    [InlineData("host=127.0.0.1 port=1 user=postgres password=hunter2 dbname=x")]
    [InlineData("postgres://postgres:hunter2@127.0.0.1:nonsense/x")]
    public async Task A_password_is_never_printed(string url)
    {
        using var database = await SampleDatabase.CreateAsync();
        database.Write("1_a.sql", "SELECT 1;\n");
        foreach (var options in new[] { Array.Empty<string>(), ["--verbose"], ["--json"] })
        {
            var argument = await database.RunAsync(["migrate", "--database-url", url, .. options]);
            var variable = await CommandRun.OfAsync(url, database.Folder, ["migrate-info", .. options]);
            Assert.NotEqual(0, argument.ExitCode);
            Assert.NotEqual(0, variable.ExitCode);
            Assert.NotEmpty(argument.Error);
            Assert.DoesNotContain("hunter2", argument.Out + argument.Error + variable.Out + variable.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_wrong_password_is_not_printed_either()
    {
        using var database = await SampleDatabase.CreateAsync();
        database.Write("1_a.sql", "SELECT 1;\n");
        var target = database.Target;
        var run = await database.RunAsync(
            "migrate", "--database-url", $"postgres://postgres:hunter2@{target.Host}:{target.Port}/{target.Database}");
        Assert.Equal(1, run.ExitCode);
        Assert.DoesNotContain("hunter2", run.Out + run.Error, StringComparison.Ordinal);
        Assert.Contains("postgres", run.Error, StringComparison.Ordinal);
    }
}
