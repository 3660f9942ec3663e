namespace DbMigrate;

/// <summary>Where the snapshots of a database are that a run could go back to. Its text names it to people.</summary>
public interface ISnapshotPlace
{
    /// <summary>Refuses a place that is known to be another database's. Where that cannot be told, it gives a warning.</summary>
    /// <exception cref="DbMigrateException"><c>SnapshotOfAnother</c>; it cannot be asked.</exception>
    Task CheckAsync(CancellationToken cancellationToken);

    /// <summary>What there is of the database.</summary>
    Task<IReadOnlyList<DbSnapshot>> ListAsync(CancellationToken cancellationToken);

    /// <summary>A sentence about what lies there and could be taken for a snapshot of the database, but is none; null where there is nothing to say.</summary>
    /// <param name="since">How old it may be.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<string?> NotCountedAsync(DateTimeOffset since, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    /// <summary>Whether its content is what was saved; if not, a warning was given.</summary>
    Task<bool> IsWholeAsync(DbSnapshot snapshot, CancellationToken cancellationToken);

    /// <summary>Takes one, and waits until it is whole.</summary>
    Task<DbSnapshot> TakeAsync(string reason, CancellationToken cancellationToken);
}
