namespace DbMigrate.Engine.Migrations;

/// <summary>Whether there is a way back before something is done.</summary>
public static class SnapshotGuard
{
    /// <summary>A snapshot of the future has a wrong clock; one of a minute ahead has a clock that is not quite right.</summary>
    private static readonly TimeSpan WrongClock = TimeSpan.FromMinutes(5);

    /// <summary>The newest snapshot of a place that is young enough, and whose content is what was saved.</summary>
    /// <param name="place">Where to look.</param>
    /// <param name="within">How old it may be.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="DbMigrateException"><c>SnapshotRequired</c>; the place cannot be read.</exception>
    public static async Task<DbSnapshot> FindAsync(ISnapshotPlace place, TimeSpan within, CancellationToken cancellationToken)
    {
        var found = await place.ListAsync(cancellationToken);
        try
        {
            while (true)
            {
                var newest = Require(found, within, DateTimeOffset.UtcNow, place.ToString()!);
                if (await place.IsWholeAsync(newest, cancellationToken))
                {
                    return newest;
                }

                found = [.. found.Where(other => other != newest)];
            }
        }
        catch (DbMigrateException e) when (e.Id == "SnapshotRequired")
        {
            throw await place.NotCountedAsync(DateTimeOffset.UtcNow - within, cancellationToken) is { } other
                ? new DbMigrateException("SnapshotRequired", e.Kind, $"{e.Message} {other}", e.NextStep, e) { Subject = e.Subject }
                : e;
        }
    }

    /// <summary>
    /// The newest snapshot that is whole and young enough. Of dumps only our own count: of others nobody knows when, and of which server, they were taken, nor
    /// whether all is in them.
    /// </summary>
    /// <param name="snapshots">What there is of the database.</param>
    /// <param name="within">How old it may be.</param>
    /// <param name="now">The time to count from.</param>
    /// <param name="place">Where they were looked for, for people.</param>
    /// <exception cref="DbMigrateException"><c>SnapshotRequired</c>.</exception>
    public static DbSnapshot Require(IEnumerable<DbSnapshot> snapshots, TimeSpan within, DateTimeOffset now, string place)
    {
        var whole = snapshots
            .Where(s => s is { Status: "available", IsPartial: false, CreatedAt: not null } && (s.IsOurs || s.Kind != DbSnapshotKind.Dump) && s.CreatedAt < now + WrongClock)
            .MaxBy(s => s.CreatedAt);
        if (whole is not null && whole.CreatedAt >= now - within)
        {
            return whole;
        }

        var found = whole is null ? $"There is no whole snapshot in {place}" : $"The newest whole snapshot in {place} is {whole}, taken {Ages.Text(now - whole.CreatedAt!.Value)} ago";
        throw new DbMigrateException(
            "SnapshotRequired",
            ErrorKind.InvalidState,
            $"{found}; one that is not older than {Ages.Text(within)} is required. Nothing was run.",
            "Take one with New-DbSnapshot, or let this run take one: -Snapshot.") { Subject = place };
    }

    /// <summary>What to type to go back.</summary>
    public static string RestoreCommand(DbSnapshot snapshot) => snapshot.Kind == DbSnapshotKind.Dump
        ? $"Get-DbSnapshot {PowerShellText.Quote(snapshot.Path!)} | Restore-DbSnapshot -Database {PowerShellText.Quote(snapshot.Source + "_restored")}"
        : $"Get-DbSnapshot -InstanceId {snapshot.Source} -Id {snapshot.Id}{(snapshot.Region is null ? "" : $" -Region {snapshot.Region}")} | Restore-DbSnapshot -Wait";
}
