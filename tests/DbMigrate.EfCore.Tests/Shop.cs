using DbMigrate.Engine.Migrations;
using DbMigrate.Testing;

namespace DbMigrate.EfCore.Tests;

/// <summary>A database and a script of the shop's migrations, with DbMigrate and the real EF Core to work on them.</summary>
internal sealed class Shop : IDisposable
{
    public static readonly string[] Ids =
    [
        "20240101000000_Init", "20240102000000_Seed", "20240103000000_RawSqlFunction", "20240104000000_ConcurrentIndexes",
        "20240105000000_AddEmail", "20240106000000_Nothing",
    ];

    private static readonly RunOptions s_options = new() { RunnerWait = TimeSpan.FromSeconds(20) };

    private readonly string? _history;

    private Shop(DbTarget target, string? history)
    {
        Target = target;
        _history = history;
    }

    public DbTarget Target { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("efcore-").FullName;

    public string Script => Path.Combine(Folder, "migration.sql");

    /// <summary>An empty database, and the script for it that EF Core writes.</summary>
    /// <param name="idempotent"><c>--idempotent</c>.</param>
    /// <param name="transactions">Not <c>--no-transactions</c>.</param>
    /// <param name="history">The history table, with its schema if it is to have one; null for EF Core's own.</param>
    public static async Task<Shop> OpenAsync(bool idempotent = true, bool transactions = true, string? history = null)
    {
        var shop = new Shop(await SandboxFixture.NewDatabaseAsync(), history);
        await shop.WriteScriptAsync("migration.sql", "0", null, idempotent, transactions);
        return shop;
    }

    /// <summary>Lets EF Core write a script into the folder.</summary>
    public async Task<string> WriteScriptAsync(string name, string from, string? to, bool idempotent, bool transactions = true)
    {
        var path = Path.Combine(Folder, name);
        await RealEfCore.ScriptAsync(_history, path, from, to, idempotent, transactions);
        return path;
    }

    /// <summary>EF Core applies or undoes migrations up to the one named; all without one.</summary>
    public Task EfMigrateAsync(string? target = null) => RealEfCore.MigrateAsync(ConnectionString, _history, target);

    /// <summary>What EF Core takes for pending.</summary>
    public Task<string[]> EfPendingAsync() => RealEfCore.PendingAsync(ConnectionString, _history);

    public async Task<IReadOnlyList<MigrationStatus>> StatusAsync()
    {
        await using var project = await OpenProjectAsync();
        return await project.GetStatusAsync(CancellationToken.None);
    }

    public async Task<string> StatesAsync() => string.Join(' ', (await StatusAsync()).Select(s => s.State));

    public Task<IReadOnlyList<MigrationResult>> ApplyAsync(int? count = null) => ApplyAsync(Script, Target, count);

    /// <summary>DbMigrate applies a script to a database.</summary>
    public static async Task<IReadOnlyList<MigrationResult>> ApplyAsync(string script, DbTarget target, int? count = null)
    {
        await using var project = await MigrationProject.OpenAsync(new MigrationSource(script), target, new RecordingObserver(), CancellationToken.None);
        var plan = await project.PlanApplyAsync(new MigrationSelection { Count = count }, s_options, CancellationToken.None);
        return await project.ApplyAsync(plan, s_options, CancellationToken.None).ToListAsync();
    }

    public async Task<IReadOnlyList<MigrationResult>> UndoAsync(int count)
    {
        await using var project = await OpenProjectAsync();
        var plan = await project.PlanUndoAsync(new MigrationSelection { Count = count }, s_options, CancellationToken.None);
        return await project.UndoAsync(plan, s_options, CancellationToken.None).ToListAsync();
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private Task<MigrationProject> OpenProjectAsync() =>
        MigrationProject.OpenAsync(new MigrationSource(Script), Target, new RecordingObserver(), CancellationToken.None);

    private string ConnectionString
    {
        get
        {
            var address = new Uri(SandboxFixture.TargetUrl(Target));
            var login = address.UserInfo.Split(':');
            return $"Host={address.Host};Port={address.Port};Database={Target.Database};Username={login[0]};Password={Uri.UnescapeDataString(login[1])}";
        }
    }
}
