using System.Diagnostics;
using System.Globalization;
using DbMigrate.Engine.Migrations;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.EfCore.Tests;

/// <summary>A database and a script of the shop's migrations, with DbMigrate and the real EF Core to work on them.</summary>
internal sealed class Shop : IAsyncDisposable
{
    public const int Idempotent = 2;
    public const int NoTransactions = 4;

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

    /// <summary>An empty database, and the script in it that EF Core writes with these options.</summary>
    /// <param name="options">Bits of EF Core's <c>MigrationsSqlGenerationOptions</c>.</param>
    /// <param name="history">The history table, with its schema if it is to have one; null for EF Core's own.</param>
    public static async Task<Shop> OpenAsync(int options = Idempotent, string? history = null)
    {
        var shop = new Shop(await SandboxFixture.NewDatabaseAsync(), history);
        await shop.WriteScriptAsync("migration.sql", "0", "-", options);
        return shop;
    }

    /// <summary>Lets EF Core write a script into the folder.</summary>
    public async Task<string> WriteScriptAsync(string name, string from, string to, int options)
    {
        var path = Path.Combine(Folder, name);
        await EfAsync("script", path, from, to, options.ToString(CultureInfo.InvariantCulture));
        return path;
    }

    /// <summary>EF Core applies or undoes migrations up to the one named; all without one.</summary>
    public Task EfMigrateAsync(string? target = null) => target is null ? EfAsync("migrate") : EfAsync("migrate", target);

    /// <summary>What EF Core takes for pending.</summary>
    public async Task<string[]> EfPendingAsync() => (await EfAsync("pending")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public async Task<IReadOnlyList<MigrationStatus>> StatusAsync()
    {
        await using var project = await OpenProjectAsync();
        return await project.GetStatusAsync(CancellationToken.None);
    }

    public async Task<string> StatesAsync() => string.Join(' ', (await StatusAsync()).Select(s => s.State));

    public async Task<IReadOnlyList<MigrationResult>> ApplyAsync(int? count = null)
    {
        await using var project = await OpenProjectAsync();
        var plan = await project.PlanApplyAsync(new MigrationSelection { Count = count }, s_options, CancellationToken.None);
        return await project.ApplyAsync(plan, s_options, CancellationToken.None).ToListAsync();
    }

    public async Task<IReadOnlyList<MigrationResult>> UndoAsync(int count)
    {
        await using var project = await OpenProjectAsync();
        var plan = await project.PlanUndoAsync(new MigrationSelection { Count = count }, s_options, CancellationToken.None);
        return await project.UndoAsync(plan, s_options, CancellationToken.None).ToListAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        await ValueTask.CompletedTask;
    }

    private Task<MigrationProject> OpenProjectAsync() =>
        MigrationProject.OpenAsync(new MigrationSource(Script), Target, new RecordingObserver(), CancellationToken.None);

    private async Task<string> EfAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "EfCoreShop.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var address = new Uri(SandboxFixture.TargetUrl(Target));
        var login = address.UserInfo.Split(':');
        start.Environment["SHOP_CONNECTION"] =
            $"Host={address.Host};Port={address.Port};Database={Target.Database};Username={login[0]};Password={Uri.UnescapeDataString(login[1])}";
        start.Environment["SHOP_HISTORY"] = _history;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"EF Core {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await output}{await errors}");
        return await output;
    }
}
