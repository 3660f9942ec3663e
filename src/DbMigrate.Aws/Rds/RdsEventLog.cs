namespace DbMigrate.Aws.Rds;

/// <summary>Tells what RDS says it does, each thing once.</summary>
internal sealed class RdsEventLog(IRds rds, IEngineObserver observer, DbSnapshotKind kind, string id, DateTimeOffset since)
{
    private readonly HashSet<RdsEvent> _told = [];

    /// <summary>The last thing.</summary>
    public string? Last { get; private set; }

    /// <summary>Reads what is new. Who may not read events waits without them.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var e in await rds.DescribeEventsAsync(kind, id, since, cancellationToken))
            {
                if (_told.Add(e))
                {
                    Last = e.Message;
                    observer.Message(MessageLevel.Verbose, $"{e.Date.UtcDateTime:HH:mm:ss}Z {id}: {e.Message}");
                }
            }
        }
        catch (DbMigrateException)
        {
            // The status is what counts.
        }
    }
}
