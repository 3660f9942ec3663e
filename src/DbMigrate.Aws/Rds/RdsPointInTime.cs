namespace DbMigrate.Aws.Rds;

/// <summary>Takes an RDS instance or an Aurora or Multi-AZ cluster back to a moment, as a new instance or cluster.</summary>
public sealed class RdsPointInTime : IDisposable
{
    private readonly IRds _rds;
    private readonly IEngineObserver _observer;
    private readonly TimeSpan _interval;

    /// <param name="settings">Account, region and address.</param>
    /// <param name="observer">Told of progress.</param>
    /// <exception cref="DbMigrateException"><c>AwsRegionMissing</c>, <c>InvalidRegion</c>, <c>AwsProfileNotFound</c>, <c>InvalidEndpointUrl</c>.</exception>
    public RdsPointInTime(AwsSettings settings, IEngineObserver observer)
        : this(RdsClient.Open(settings), observer, settings.PollInterval)
    {
    }

    internal RdsPointInTime(IRds rds, IEngineObserver observer, TimeSpan interval) => (_rds, _observer, _interval) = (rds, observer, interval);

    /// <summary>Looks whether and how it can be done. Writes nothing.</summary>
    /// <param name="sourceId">The name or ARN of an instance, of a cluster, or of a cluster's member.</param>
    /// <param name="restoreTime">
    /// The moment, cut to whole seconds, as RDS does not know smaller ones; null for the latest. One of the last minutes, which RDS's backups have not
    /// reached yet, is waited for if the options say so.
    /// </param>
    /// <param name="options">Name and class of what is made.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="DbMigrateException">
    /// <c>InstanceNotFound</c>, <c>InstanceExists</c>, <c>InvalidInstanceName</c>, <c>PointInTimeRestoreOff</c>, <c>RestoreTimeTooEarly</c>,
    /// <c>RestoreTimeTooLate</c>, <c>TooManyTags</c>; see docs/aws.md.
    /// </exception>
    public async Task<RdsRestorePlan> PlanAsync(
        string sourceId, DateTimeOffset? restoreTime, RdsRestoreOptions options, CancellationToken cancellationToken)
    {
        var source = await RdsSource.FindAsync(_rds, sourceId, cancellationToken);
        var time = restoreTime?.ToUniversalTime();
        time = time?.AddTicks(-(time.Value.Ticks % TimeSpan.TicksPerSecond));
        var window = await RdsWindow.ReadAsync(_rds, source.Kind, source.Id, cancellationToken);
        var isWithin = window.Check(time, options.Wait);
        var plan = await new RdsRestore(_rds, _observer, _interval).PlanAsync(null, source, time, options, cancellationToken);
        return isWithin ? plan : plan with
        {
            Remarks =
            [
                .. plan.Remarks,
                $"RDS can restore {source.Id} up to {RdsWindow.Text(window.Latest)} as yet; it is waited for until that is {RdsWindow.Text(time)}.",
            ],
        };
    }

    /// <summary>Does it.</summary>
    /// <inheritdoc cref="RdsRestore.RunAsync"/>
    public Task<RestoreResult> RunAsync(RdsRestorePlan plan, Func<RdsEndpoint, DbTarget?> target, CancellationToken cancellationToken) =>
        new RdsRestore(_rds, _observer, _interval).RunAsync(plan, target, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _rds.Dispose();
}
