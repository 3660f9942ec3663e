using System.Globalization;

namespace DbMigrate.Aws.Rds;

/// <summary>How far back an instance or cluster can be taken.</summary>
/// <param name="Source">Its name.</param>
/// <param name="Earliest">The earliest moment; null when RDS does not say.</param>
/// <param name="Latest">The latest one; it lags some minutes behind. Null where there is no backup.</param>
/// <param name="HasBackups">Whether automated backups are kept.</param>
internal sealed record RdsWindow(string Source, DateTimeOffset? Earliest, DateTimeOffset? Latest, bool HasBackups)
{
    /// <summary>Reads it anew: it moves.</summary>
    public static async Task<RdsWindow> ReadAsync(IRds rds, DbSnapshotKind kind, string sourceId, CancellationToken cancellationToken)
    {
        if (kind == DbSnapshotKind.Cluster)
        {
            var cluster = await rds.DescribeDBClusterAsync(sourceId, cancellationToken);
            return new RdsWindow(sourceId, cluster.EarliestRestorableTime, cluster.LatestRestorableTime, true);
        }

        var instance = (await rds.DescribeDBInstancesAsync(sourceId, null, cancellationToken))[0];
        var earliest = await rds.DescribeEarliestRestorableTimeAsync(sourceId, cancellationToken);
        return new RdsWindow(sourceId, earliest, instance.LatestRestorableTime, instance.BackupRetention is not 0);
    }

    /// <summary>Refuses a time that is not within.</summary>
    /// <param name="time">The moment; null for the latest.</param>
    /// <param name="canWait">Whether a time that has passed, and that RDS's backups have not reached yet, is waited for.</param>
    /// <returns>Whether it is within by now.</returns>
    /// <exception cref="DbMigrateException"><c>PointInTimeRestoreOff</c>, <c>RestoreTimeTooEarly</c>, <c>RestoreTimeTooLate</c>.</exception>
    public bool Check(DateTimeOffset? time, bool canWait)
    {
        if (!HasBackups || Latest is null)
        {
            throw new DbMigrateException(
                "PointInTimeRestoreOff",
                ErrorKind.InvalidState,
                HasBackups
                    ? $"{Source} has no automated backup yet, so there is no time to go back to."
                    : $"{Source} keeps no automated backups (retention 0), so there is no time to go back to.",
                "Restore a snapshot instead: Get-DbSnapshot lists them. For the future set a backup retention period of one day or more.") { Subject = Source };
        }

        if (time < Earliest)
        {
            throw new DbMigrateException(
                "RestoreTimeTooEarly",
                ErrorKind.InvalidArgument,
                $"{Source} can be taken back to {Text(Earliest)} at most, not to {Text(time)}.",
                "Give a later time, or restore an older snapshot: Get-DbSnapshot lists them.") { Subject = Source };
        }

        if (time > Latest && !(canWait && time <= DateTimeOffset.UtcNow))
        {
            throw new DbMigrateException(
                "RestoreTimeTooLate",
                ErrorKind.InvalidArgument,
                $"{Source} can be restored up to {Text(Latest)} as yet, not to {Text(time)}; it is now {Text(DateTimeOffset.UtcNow)}.",
                time > DateTimeOffset.UtcNow
                    ? "Give a time in the past. A time without offset is local: write 2026-11-21T10:00:00Z for UTC."
                    : "Try again in five minutes: RDS lags so far behind. -Wait waits for it. Or give an earlier time, or -Latest.") { Subject = Source };
        }

        return !(time > Latest);
    }

    /// <summary>A time, for people.</summary>
    public static string Text(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "?";
}
