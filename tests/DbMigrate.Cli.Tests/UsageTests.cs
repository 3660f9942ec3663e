using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Cli.Tests;

public class UsageTests
{
    [Theory]
    [InlineData("", "Required command")]
    [InlineData("migrat", "migrat")]
    [InlineData("migrate-info a b", "'b'")]
    [InlineData("migrate --count 0", "--count is a number, 1 or more")]
    [InlineData("migrate --count many", "--count is a number")]
    [InlineData("migrate --count 1 --to 5", "exclude each other")]
    [InlineData("migrate --format flyway", "sqlx, golang-migrate, prisma, efcore")]
    [InlineData("migrate --lock-timeout soon", "--lock-timeout is a time")]
    [InlineData("migrate --lock-retries x", "--lock-retries is a number")]
    [InlineData("migrate --lock-retries -1", "--lock-retries is a number, 0 or more")]
    [InlineData("migrate --database-url=", "--database-url")]
    [InlineData("resolve 5", "--applied, --rolled-back and --force")]
    [InlineData("resolve 5 --applied --force", "--applied, --rolled-back and --force")]
    [InlineData("resolve --applied", "VERSION")]
    [InlineData("migrate --whatif", "no option --whatif")]
    [InlineData("undo . -n", "'-n'")]
    [InlineData("undo -n", "no option -n")]
    [InlineData("create --reversable", "no option --reversable")]
    [InlineData("create", "NAME")]
    [InlineData("statements", "FILE")]
    public async Task Wrong_usage_is_2_with_a_reason_and_the_way_to_help(string arguments, string reason)
    {
        var run = await CommandRun.OfAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Out);
        Assert.Contains(reason, run.Error, StringComparison.Ordinal);
        Assert.Contains("--help", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("golang-migrate")]
    [InlineData("GolangMigrate")]
    [InlineData("PRISMA")]
    [InlineData("EfCore")]
    [InlineData("ef-core")]
    public async Task A_format_may_be_spelled_as_here_or_as_in_PowerShell(string format)
    {
        // It is understood if what fails is the rest.
        using var folder = new TemporaryFolder();
        var run = await CommandRun.OfAsync("migrate-info", folder.Path, "--format", format, "--database-url", "postgres://a@127.0.0.1:1/x");
        Assert.Equal(1, run.ExitCode);
        Assert.DoesNotContain("--format is one of", run.Error, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("> /dev/full", "")]
    [InlineData(">&-", "")]
    [InlineData(">&-", "--json")]
    public async Task Results_that_cannot_be_written_are_a_failure(string redirection, string option)
    {
        Skip.IfNot(File.Exists("/dev/full"), "This system has no /dev/full.");
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "a.sql");
        await File.WriteAllTextAsync(file, "SELECT 1;");
        var dll = Path.Combine(AppContext.BaseDirectory, "dbmigrate.dll");
        var start = new System.Diagnostics.ProcessStartInfo("sh", ["-c", $"dotnet \"$0\" statements \"$1\" {option} {redirection}", dll, file])
        {
            RedirectStandardError = true,
        };
        var (exitCode, _, error) = await ChildProcess.RunAsync(start);

        Assert.Equal(1, exitCode);
        Assert.Contains("could be written", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_argument_is_no_default()
    {
        // What "$FOLDER" and "$URL" become when the variable is not set.
        var path = await CommandRun.OfAsync("migrate", "", "--database-url", "postgres://a@127.0.0.1:1/x");
        Assert.Equal(2, path.ExitCode);
        Assert.Contains("PATH is empty", path.Error, StringComparison.Ordinal);

        var url = await CommandRun.OfAsync("migrate", ".", "--database-url", "");
        Assert.Equal(2, url.ExitCode);
        Assert.Contains("--database-url is empty", url.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_in_the_wrong_place_is_not_repeated()
    {
        var run = await CommandRun.OfAsync("migrate", "--databse-url", "postgres://app:hunter2@db/orders");
        Assert.Equal(2, run.ExitCode);
        Assert.DoesNotContain("hunter2", run.Out + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_folder_it_says_which_ones_it_looked_for()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var run = await CommandRun.OfAsync("postgres://a@127.0.0.1:1/x", folder.FullName, ["migrate-info"]);
            Assert.Equal(1, run.ExitCode);
            Assert.Contains("prisma/migrations", run.Error, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete();
        }
    }

    [Theory]
    [InlineData("--help", "migrate-info", "statements", "Exit codes")]
    [InlineData("migrate --help", "--lock-timeout", "--what-if", "Example: dbmigrate migrate")]
    [InlineData("resolve --help", "--rolled-back", "[PATH] VERSION", "Example: dbmigrate resolve")]
    public async Task Help_is_0_and_on_stdout(string arguments, params string[] parts)
    {
        var run = await CommandRun.OfAsync(arguments.Split(' '));
        Assert.Equal(0, run.ExitCode);
        Assert.Empty(run.Error);
        Assert.All(parts, part => Assert.Contains(part, run.Out, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Version_is_the_product_version()
    {
        var run = await CommandRun.OfAsync("--version");
        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+", run.Out);
    }
}
