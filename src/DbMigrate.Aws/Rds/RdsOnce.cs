namespace DbMigrate.Aws.Rds;

/// <summary>
/// Makes a thing once. A request whose reply got lost is sent again by the SDK, and then RDS says that the thing is there already: whose it
/// is, the tag with the run's id tells.
/// </summary>
internal static class RdsOnce
{
    /// <summary>Makes it, or finds that an earlier try has made it.</summary>
    /// <param name="create">The request.</param>
    /// <param name="describe">Looks at what is there.</param>
    /// <param name="tags">Its tags.</param>
    /// <param name="runId">The run that asks.</param>
    /// <exception cref="DbMigrateException">What <paramref name="create"/> failed with, where what is there is not this run's.</exception>
    public static async Task<T> CreateAsync<T>(
        Func<Task<T>> create, Func<Task<T>> describe, Func<T, IReadOnlyDictionary<string, string>> tags, string runId)
    {
        try
        {
            return await create();
        }
        catch (DbMigrateException e) when (e.Id is "SnapshotExists" or "InstanceExists" or "AwsUnreachable" or "AwsBadReply")
        {
            var found = await TryAsync(describe);
            if (found is not null && tags(found).TryGetValue(RdsTags.RunId, out var id) && id == runId)
            {
                return found;
            }

            throw;
        }
    }

    private static async Task<T?> TryAsync<T>(Func<Task<T>> describe)
    {
        try
        {
            return await describe();
        }
        catch (DbMigrateException)
        {
            // The first error says more.
            return default;
        }
    }
}
