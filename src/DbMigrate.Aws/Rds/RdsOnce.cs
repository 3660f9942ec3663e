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
    /// <param name="observer">Warned when the request is under way and nobody waits for its reply any more: the thing may be there.</param>
    /// <param name="what">What is made.</param>
    /// <param name="follow">The command that shows whether it is there.</param>
    /// <param name="cancellationToken">Stops asking; <paramref name="create"/> and <paramref name="describe"/> look at it as well.</param>
    /// <exception cref="DbMigrateException">What <paramref name="create"/> failed with, where what is there is not this run's.</exception>
    public static async Task<T> CreateAsync<T>(
        Func<Task<T>> create,
        Func<Task<T>> describe,
        Func<T, IReadOnlyDictionary<string, string>> tags,
        string runId,
        IEngineObserver observer,
        string what,
        string follow,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return await CreateAsync(create, describe, tags, runId);
        }
        catch (OperationCanceledException)
        {
            observer.Message(MessageLevel.Warning, $"AWS was asked for {what}, and its reply was not waited for: it may be there. See whether it is with: {follow}");
            throw;
        }
    }

    private static async Task<T> CreateAsync<T>(
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
