using System.Globalization;
using System.Runtime.Versioning;
using System.Text.Json;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Sandbox;

public sealed class DbSandboxTests
{
    [Fact]
    public async Task A_test_gets_a_database_of_its_own()
    {
        var first = await SandboxFixture.NewDatabaseAsync();
        var second = await SandboxFixture.NewDatabaseAsync();
        await first.RunAsync("create table t (a int)", "insert into t values (42)");

        Assert.Equal(42, await first.ScalarAsync<int>("select a from t"));
        Assert.Equal(first.Database, await first.ScalarAsync<string>("select current_database()::text"));
        Assert.Null(await second.ScalarAsync<string>("select to_regclass('t')::text"));
    }

    [Fact]
    public async Task Two_run_at_once_and_leave_nothing_behind()
    {
        var observer = new RecordingObserver();
        var options = new SandboxOptions { MaxConnections = 20 };
        var both = await Task.WhenAll(
            DbSandbox.StartAsync(options, observer, CancellationToken.None),
            DbSandbox.StartAsync(install: false, observer, CancellationToken.None));
        foreach (var sandbox in both)
        {
            Assert.Equal(
                ["off", "UTC", "UTF8", "scram-sha-256", sandbox == both[0] ? "20" : "200", $"{sandbox.ServerVersion.Major}"],
                await SettingsAsync(
                    sandbox.Target,
                    "current_setting('fsync')",
                    "current_setting('timezone')",
                    "current_setting('server_encoding')",
                    "current_setting('password_encryption')",
                    "current_setting('max_connections')",
                    "current_setting('server_version_num')::int / 10000"));
        }

        Assert.NotEqual(both[0].Info.Port, both[1].Info.Port);
        await both[0].DisposeAsync();
        Assert.Equal(1, await both[1].Target.ScalarAsync<int>("select 1"));
        await both[1].DisposeAsync();
        foreach (var sandbox in both)
        {
            Assert.False(Directory.Exists(sandbox.Directory));
            await Assert.ThrowsAsync<NpgsqlException>(() => sandbox.Target.ConnectAsync());
        }

        // Nothing that may be printed holds a password.
        foreach (var sandbox in both)
        {
            var password = new NpgsqlConnectionStringBuilder(sandbox.Target.ConnectionString).Password!;
            var shown = string.Join('\n', observer.Messages) + sandbox.Info + JsonSerializer.Serialize(sandbox.Info);
            Assert.Equal(32, password.Length);
            Assert.DoesNotContain(password, shown, StringComparison.Ordinal);
            Assert.Contains(sandbox.Directory, shown, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Refuses_a_wrong_password_on_port_and_socket()
    {
        var server = await SandboxFixture.ServerAsync();
        string?[] hosts = ["127.0.0.1", server.Info.SocketDirectory];
        foreach (var host in hosts.OfType<string>())
        {
            var settings = new NpgsqlConnectionStringBuilder(server.Target.ConnectionString) { Host = host, Password = "wrong" };
            await using var connection = new NpgsqlConnection(settings.ConnectionString);
            var error = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync());
            Assert.Equal(PostgresErrorCodes.InvalidPassword, error.SqlState);
        }
    }

    [Fact]
    public async Task Can_be_found_and_stopped_by_its_folder()
    {
        await using var sandbox = await DbSandbox.StartAsync(install: false, new RecordingObserver(), CancellationToken.None);
        var listed = Assert.Single(DbSandbox.List(), s => s.Directory == sandbox.Directory);
        Assert.Equal(sandbox.Info with { Target = listed.Target }, listed);
        Assert.Equal(Environment.ProcessId, listed.OwnerProcessId);
        Assert.Equal("postgres", await listed.Target.ScalarAsync<string>("select current_user::text"));

        await DbSandbox.StopAsync(sandbox.Directory + Path.DirectorySeparatorChar, CancellationToken.None);
        Assert.False(Directory.Exists(sandbox.Directory));
        Assert.DoesNotContain(DbSandbox.List(), s => s.Directory == sandbox.Directory);
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => DbSandbox.StopAsync(sandbox.Directory, CancellationToken.None));
        Assert.Equal("SandboxNotFound", error.Id);
    }

    [Fact]
    public async Task Does_not_stop_what_is_no_sandbox()
    {
        using var folder = new TemporaryFolder();
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => DbSandbox.StopAsync(folder.Path, CancellationToken.None));
        Assert.Equal("SandboxNotFound", error.Id);
        Assert.True(Directory.Exists(folder.Path));
    }

    [Fact]
    public void Does_not_take_another_process_for_its_server()
    {
        // What is left of a crash may name a process id that another program has by now: here, ours.
        using var folder = new TemporaryFolder();
        folder.Write("data/postmaster.pid", Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n/data\n");
        Assert.Null(SandboxFolder.ServerProcessId(folder.Path));
    }

    [Fact]
    public async Task A_server_that_does_not_start_says_why()
    {
        var options = new SandboxOptions { MaxConnections = 100_000_000 };
        var error = await Assert.ThrowsAsync<DbMigrateException>(
            () => DbSandbox.StartAsync(options, new RecordingObserver(), CancellationToken.None));

        Assert.Equal("SandboxStartFailed", error.Id);
        Assert.Contains("max_connections", error.Message, StringComparison.Ordinal);
        Assert.Contains("DBMIGRATE_PG_BIN", error.NextStep, StringComparison.Ordinal);
    }

    [SkippableFact]
    [UnsupportedOSPlatform("windows")]
    public async Task Runs_under_another_account_when_root_starts_it()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "NOT TESTED: this process is not root's.");
        var server = await SandboxFixture.ServerAsync();
        var status = await File.ReadAllLinesAsync($"/proc/{server.ProcessId}/status");

        Assert.NotEqual("0", status.Single(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1]);
        foreach (var inner in Directory.GetDirectories(server.Directory))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(inner));
        }
    }

    [Theory]
    [InlineData("root:x:0:0\npostgres:x:101:104\nnobody:x:65534:65534", "postgres")]
    [InlineData("root:*:0:0\n_postgres:*:216:216\nnobody:*:-2:-2", "_postgres")]
    [InlineData("root:x:0:0\nnobody:x:65534:65534", "nobody")]
    public void Chooses_the_account_for_root(string passwd, string expected) =>
        Assert.Equal(expected, ServerAccount.FirstKnown(passwd.Split('\n')));

    private static async Task<IEnumerable<string?>> SettingsAsync(DbTarget target, params string[] expressions)
    {
        var rows = await target.RowsAsync("select " + string.Join(", ", expressions.Select(e => $"({e})::text")));
        return rows[0].Select(value => (string?)value);
    }
}
