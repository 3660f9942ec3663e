using DbMigrate.Engine.Sandbox;

namespace DbMigrate.Engine.Dumps;

/// <summary>
/// The folder that a dump is written into before it gets its name: <c>.&lt;name&gt;.partial/</c> beside it. Its owner keeps a lock file open, which the
/// system closes however the owner ends, so one whose lock can be had is left over.
/// </summary>
internal sealed class PartialDump : IDisposable
{
    private const string Suffix = ".partial";
    private const string LockName = "owner.lock";

    private readonly string _folder;
    private readonly FileStream _lock;

    private PartialDump(string folder, FileStream ownerLock) => (_folder, _lock) = (folder, ownerLock);

    /// <summary>The dump while it is being written.</summary>
    public string Dump => Path.Combine(_folder, "dump");

    /// <summary>Makes the folder for a dump, and the one that it will lie in.</summary>
    /// <param name="path">The dump's later path.</param>
    /// <exception cref="DbMigrateException"><c>DumpBusy</c>, <c>UnwritableFolder</c>.</exception>
    public static PartialDump Create(string path)
    {
        var parent = Path.GetDirectoryName(path)!;
        var folder = Path.Combine(parent, $".{Path.GetFileName(path)}{Suffix}");
        try
        {
            CreatePrivate(parent);
            CreatePrivate(folder);

            // Whoever may write beside the dump could otherwise have another folder emptied.
            if (new DirectoryInfo(folder).LinkTarget is not null)
            {
                throw new IOException($"{folder} is a link to somewhere else.");
            }

            var partial = new PartialDump(folder, OpenLock(folder, FileMode.OpenOrCreate) ?? throw Busy(path));
            partial.Clear();
            return partial;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(parent, e);
        }
    }

    /// <summary>Gives the dump its name, its facts first: a dump without them would look like somebody else's.</summary>
    /// <exception cref="DbMigrateException"><c>DumpExists</c>, <c>UnwritableFolder</c>.</exception>
    public async Task CompleteAsync(DumpFacts facts, string path, CancellationToken cancellationToken)
    {
        try
        {
            if (File.Exists(path) || Directory.Exists(path))
            {
                throw DumpFailure.Exists(path);
            }

            await facts.WriteAsync(Path.Combine(_folder, "facts"), cancellationToken);
            File.Move(Path.Combine(_folder, "facts"), DumpFacts.PathOf(path), overwrite: true);
            if (Directory.Exists(Dump))
            {
                Directory.Move(Dump, path);
            }
            else
            {
                if (!OperatingSystem.IsWindows())
                {
                    // It holds the data of everybody whom the database knows.
                    File.SetUnixFileMode(Dump, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                }

                File.Move(Dump, path);
            }

            Posix.FlushFolder(Path.GetDirectoryName(path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(Path.GetDirectoryName(path)!, e);
        }
    }

    /// <summary>Removes the folder, with what is in it.</summary>
    public void Dispose()
    {
        try
        {
            Clear();
            _lock.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What is left over is swept the next time.
            _lock.Dispose();
        }
    }

    /// <summary>The folders in <paramref name="folder"/> whose owners are gone.</summary>
    public static IEnumerable<string> LeftOver(string folder)
    {
        foreach (var path in Directory.EnumerateDirectories(folder, ".*" + Suffix).Where(p => new DirectoryInfo(p).LinkTarget is null && File.Exists(Path.Combine(p, LockName))).Order(StringComparer.Ordinal))
        {
            var free = OpenLock(path, FileMode.Open);
            free?.Dispose();
            if (free is not null)
            {
                yield return path;
            }
        }
    }

    /// <summary>Removes a dump, or its leftovers: first out of sight at once, then file by file.</summary>
    public static void Remove(string path)
    {
        if (File.Exists(path))
        {
            File.Delete(path);
            return;
        }

        if (!Path.GetFileName(path).EndsWith(Suffix, StringComparison.Ordinal))
        {
            var hidden = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}{Suffix}");
            Directory.Move(path, hidden);
            File.Create(Path.Combine(hidden, LockName)).Dispose();
            path = hidden;
        }

        Directory.Delete(path, recursive: true);
    }

    private static FileStream? OpenLock(string folder, FileMode mode)
    {
        try
        {
            return new FileStream(Path.Combine(folder, LockName), mode, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException))
        {
            return null;
        }
    }

    private static void CreatePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private void Clear()
    {
        foreach (var entry in new DirectoryInfo(_folder).EnumerateFileSystemInfos().Where(e => e.Name != LockName))
        {
            if (entry is DirectoryInfo inner)
            {
                inner.Delete(recursive: true);
            }
            else
            {
                entry.Delete();
            }
        }
    }

    private static DbMigrateException Busy(string path) => new(
        "DumpBusy",
        ErrorKind.Busy,
        $"Another run is just writing {path}.",
        "Wait until it has ended, or choose another name with -Id.") { Subject = path };

    private static DbMigrateException Unwritable(string folder, Exception cause) => new(
        "UnwritableFolder",
        ErrorKind.Permission,
        $"The folder {folder} cannot be written to: {cause.Message}",
        "Name another folder with -Path, or have the right to write granted.",
        cause) { Subject = folder };
}
