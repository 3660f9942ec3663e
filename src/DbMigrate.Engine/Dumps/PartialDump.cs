using System.Security.Cryptography;
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

    /// <summary>Makes the folder for a dump, and the one that it will lie in; null while another run has it.</summary>
    /// <param name="path">The dump's later path.</param>
    /// <exception cref="DbMigrateException"><c>UnwritableFolder</c>.</exception>
    public static PartialDump? TryCreate(string path)
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

            if (OpenLock(folder, FileMode.OpenOrCreate) is not { } ownerLock)
            {
                return null;
            }

            var partial = new PartialDump(folder, ownerLock);
            partial.Clear();
            return partial;
        }
        catch (DirectoryNotFoundException) when (Directory.Exists(parent))
        {
            return null;
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
            Delete(_folder, _lock);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What is left over is swept the next time.
            _lock.Dispose();
        }
    }

    /// <summary>Removes the folders in <paramref name="folder"/> whose owners are gone, and tells them.</summary>
    public static IEnumerable<string> Sweep(string folder)
    {
        foreach (var path in Directory.EnumerateDirectories(folder, ".*" + Suffix).Where(p => new DirectoryInfo(p).LinkTarget is null && File.Exists(Path.Combine(p, LockName))).Order(StringComparer.Ordinal))
        {
            if (TryDelete(path))
            {
                yield return path;
            }
        }
    }

    /// <summary>Removes a dump: first out of sight at once, then file by file.</summary>
    public static void Remove(string path)
    {
        if (File.Exists(path))
        {
            File.Delete(path);
            return;
        }

        var hidden = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}{Suffix}");
        Directory.Move(path, hidden);
        File.Create(Path.Combine(hidden, LockName)).Dispose();
        Directory.Delete(hidden, recursive: true);
    }

    private static bool TryDelete(string folder)
    {
        try
        {
            if (OpenLock(folder, FileMode.Open) is { } free)
            {
                Delete(folder, free);
                return true;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody else's, or one that another run is just removing.
        }

        return false;
    }

    /// <summary>
    /// Deletes a folder and lets go of its lock only then, where the system can: who took it in between would lose the folder. It goes out of the way first: who came
    /// while it is half deleted would make a lock of his own in it, and lose that.
    /// </summary>
    private static void Delete(string folder, FileStream ownerLock)
    {
        using (ownerLock)
        {
            if (!OperatingSystem.IsWindows())
            {
                var aside = Path.Combine(Path.GetDirectoryName(folder)!, $".{Guid.NewGuid():N}{Suffix}");
                Directory.Move(folder, aside);
                Directory.Delete(aside, recursive: true);
                return;
            }
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>
    /// Whether the lock that is held is the file of that name. Where an open file can be deleted, another may have made a new one since; the two are told apart by a
    /// length that we give ours.
    /// </summary>
    private static bool IsThere(FileStream ownerLock)
    {
        if (OperatingSystem.IsWindows())
        {
            return true;
        }

        ownerLock.SetLength(RandomNumberGenerator.GetInt32(1, 1 << 16));
        return new FileInfo(ownerLock.Name) is { Exists: true } there && there.Length == ownerLock.Length;
    }

    /// <summary>The lock of a folder; null while another has it.</summary>
    private static FileStream? OpenLock(string folder, FileMode mode)
    {
        try
        {
            var ownerLock = new FileStream(Path.Combine(folder, LockName), mode, FileAccess.ReadWrite, FileShare.None);
            if (IsThere(ownerLock))
            {
                return ownerLock;
            }

            // Its owner has just ended, and taken it along.
            ownerLock.Dispose();
            return null;
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

    private static DbMigrateException Unwritable(string folder, Exception cause) => new(
        "UnwritableFolder",
        ErrorKind.Permission,
        $"The folder {folder} cannot be written to: {cause.Message}",
        "Name another folder (-Path, with Invoke-Migration -SnapshotPath), or have the right to write granted.",
        cause) { Subject = folder };
}
