using DbMigrate.Engine.Backfill;
using DbMigrate.Testing;

namespace DbMigrate.Engine.Tests.Backfill;

/// <summary>Short ways to run a backfill in a test.</summary>
internal static class BackfillRun
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan PatienceToStop = TimeSpan.FromSeconds(30);

    /// <summary>Small batches, so that a few thousand rows take several.</summary>
    public static BackfillOptions Options(string table, string set, string? where = null) =>
        new() { Table = table, Set = set, Where = where, BatchDuration = TimeSpan.FromMilliseconds(200) };

    /// <summary>With time enough on a busy machine, for a test that counts: no batch is rolled back, and of one session's the first two have 1000 rows, later ones up to 4 times more.</summary>
    public static BackfillOptions Unhurried(string table, string set, string? where = null) =>
        Options(table, set, where) with { BatchDuration = TimeSpan.FromSeconds(10) };

    /// <exception cref="TimeoutException">It did not end within <see cref="Limit"/>.</exception>
    public static async Task<BackfillResult> RunAsync(this DbTarget target, BackfillOptions options, IEngineObserver? observer = null, CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var job = await BackfillJob.OpenAsync(options, target, observer ?? new RecordingObserver(), limit.Token);
            var running = job.RunAsync(limit.Token);
            try
            {
                return await running.WaitAsync(Limit + PatienceToStop, CancellationToken.None);
            }
            finally
            {
                // A connection at work might never close; then the test fails, and leaves it.
                if (running.IsCompleted)
                {
                    await job.DisposeAsync();
                }
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The backfill of {options.Table} did not end within {Limit}.");
        }
    }

    /// <summary>The id and text of the error that a backfill ends with.</summary>
    public static Task<DbMigrateException> RefusedAsync(this DbTarget target, BackfillOptions options) =>
        Xunit.Assert.ThrowsAsync<DbMigrateException>(() => target.RunAsync(options));

    /// <summary>Our schema is there only while a backfill is not finished.</summary>
    public static async Task<bool> HasStateAsync(this DbTarget target) =>
        await target.ScalarAsync<bool>("SELECT to_regnamespace('dbmigrate') IS NOT NULL");
}
