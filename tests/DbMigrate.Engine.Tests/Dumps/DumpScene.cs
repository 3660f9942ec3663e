using System.Diagnostics;
using DbMigrate.Engine.Dumps;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Dumps;

/// <summary>A database, a folder for its dumps, and the programs; the test is skipped where they do not fit the server.</summary>
internal sealed class DumpScene : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private DumpScene(DbTarget target, ClientPrograms programs) => (Target, Programs) = (target, programs);

    public DbTarget Target { get; }

    public ClientPrograms Programs { get; }

    public RecordingObserver Observer { get; } = new();

    /// <summary>The folder for dumps; not there yet.</summary>
    public string Dumps => Path.Combine(_folder.Path, "dumps");

    public string Password => new NpgsqlConnectionStringBuilder(Target.ConnectionString).Password!;

    public static async Task<DumpScene> CreateAsync(params string[] statements)
    {
        var server = await SandboxFixture.ServerAsync();
        ClientPrograms programs;
        try
        {
            programs = await ClientProgramLocator.Usual().FindAsync(server.ServerVersion.Major, "The server", CancellationToken.None);
        }
        catch (DbMigrateException e)
        {
            throw new SkipException($"SKIPPED: pg_dump {server.ServerVersion.Major} or newer is needed. {e.Message}");
        }

        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync(statements);
        return new DumpScene(target, programs);
    }

    public DumpOptions Options => new() { Folder = Dumps };

    public async Task<DbSnapshot> DumpAsync(DumpOptions? options = null, CancellationToken cancellationToken = default)
    {
        var plan = await DatabaseDump.PlanAsync(Target, options ?? Options, Observer, cancellationToken);
        return await DatabaseDump.RunAsync(plan, Observer, cancellationToken);
    }

    public Task<DbMigrateException> RefuseAsync(DumpOptions options) => Assert.ThrowsAsync<DbMigrateException>(() => DumpAsync(options));

    public async Task<RestoreResult> RestoreAsync(string path, RestoreOptions options, DbTarget? target = null, CancellationToken cancellationToken = default)
    {
        var plan = await DumpRestore.PlanAsync(path, target ?? Target, options, Observer, cancellationToken);
        return await DumpRestore.RunAsync(plan, Observer, cancellationToken);
    }

    public Task<IReadOnlyList<DbSnapshot>> ListAsync(bool verify = false) => DumpFolder.ListAsync(Dumps, verify, Observer, CancellationToken.None);

    /// <summary>What <c>pg_dump</c> writes as SQL: everything that there is in a database, and its rows.</summary>
    public async Task<string> TextAsync(DbTarget target)
    {
        var lines = new List<string>();
        var exitCode = await ChildProgram.StreamAsync(
            Programs.PgDump,
            ["--dbname=" + LibpqSettings.Keywords(target)],
            await LibpqSettings.ReadAsync(target, "test", Programs, CancellationToken.None),
            lines.Add,
            static _ => { },
            CancellationToken.None);
        Assert.Equal(0, exitCode);

        // A key that newer programs make up for each run.
        return string.Join('\n', lines.Where(line => !line.StartsWith(@"\restrict", StringComparison.Ordinal) && !line.StartsWith(@"\unrestrict", StringComparison.Ordinal)));
    }

    /// <summary>A folder whose <c>pg_dump</c> and <c>pg_restore</c> are scripts; null for the real program.</summary>
    public ClientProgramLocator Fake(string? dump = null, string? restore = null)
    {
        Skip.If(OperatingSystem.IsWindows(), "SKIPPED: the test's programs are shell scripts.");
        var folder = "bin-" + Guid.NewGuid().ToString("N");
        foreach (var (name, real, script) in new[] { ("pg_dump", Programs.PgDump, dump), ("pg_restore", Programs.PgRestore, restore) })
        {
            _folder.WriteScript(Path.Combine(folder, name), (script ?? "exec REAL \"$@\"").Replace("REAL", real, StringComparison.Ordinal));
        }

        return new ClientProgramLocator(_ => null, [Path.Combine(_folder.Path, folder)]);
    }

    /// <summary>What is in the folder for dumps, hidden files as well.</summary>
    public IEnumerable<string> Files() =>
        Directory.Exists(Dumps) ? Directory.EnumerateFileSystemEntries(Dumps).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal) : [];

    /// <summary>The <c>pg_dump</c> or <c>pg_restore</c> that waits for a lock in a database, once there is one.</summary>
    public static async Task<Process> WaitingAsync(DbTarget target, string path)
    {
        await Activity.Scene.WaitForAsync(
            () => target.ScalarAsync<long>(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'DbMigrate %' AND datname = current_database() AND wait_event_type = 'Lock'"),
            count => count > 0);
        // Those of other tests may end meanwhile, and then have no name to ask for.
        return Process.GetProcesses().First(p => ChildProcess.CommandLine(p.Id) is var line
            && Path.GetFileName(line.Split('\0')[0]) is "pg_dump" or "pg_restore" && line.Contains(path, StringComparison.Ordinal));
    }

    public static Task<long> SessionsAsync(DbTarget target) => target.ScalarAsync<long>(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'DbMigrate %' AND datname = current_database()");

    public void Dispose() => _folder.Dispose();
}
