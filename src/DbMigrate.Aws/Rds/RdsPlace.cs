namespace DbMigrate.Aws.Rds;

/// <summary>An instance or cluster in RDS, in the account of the environment.</summary>
/// <param name="instance">Its name or ARN, or that of a cluster's member.</param>
/// <param name="target">The database that its snapshots have to be of.</param>
/// <param name="observer">Told of progress, and where nothing tells whether it is that database.</param>
public sealed class RdsPlace(string instance, DbTarget target, IEngineObserver observer) : ISnapshotPlace
{
    /// <inheritdoc/>
    public override string ToString() => $"RDS of {instance}";

    /// <inheritdoc/>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        using var rds = Open();
        await rds.CheckHostAsync(instance, target.Host, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DbSnapshot>> ListAsync(CancellationToken cancellationToken)
    {
        using var rds = Open();
        return await rds.ListOfPresentAsync(instance, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> IsWholeAsync(DbSnapshot snapshot, CancellationToken cancellationToken) => Task.FromResult(true);

    /// <inheritdoc/>
    public async Task<DbSnapshot> TakeAsync(string reason, CancellationToken cancellationToken)
    {
        using var rds = Open();
        var plan = await rds.PlanAsync(instance, new RdsSnapshotOptions { Reason = reason }, cancellationToken);
        return await rds.WaitAsync(await rds.CreateAsync(plan, cancellationToken), TimeSpan.Zero, cancellationToken);
    }

    private RdsSnapshots Open() => new(new AwsSettings().For(instance, RdsHost.Region(target.Host)), observer);
}
