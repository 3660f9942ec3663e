using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;
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
    public async Task Starts_and_leaves_nothing_behind()
    {
        string directory;
        await using (var sandbox = await DbSandbox.StartAsync(install: false, new RecordingObserver(), CancellationToken.None))
        {
            directory = sandbox.Directory;
            Assert.Equal(
                ["off", "UTC", "UTF8", "200"],
                (await sandbox.Target.RowsAsync(
                    "select unnest(array[current_setting('fsync'), current_setting('timezone'), current_setting('server_encoding'), current_setting('max_connections')])"))
                .Select(row => (string?)row[0]));
            Assert.StartsWith(
                sandbox.ServerVersion.Major.ToString(System.Globalization.CultureInfo.InvariantCulture),
                await sandbox.Target.ScalarAsync<string>("show server_version"),
                StringComparison.Ordinal);
            Assert.True(Directory.Exists(directory));
        }

        Assert.False(Directory.Exists(directory));
    }
}
