using DbMigrate.Engine.Backfill;
using DbMigrate.Testing;

namespace DbMigrate.Engine.Tests.Backfill;

/// <summary>Short ways to run a backfill in a test.</summary>
internal static class BackfillRun
{
    /// <summary>Small batches, so that a few thousand rows take several.</summary>
    public static BackfillOptions Options(string table, string set, string? where = null) =>
        new() { Table = table, Set = set, Where = where, BatchDuration = TimeSpan.FromMilliseconds(200) };

    public static async Task<BackfillResult> RunAsync(this DbTarget target, BackfillOptions options, IEngineObserver? observer = null, CancellationToken cancellationToken = default)
    {
        await using var job = await BackfillJob.OpenAsync(options, target, observer ?? new RecordingObserver(), cancellationToken);
        return await job.RunAsync(cancellationToken).WaitAsync(TimeSpan.FromMinutes(3), CancellationToken.None);
    }

    /// <summary>The id and text of the error that a backfill ends with.</summary>
    public static Task<DbMigrateException> RefusedAsync(this DbTarget target, BackfillOptions options) =>
        Xunit.Assert.ThrowsAsync<DbMigrateException>(() => target.RunAsync(options));

    /// <summary>Our schema is there only while a backfill is not finished.</summary>
    public static async Task<bool> HasStateAsync(this DbTarget target) =>
        await target.ScalarAsync<bool>("SELECT to_regnamespace('dbmigrate') IS NOT NULL");
}
