namespace DbMigrate.Engine.Dumps;

/// <summary>A folder of dumps.</summary>
/// <param name="folder">Its absolute path; made for the first dump.</param>
/// <param name="target">The database whose dumps count.</param>
/// <param name="observer">Told of progress, and of dumps that are damaged.</param>
public sealed class DumpPlace(string folder, DbTarget target, IEngineObserver observer) : ISnapshotPlace
{
    /// <inheritdoc/>
    public override string ToString() => folder;

    /// <inheritdoc/>
    /// <remarks>Each dump says itself of which database it is.</remarks>
    public Task CheckAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DbSnapshot>> ListAsync(CancellationToken cancellationToken) =>
        Directory.Exists(folder) ? await DumpFolder.ListOfAsync(folder, verify: false, target, observer, cancellationToken) : [];

    /// <inheritdoc/>
    public async Task<string?> NotCountedAsync(DateTimeOffset since, CancellationToken cancellationToken) =>
        Directory.Exists(folder) ? await DumpFolder.NotCountedAsync(folder, target, since, observer, cancellationToken) : null;

    /// <inheritdoc/>
    public async Task<bool> IsWholeAsync(DbSnapshot snapshot, CancellationToken cancellationToken)
    {
        // A dump that has its size may have lost its content all the same.
        if ((await DumpFolder.GetAsync(snapshot.Path!, verify: true, observer, cancellationToken)).Status == snapshot.Status)
        {
            return true;
        }

        observer.Message(MessageLevel.Warning, $"{snapshot.Path} is damaged: it has not the checksum that it had.");
        return false;
    }

    /// <inheritdoc/>
    public async Task<DbSnapshot> TakeAsync(string reason, CancellationToken cancellationToken)
    {
        var plan = await DatabaseDump.PlanAsync(target, new DumpOptions { Folder = folder, Reason = reason }, observer, cancellationToken);
        return await DatabaseDump.RunAsync(plan, observer, cancellationToken);
    }
}
