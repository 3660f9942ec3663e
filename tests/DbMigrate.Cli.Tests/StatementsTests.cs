using System.Text;
using Xunit;

namespace DbMigrate.Cli.Tests;

public class StatementsTests
{
    [Fact]
    public async Task Offsets_are_bytes_and_columns_characters()
    {
        using var folder = new TemporaryFolder();
        var bytes = Encoding.UTF8.GetBytes(
            "\uFEFF-- naïve ☕\r\nSELECT 'é;☕' ; /* x */ CREATE INDEX CONCURRENTLY i\r\n  ON a (id) ;\n\n" +
            "CREATE FUNCTION f() RETURNS int AS $x$ SELECT 1; $x$ LANGUAGE sql");
        var file = folder.Write("a.sql", bytes);

        var run = await CommandRun.OfAsync("statements", file, "--json");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            [
                ("SELECT 'é;☕'", 2, 1, "query"),
                ("CREATE INDEX CONCURRENTLY i\r\n  ON a (id)", 2, 24, "createIndexConcurrently"),
                ("CREATE FUNCTION f() RETURNS int AS $x$ SELECT 1; $x$ LANGUAGE sql", 5, 1, "create"),
            ],
            run.Objects.Select(o => (
                Encoding.UTF8.GetString(bytes, (int)o.GetProperty("offset").GetInt64(), o.GetProperty("length").GetInt32()),
                o.GetProperty("line").GetInt32(),
                o.GetProperty("column").GetInt32(),
                o.GetProperty("kind").GetString()!)));
        Assert.All(run.Objects, o => Assert.Equal(file, o.GetProperty("file").GetString()));
    }

    [Fact]
    public async Task Several_files_keep_their_names_as_typed_and_lines_are_for_people()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.sql", "SELECT 1;"u8);
        folder.Write("b.sql", "\nCREATE TABLE t (\n  id int\n);"u8);
        var run = await CommandRun.OfAsync(null, folder.Path, ["statements", "a.sql", "./b.sql"]);
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(["a.sql:1:1: query, 8 bytes at 0: SELECT 1", "./b.sql:2:1: create, 27 bytes at 1: CREATE TABLE t ("], run.Lines);
    }

    [Theory]
    [InlineData("SELECT 1;\n\\connect other\n", "PsqlMetaCommand", ":2")]
    [InlineData("SELECT 1;\nSELECT 'open", "UnterminatedString", ":2")]
    public async Task What_cannot_be_cut_is_an_error_with_its_place(string sql, string id, string place)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("a.sql", Encoding.UTF8.GetBytes(sql));
        var run = await CommandRun.OfAsync("statements", file, "--json");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(id, run.Objects[^1].GetProperty("error").GetProperty("id").GetString());
        Assert.Contains("a.sql" + place, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_named()
    {
        var run = await CommandRun.OfAsync("statements", "nowhere.sql");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("nowhere.sql", run.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_reader_that_goes_away_does_no_harm()
    {
        Skip.If(OperatingSystem.IsWindows(), "SKIPPED: needs a Unix shell.");
        using var folder = new TemporaryFolder();
        var file = folder.Write("a.sql", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("SELECT 1;\n", 50_000))));
        var run = await Shell.RunAsync(folder.Path, null, $"set -o pipefail; dbmigrate statements '{file}' | head -n 1");
        Assert.Equal(0, run.ExitCode);
        Assert.Single(run.Lines);
        Assert.Empty(run.Error);
    }
}
