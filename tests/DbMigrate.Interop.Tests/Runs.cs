using DbMigrate.Engine.Migrations;
using DbMigrate.Testing;

namespace DbMigrate.Interop.Tests;

/// <summary>DbMigrate's side of a test: each call is a run of its own, as from a shell.</summary>
/// <param name="source">The folder.</param>
/// <param name="target">The database.</param>
internal sealed class Runs(MigrationSource source, DbTarget target)
{
    private static readonly RunOptions Options = new() { RunnerWait = TimeSpan.FromSeconds(20) };

    public async Task<string> StatesAsync()
    {
        await using var project = await OpenAsync();
        return string.Join(' ', (await project.GetStatusAsync(CancellationToken.None)).Select(s => s.State));
    }

    public async Task<int> ApplyAsync(int? count = null, string? to = null)
    {
        await using var project = await OpenAsync();
        var plan = await project.PlanApplyAsync(new MigrationSelection { Count = count, To = to }, Options, CancellationToken.None);
        return await project.ApplyAsync(plan, Options, CancellationToken.None).CountAsync();
    }

    public async Task<int> UndoAsync(int count)
    {
        await using var project = await OpenAsync();
        var plan = await project.PlanUndoAsync(new MigrationSelection { Count = count }, Options, CancellationToken.None);
        return await project.UndoAsync(plan, Options, CancellationToken.None).CountAsync();
    }

    public async Task<MigrationState> ResolveAsync(string version, ResolveAction action)
    {
        await using var project = await OpenAsync();
        return (await project.ResolveAsync(version, action, Options, CancellationToken.None)).State;
    }

    private Task<MigrationProject> OpenAsync() => MigrationProject.OpenAsync(source, target, new RecordingObserver(), CancellationToken.None);
}
