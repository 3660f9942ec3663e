using DbMigrate.Aws;
using DbMigrate.Aws.Rds;
using DbMigrate.Engine.Dumps;

namespace DbMigrate.Commands;

/// <summary>Where the snapshots of a database are: a folder of dumps, or RDS.</summary>
internal sealed class SnapshotPlace
{
    private readonly DbTarget _target;
    private readonly string? _folder;
    private readonly string _source;
    private readonly AwsSettings _aws;
    private readonly IEngineObserver _observer;

    /// <param name="target">The database.</param>
    /// <param name="folder">The folder of dumps; null for RDS.</param>
    /// <param name="instanceId">The instance or cluster in RDS; null for that of the address.</param>
    /// <param name="observer">Told of progress.</param>
    /// <exception cref="DbMigrateException"><c>SnapshotPlaceMissing</c>.</exception>
    public SnapshotPlace(DbTarget target, string? folder, string? instanceId, IEngineObserver observer)
    {
        (_target, _folder, _observer) = (target, folder, observer);
        _source = instanceId ?? RdsHost.SourceId(target.Host) ?? (folder is null ? throw ErrorRecords.SnapshotPlaceMissing(target.Host) : "");
        var settings = new AwsSettings().For(_source);
        _aws = settings with { Region = settings.Region ?? RdsHost.Region(target.Host) };
    }

    /// <summary>For people: the folder, or the instance.</summary>
    public override string ToString() => _folder ?? $"RDS of {_source}";

    /// <summary>What there is of the database.</summary>
    public async Task<IReadOnlyList<DbSnapshot>> ListAsync(CancellationToken cancellationToken)
    {
        if (_folder is not null)
        {
            return !Directory.Exists(_folder) ? []
                : [.. (await DumpFolder.ListAsync(_folder, verify: false, _observer, cancellationToken)).Where(dump => DumpFolder.IsOf(dump, _target))];
        }

        using var rds = new RdsSnapshots(_aws, _observer);
        return await rds.ListAsync(_source, cancellationToken);
    }

    /// <summary>Takes one, and waits until it is whole.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="cancellationToken">Stops; what RDS has begun it ends.</param>
    public async Task<DbSnapshot> TakeAsync(string reason, CancellationToken cancellationToken)
    {
        if (_folder is not null)
        {
            var dump = await DatabaseDump.PlanAsync(_target, new DumpOptions { Folder = _folder, Reason = reason }, _observer, cancellationToken);
            return await DatabaseDump.RunAsync(dump, _observer, cancellationToken);
        }

        using var rds = new RdsSnapshots(_aws, _observer);
        var plan = await rds.PlanAsync(_source, new RdsSnapshotOptions { Reason = reason }, cancellationToken);
        return await rds.WaitAsync(await rds.CreateAsync(plan, cancellationToken), TimeSpan.Zero, cancellationToken);
    }
}
