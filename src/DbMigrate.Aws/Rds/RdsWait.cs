using System.Diagnostics;

namespace DbMigrate.Aws.Rds;

/// <summary>Waits for something that AWS is working on, and that AWS goes on with when nobody waits any more.</summary>
/// <param name="observer">Told of progress.</param>
/// <param name="interval">The pause between two looks.</param>
/// <param name="limit">The longest to wait; zero for ever.</param>
/// <param name="what">What is waited for: <c>snapshot pre-migration-1 of prod</c>.</param>
/// <param name="follow">The command that shows how far it is.</param>
internal sealed class RdsWait(IEngineObserver observer, TimeSpan interval, TimeSpan limit, string what, string follow)
{
    // What was just made may not be seen at once.
    private const int MaxMissing = 6;

    private readonly Stopwatch _time = Stopwatch.StartNew();

    /// <summary>Looks until it is done, so many times in a row.</summary>
    /// <param name="look">Looks once; throws when it has failed.</param>
    /// <param name="times">How often in a row it has to be done: RDS's status goes from available back to modifying and backing-up.</param>
    /// <param name="cancellationToken">Stops waiting, not the work.</param>
    /// <exception cref="DbMigrateException"><c>AwsWaitTimeout</c>, <c>AwsTokenExpired</c>; what <paramref name="look"/> throws.</exception>
    public async Task<T> UntilAsync<T>(Func<CancellationToken, Task<RdsLook<T>>> look, int times, CancellationToken cancellationToken)
    {
        observer.Message(MessageLevel.Verbose, $"Waiting for {what}. AWS goes on with it in any case; follow it with: {follow}");
        var done = 0;
        var missing = 0;
        var status = "unknown";
        try
        {
            while (true)
            {
                try
                {
                    var seen = await look(cancellationToken);
                    (status, missing) = (seen.Status, 0);
                    observer.Progress($"Waiting for {what}", seen.Status + TimeLeft(seen.Percent), seen.Percent ?? -1);
                    done = seen.IsDone ? done + 1 : 0;
                    if (done == times)
                    {
                        return seen.Value;
                    }
                }
                catch (DbMigrateException e) when (IsPassing(e, ref missing))
                {
                    observer.Message(MessageLevel.Verbose, $"{e.Message} Looking again.");
                }

                if (limit > TimeSpan.Zero && _time.Elapsed + interval > limit)
                {
                    throw new DbMigrateException(
                        "AwsWaitTimeout",
                        ErrorKind.Timeout,
                        $"After {Ages.Text(_time.Elapsed)} {what} is not done: {status}. AWS goes on with it.",
                        $"Follow it with: {follow}; wait longer with -Timeout.") { Subject = what };
                }

                await Task.Delay(interval, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            observer.Message(MessageLevel.Warning, $"AWS goes on with {what}. Follow it with: {follow}");
            throw;
        }
        catch (DbMigrateException e) when (e.Id is "AwsTokenExpired" or "AwsLoginExpired" or "AwsCredentialsInvalid" or "AwsCredentialsMissing")
        {
            throw new DbMigrateException(
                e.Id, e.Kind, $"{e.Message} AWS goes on with {what}.", $"{e.NextStep} Then follow it with: {follow}") { Subject = e.Subject };
        }
    }

    // The time limit ends these; a wait of an hour outlives a network that is gone for a minute.
    private static bool IsPassing(DbMigrateException e, ref int missing) => e.Id switch
    {
        "AwsThrottled" or "AwsUnreachable" or "AwsBadReply" => true,
        "SnapshotNotFound" or "InstanceNotFound" => ++missing < MaxMissing,
        _ => false,
    };

    private string TimeLeft(int? percent) => percent switch
    {
        > 0 and < 100 => $", {percent} %, about {Ages.Text(_time.Elapsed * (100 - percent.Value) / percent.Value)} left",
        _ => $", {Ages.Text(_time.Elapsed)} so far",
    };
}
