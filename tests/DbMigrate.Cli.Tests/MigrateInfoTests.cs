using Xunit;

namespace DbMigrate.Cli.Tests;

public class MigrateInfoTests
{
    [Fact]
    public async Task Prints_the_line_form_of_the_runbooks()
    {
        using var database = await SampleDatabase.CreateAsync();
        database.Write("20240101000000_001_initial_schema.sql", "CREATE TABLE a (id int);\n");
        database.Write("20240115000000_002_llm_providers.sql", "CREATE TABLE b (id int);\n");
        database.Write("20240201000000_003_new_feature.sql", "CREATE TABLE c (id int);\n");
        Assert.Equal(0, (await database.RunAsync("migrate", "--count", "2")).ExitCode);

        var run = await database.RunAsync("migrate-info");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            "20240101000000/installed: 001_initial_schema\n" +
            "20240115000000/installed: 002_llm_providers\n" +
            "20240201000000/pending: 003_new_feature (NEW)\n",
            run.Out);
    }

    [Fact]
    public async Task Marks_what_is_special()
    {
        using var database = await SampleDatabase.CreateAsync();
        database.Write("2_b.sql", "CREATE TABLE b (id int);\n");
        database.Write("4_d.sql", "CREATE TABLE d (id int);\n");
        database.Write("5_e.sql", "CREATE TABLE e (id int);\n");
        Assert.Equal(0, (await database.RunAsync("migrate")).ExitCode);
        database.Write("1_a.sql", "CREATE TABLE a (id int);\n");
        database.Write("4_d.sql", "CREATE TABLE d (id bigint);\n");
        File.Delete(Path.Combine(database.Migrations, "2_b.sql"));

        var run = await database.RunAsync("migrate-info");
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("1/pending: a (OUT OF ORDER)", run.Lines[0], StringComparison.Ordinal);
        Assert.StartsWith("2/installed: b (MISSING FILE)", run.Lines[1], StringComparison.Ordinal);
        Assert.StartsWith("4/installed: d (MODIFIED)", run.Lines[2], StringComparison.Ordinal);
        Assert.Equal("5/installed: e", run.Lines[3]);
    }

    [Fact]
    public async Task Json_has_one_object_a_line()
    {
        using var database = await SampleDatabase.CreateAsync();
        var first = database.Write("1_a.up.sql", "CREATE TABLE a (id int);\n");
        database.Write("1_a.down.sql", "DROP TABLE a;\n");
        database.Write("2_b c.up.sql", "CREATE TABLE b (id int);\n");
        Assert.Equal(0, (await database.RunAsync("migrate", "--count", "1", "--format", "sqlx")).ExitCode);

        var run = await database.RunAsync("migrate-info", "--json");
        Assert.Equal(0, run.ExitCode);
        Assert.Empty(run.Error);
        var (a, b) = (run.Objects[0], run.Objects[1]);
        Assert.Equal("1", a.GetProperty("version").GetString());
        Assert.Equal("a", a.GetProperty("name").GetString());
        Assert.Equal("applied", a.GetProperty("state").GetString());
        Assert.Equal("sqlx", a.GetProperty("format").GetString());
        Assert.Equal(first, a.GetProperty("path").GetString());
        Assert.EndsWith("1_a.down.sql", a.GetProperty("downPath").GetString(), StringComparison.Ordinal);
        Assert.Equal(96, a.GetProperty("checksum").GetString()!.Length);
        Assert.InRange((a.GetProperty("appliedAt").GetDateTimeOffset() - DateTimeOffset.UtcNow).TotalMinutes, -10, 10);
        Assert.Contains(database.Target.Database, a.GetProperty("database").GetString(), StringComparison.Ordinal);
        Assert.Equal("pending", b.GetProperty("state").GetString());
        Assert.False(b.TryGetProperty("appliedAt", out _));
    }

    [Fact]
    public async Task Writes_nothing()
    {
        using var database = await SampleDatabase.CreateAsync();
        database.Write("1_a.sql", "CREATE TABLE a (id int);\n");
        var before = await database.SnapshotAsync();
        Assert.Equal(0, (await database.RunAsync("migrate-info")).ExitCode);
        Assert.Equal(before, await database.SnapshotAsync());
    }

    [Fact]
    public async Task Finds_prisma_migrations_by_itself()
    {
        using var database = await SampleDatabase.CreateAsync();
        Repository.CopySample("prisma", Path.Combine(database.Folder, "prisma", "migrations"));
        var run = await database.RunAsync("migrate-info");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(12, run.Lines.Length);
        Assert.All(run.Lines, line => Assert.EndsWith("(NEW)", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("nowhere", "nowhere")]
    [InlineData("empty", "empty")]
    public async Task A_folder_that_is_not_one_is_1_with_a_next_step(string folder, string named)
    {
        using var database = await SampleDatabase.CreateAsync();
        Directory.CreateDirectory(Path.Combine(database.Folder, "empty"));
        var run = await database.RunAsync("migrate-info", folder);
        Assert.Equal(1, run.ExitCode);
        Assert.Empty(run.Out);
        Assert.Contains(named, run.Error, StringComparison.Ordinal);
        Assert.Contains("Next: ", run.Error, StringComparison.Ordinal);
    }
}
