using DbMigrate.Engine.Sandbox;
using Npgsql;

namespace DbMigrate.Testing;

/// <summary>
/// The test process's own PostgreSQL, started by the first test that asks and stopped by <see cref="SandboxTestFramework"/>. It is shared
/// without an xunit collection, so that test classes still run in parallel; each test takes a database of its own.
/// </summary>
public static class SandboxFixture
{
    private static readonly Lazy<Task<DbSandbox>> s_server = new(
        () => DbSandbox.StartAsync(install: true, new RecordingObserver(), CancellationToken.None));

    /// <summary>The server; started when it is not running yet.</summary>
    public static Task<DbSandbox> ServerAsync() => s_server.Value;

    /// <summary>A new, empty database with a random name.</summary>
    public static async Task<DbTarget> NewDatabaseAsync() =>
        await (await ServerAsync()).CreateDatabaseAsync(name: null, CancellationToken.None);

    /// <summary>The address with password for foreign tools: <c>postgres://postgres:secret@127.0.0.1:port/name</c>.</summary>
    public static string TargetUrl(DbTarget target)
    {
        var settings = new NpgsqlConnectionStringBuilder(target.ConnectionString);
        return $"postgres://{settings.Username}:{Uri.EscapeDataString(settings.Password!)}@{target.Host}:{target.Port}/" +
            Uri.EscapeDataString(target.Database);
    }

    /// <summary>The password that a new connection would log in with, where a source gives it; else null.</summary>
    public static string? Password(DbTarget target) => target.PasswordSource?.ReadAsync(isRefused: false, CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>The same database, as though its server had that name.</summary>
    public static DbTarget Named(DbTarget target, string host) => new(target, target.ConnectionString) { Host = host };

    internal static async Task StopAsync()
    {
        if (s_server.IsValueCreated && s_server.Value.IsCompletedSuccessfully)
        {
            await s_server.Value.Result.DisposeAsync();
        }
    }
}
