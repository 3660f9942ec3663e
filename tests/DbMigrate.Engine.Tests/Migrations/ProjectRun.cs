using DbMigrate.Engine.Migrations;
using DbMigrate.Testing;

namespace DbMigrate.Engine.Tests.Migrations;

/// <summary>Short ways to run the migrations of a test.</summary>
internal static class ProjectRun
{
    public static Task<MigrationProject> OpenAsync(this TemporaryMigrations folder, DbTarget target, IEngineObserver? observer = null) =>
        MigrationProject.OpenAsync(new MigrationSource(folder.Path, folder.Format), target, observer ?? new RecordingObserver(), CancellationToken.None);

    /// <summary>Applies what is pending; what is told before an error or a cancel stays in <paramref name="results"/>.</summary>
    public static async Task<List<MigrationResult>> ApplyAsync(
        this TemporaryMigrations folder,
        DbTarget target,
        RunOptions options,
        IEngineObserver? observer = null,
        List<MigrationResult>? results = null,
        MigrationSelection? selection = null,
        CancellationToken cancellationToken = default)
    {
        await using var project = await folder.OpenAsync(target, observer);
        var plan = await project.PlanApplyAsync(selection ?? new MigrationSelection(), options, cancellationToken);
        return await ListAsync(project.ApplyAsync(plan, options, cancellationToken), results ?? []);
    }

    /// <summary>Undoes the last migration, or what the selection says.</summary>
    public static async Task<List<MigrationResult>> UndoAsync(this TemporaryMigrations folder, DbTarget target, RunOptions options, MigrationSelection? selection = null)
    {
        await using var project = await folder.OpenAsync(target);
        var plan = await project.PlanUndoAsync(selection ?? new MigrationSelection(), options, CancellationToken.None);
        return await ListAsync(project.UndoAsync(plan, options, CancellationToken.None), []);
    }

    private static async Task<List<MigrationResult>> ListAsync(IAsyncEnumerable<MigrationResult> results, List<MigrationResult> list)
    {
        await foreach (var result in results)
        {
            list.Add(result);
        }

        return list;
    }
}
