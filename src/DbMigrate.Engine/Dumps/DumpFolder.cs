using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Dumps;

/// <summary>A folder with dumps: ours, with their facts beside them, and others'.</summary>
public static class DumpFolder
{
    internal const string Extension = ".dump";
    internal const string Available = "available";
    internal const string DamagedStatus = "damaged";
    internal const string SystemIdTag = "system-id";
    internal const string DatabaseOidTag = "database-oid";
    internal const string ServerTag = "server";

    /// <summary>The dumps of a folder, the oldest first.</summary>
    /// <param name="folder">The folder, an absolute path; or one dump.</param>
    /// <param name="verify">Compare checksums, which reads all bytes.</param>
    /// <param name="observer">Told what cannot be read, and of the progress.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="DbMigrateException"><c>FolderNotFound</c>, <c>UnreadableFolder</c>, <c>DumpNotFound</c>.</exception>
    public static Task<IReadOnlyList<DbSnapshot>> ListAsync(string folder, bool verify, IEngineObserver observer, CancellationToken cancellationToken) =>
        ListAsync(folder, verify, locator: null, observer, cancellationToken);

    /// <summary>Those of one database, the oldest first. Its server is asked who it is only where a dump says of which it is.</summary>
    /// <param name="folder">The folder, an absolute path; or one dump.</param>
    /// <param name="verify">Compare checksums, which reads all bytes.</param>
    /// <param name="target">The database. Of a server that cannot be reached the address decides.</param>
    /// <param name="observer">Told what cannot be read, and of the progress.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="DbMigrateException"><c>FolderNotFound</c>, <c>UnreadableFolder</c>, <c>DumpNotFound</c>.</exception>
    public static async Task<IReadOnlyList<DbSnapshot>> ListOfAsync(
        string folder, bool verify, DbTarget target, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var dumps = (await ListAsync(folder, verify, observer, cancellationToken)).Where(dump => IsOf(dump, target, default)).ToList();
        var numbers = dumps.Exists(HasNumbers) ? await NumbersAsync(target, observer, cancellationToken) : default;
        return [.. dumps.Where(dump => IsOf(dump, target, numbers))];
    }

    /// <summary>What one could take for a way back of a database, and is none: the newest dump of the same name; null where there is none.</summary>
    internal static async Task<string?> NotCountedAsync(
        string folder, DbTarget target, DateTimeOffset since, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var dumps = (await ListAsync(folder, verify: false, observer, cancellationToken))
            .Where(dump => dump is { IsOurs: true, IsPartial: false, Status: Available } && dump.Source == target.Database && dump.CreatedAt >= since).ToList();
        var numbers = dumps.Exists(HasNumbers) ? await NumbersAsync(target, observer, cancellationToken) : default;
        if (dumps.LastOrDefault(dump => !IsOf(dump, target, numbers)) is not { } newest)
        {
            return null;
        }

        var why = !Agrees(newest, ServerTag, target.Address) ? $"the database is reached at {target.Address} here"
            : !Agrees(newest, SystemIdTag, numbers.SystemId) ? "another server was at that address then"
            : "another database had that name then";
        return $"{newest.Id} of {newest.Tags.GetValueOrDefault(ServerTag)} is not counted: {why}.";
    }

    internal static async Task<IReadOnlyList<DbSnapshot>> ListAsync(
        string folder, bool verify, ClientProgramLocator? locator, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var dumps = new List<DbSnapshot>();
        var programs = new Lazy<Task<ClientPrograms>>(() => (locator ?? ClientProgramLocator.Usual()).FindNewestAsync(cancellationToken));
        foreach (var path in Paths(folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                dumps.Add(await ReadAsync(path, verify, programs, observer, cancellationToken));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // One that is being removed right now, or that only somebody else may read.
                observer.Message(MessageLevel.Warning, $"{path} cannot be read: {e.Message}");
            }
            catch (DbMigrateException e)
            {
                // Others' dumps take a program to look into them; ours do not.
                observer.Message(MessageLevel.Warning, $"{path} cannot be read: {e.Message} {e.NextStep}");
            }
        }

        return [.. dumps.OrderBy(d => d.CreatedAt).ThenBy(d => d.Id, StringComparer.Ordinal)];
    }

    /// <summary>Looks at one dump.</summary>
    /// <param name="path">The file or the folder.</param>
    /// <param name="verify">Compare the checksum, which reads all bytes.</param>
    /// <param name="observer">Told of the progress.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="DbMigrateException"><c>DumpNotFound</c>, <c>UnreadableFile</c>, <c>DumpProgramNotFound</c>.</exception>
    public static async Task<DbSnapshot> GetAsync(string path, bool verify, IEngineObserver observer, CancellationToken cancellationToken)
    {
        path = DumpPath.Full(path);
        try
        {
            Check(path);
            var programs = new Lazy<Task<ClientPrograms>>(() => ClientProgramLocator.Usual().FindNewestAsync(cancellationToken));
            return await ReadAsync(path, verify, programs, observer, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>
    /// Whether a dump is of a database: it says the same address, and no other server or database behind it. The numbers alone would not do, as copies of a server
    /// keep them. A dump that is not ours tells none of it.
    /// </summary>
    private static bool IsOf(DbSnapshot dump, DbTarget target, (string? SystemId, string? Oid) numbers) =>
        dump.Source == target.Database && Agrees(dump, ServerTag, target.Address) && Agrees(dump, SystemIdTag, numbers.SystemId) && Agrees(dump, DatabaseOidTag, numbers.Oid);

    private static bool HasNumbers(DbSnapshot dump) => dump.Tags.ContainsKey(SystemIdTag) || dump.Tags.ContainsKey(DatabaseOidTag);

    private static bool Agrees(DbSnapshot dump, string tag, string? value) => value is null || dump.Tags.GetValueOrDefault(tag, value) == value;

    /// <summary>Says why a dump is not to be removed; nothing when it may be. What lies there decides, not what was told of it.</summary>
    /// <param name="path">The file or the folder.</param>
    /// <param name="force">Also one that is not ours, or is to be kept.</param>
    /// <exception cref="DbMigrateException"><c>DumpNotFound</c>, <c>UnreadableFile</c>, <c>SnapshotNotOurs</c>, <c>SnapshotKept</c>.</exception>
    public static void CheckRemovable(string path, bool force)
    {
        path = DumpPath.Full(path);
        try
        {
            Check(path);
            if (DumpPath.HoldsOther(path))
            {
                throw DumpFailure.NoDump(path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }

        var dump = DumpFacts.Read(path)?.ToSnapshot(path, Available, size: 0)
            ?? new DbSnapshot { Id = Path.GetFileName(path), Kind = DbSnapshotKind.Dump, Source = "", Status = Available, Path = path };
        dump.CheckRemovable(force);
    }

    /// <summary>Removes a dump and the file beside it.</summary>
    /// <param name="path">The file or the folder.</param>
    /// <param name="force">Also one that is not ours, or is to be kept.</param>
    /// <exception cref="DbMigrateException"><c>UnwritableFolder</c>; what <see cref="CheckRemovable"/> throws.</exception>
    public static void Remove(string path, bool force)
    {
        path = DumpPath.Full(path);
        CheckRemovable(path, force);
        try
        {
            PartialDump.Remove(path);
            File.Delete(DumpFacts.PathOf(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DbMigrateException(
                "UnwritableFolder", ErrorKind.Permission, $"{path} cannot be removed: {e.Message}", "Give your user the right to write there.", e) { Subject = path };
        }
    }

    private static void Check(string path)
    {
        if (!DumpPath.IsDump(path))
        {
            throw File.Exists(path) || Directory.Exists(path) ? DumpFailure.NoDump(path) : DumpFailure.NotFound(path);
        }
    }

    private static DbMigrateException Unreadable(string path, Exception cause) => new(
        "UnreadableFile", ErrorKind.Permission, $"{path} cannot be read: {cause.Message}", "Give your user the right to read it.", cause) { Subject = path };

    private static async Task<(string? SystemId, string? Oid)> NumbersAsync(DbTarget target, IEngineObserver observer, CancellationToken cancellationToken)
    {
        try
        {
            await using var session = await DbSession.OpenAsync(target, observer, cancellationToken);
            return await ServerFailure.GuardAsync(async () =>
            {
                // Two questions, as a role may be refused the first.
                var systemId = await SystemIdentifier.ReadAsync(session, cancellationToken);
                await using var command = new NpgsqlCommand("SELECT oid::text FROM pg_catalog.pg_database WHERE datname = current_database()", session.Connection);
                return (systemId, await command.ExecuteScalarAsync(cancellationToken) as string);
            });
        }
        catch (DbMigrateException e)
        {
            // Dumps are looked for most of all when the server is gone.
            observer.Message(MessageLevel.Verbose, $"Which dumps are of {target} is told by its address, because it cannot be asked: {e.Message}");
            return default;
        }
    }

    private static IEnumerable<string> Paths(string folder)
    {
        folder = DumpPath.Full(folder);
        try
        {
            if (DumpPath.IsDump(folder))
            {
                return [folder];
            }

            if (File.Exists(folder))
            {
                throw DumpFailure.NoDump(folder);
            }

            // One whose beginning was lost is shown as damaged.
            return [.. Directory.EnumerateFileSystemEntries(folder).Where(DumpPath.IsNamedSo).Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException e)
        {
            throw new DbMigrateException("FolderNotFound", ErrorKind.NotFound, $"There is no folder {folder}.", "Check the path.", e) { Subject = folder };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DbMigrateException(
                "UnreadableFolder", ErrorKind.Permission, $"{folder} cannot be read: {e.Message}", "Give your user the right to read it.", e) { Subject = folder };
        }
    }

    private static async Task<DbSnapshot> ReadAsync(
        string path, bool verify, Lazy<Task<ClientPrograms>> programs, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var size = DumpContent.Size(path);
        if (DumpFacts.Read(path) is { } facts)
        {
            var isWhole = size == facts.Size && (!verify || await IsWholeAsync(path, facts, observer, cancellationToken));
            return facts.ToSnapshot(path, isWhole ? Available : DamagedStatus, size);
        }

        // The time that pg_dump writes into a dump is a local one without a zone. The file's own is of the end, and what it holds is no newer.
        var toc = Directory.Exists(path) ? Path.Combine(path, "toc.dat") : path;
        var (content, error) = await DumpContent.ReadAsync(await programs.Value, path, cancellationToken);
        if (content is null)
        {
            observer.Message(MessageLevel.Verbose, $"{path}: {error}");
        }

        return new DbSnapshot
        {
            Id = DumpFacts.Shown(
                Directory.Exists(path) || !path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? Path.GetFileName(path) : Path.GetFileNameWithoutExtension(path)),
            Kind = DbSnapshotKind.Dump,
            Source = DumpFacts.Shown(content?.Database ?? ""),
            Status = content is null ? DamagedStatus : Available,
            CreatedAt = new DateTimeOffset(File.GetLastWriteTimeUtc(toc)),
            Size = size,
            Percent = content is null ? null : 100,
            ServerVersion = content?.ServerVersion is { } version ? DumpFacts.Shown(version) : null,
            Path = path,
            Tables = content?.Tables,
        };
    }

    private static async Task<bool> IsWholeAsync(string path, DumpFacts facts, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var done = 0L;
        var progress = new SynchronousProgress(count =>
        {
            done += count;
            observer.Progress("Verifying dumps", path, (int)Math.Min(100, 100 * done / Math.Max(1, facts.Size)));
        });
        return await DumpContent.ChecksumAsync(path, progress, cancellationToken) == facts.Sha256;
    }
}
