using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace DbMigrate.Engine.Sandbox;

/// <summary>
/// The folder of one sandbox: <c>data/</c>, <c>run/</c> (socket and log), <c>sandbox.json</c> and <c>owner.lock</c>. The owner keeps the
/// lock file open; the system closes it however the owner ends, so a folder whose lock can be had is left over.
/// </summary>
internal sealed class SandboxFolder : IDisposable
{
    private const string Unfinished = ".new";

    private readonly FileStream _lock;

    private SandboxFolder(string path, FileStream ownerLock)
    {
        Path = path;
        _lock = ownerLock;
    }

    /// <summary>The folder; an absolute path.</summary>
    public string Path { get; }

    public string Data => DataOf(Path);

    public string Run => System.IO.Path.Combine(Path, "run");

    public string Log => System.IO.Path.Combine(Run, "server.log");

    private static string Parent => System.IO.Path.GetFullPath(System.IO.Path.GetTempPath());

    private static string Prefix => $"dbmigrate-sandbox-{new string(Environment.UserName.Where(char.IsAsciiLetterOrDigit).ToArray())}-";

    /// <summary>Makes a folder that nobody else can look into.</summary>
    /// <param name="account">The account that the server runs under; null for our own.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<SandboxFolder> CreateAsync(string? account, CancellationToken cancellationToken)
    {
        var path = System.IO.Path.Combine(Parent, Prefix + RandomNumberGenerator.GetHexString(10, lowercase: true));
        var folder = new SandboxFolder(path, CreateLocked(path));
        try
        {
            if (account is not null && !OperatingSystem.IsWindows())
            {
                // The server's account must get through to its own folders, and sees nothing else.
                File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            }

            foreach (var inner in new[] { folder.Data, folder.Run })
            {
                CreatePrivate(inner);
                await ServerAccount.GiveAsync(inner, account, cancellationToken);
            }

            return folder;
        }
        catch
        {
            folder.Dispose();
            Directory.Delete(path, recursive: true);
            throw;
        }
    }

    /// <summary>
    /// A file that is just being made can be locked by the sweep of another process before we have locked it, except on Windows, where that is one step. So it is made
    /// where the sweep does not look, and gets its name afterwards.
    /// </summary>
    private static FileStream CreateLocked(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            CreatePrivate(path);
            return OpenLock(path, FileMode.CreateNew);
        }

        CreatePrivate(path + Unfinished);
        var ownerLock = OpenLock(path + Unfinished, FileMode.CreateNew);
        try
        {
            Directory.Move(path + Unfinished, path);
            return ownerLock;
        }
        catch
        {
            ownerLock.Dispose();
            throw;
        }
    }

    /// <summary>The folders of this user's sandboxes, running or left over.</summary>
    public static IReadOnlyList<string> All() =>
        [.. Directory.EnumerateDirectories(Parent, Prefix + "*").Where(IsOurs).Order(StringComparer.Ordinal)];

    /// <summary>What a process that was killed before its folder had its name has left behind.</summary>
    private static IEnumerable<string> AllUnfinished() => Directory.EnumerateDirectories(Parent, Prefix + "*" + Unfinished)
        .Where(path => IsOurs(path[..^Unfinished.Length]) && new DirectoryInfo(path).LinkTarget is null)
        .Where(path => DateTime.UtcNow - Directory.GetLastWriteTimeUtc(path) > TimeSpan.FromMinutes(10));

    /// <summary>A link in a folder that everybody may write to could lead the sweep anywhere.</summary>
    private static bool IsOurs(string path) =>
        new DirectoryInfo(path).LinkTarget is null && System.IO.Path.GetFileName(path)[Prefix.Length..] is { Length: 10 } id && id.All(char.IsAsciiHexDigit);

    /// <summary>Stops the servers and removes the folders whose owners are gone.</summary>
    public static async Task SweepAsync(IEngineObserver observer, CancellationToken cancellationToken)
    {
        foreach (var path in All().Concat(AllUnfinished()))
        {
            try
            {
                if (IsOwned(path))
                {
                    continue;
                }

                observer.Message(MessageLevel.Verbose, $"Removing {path}, which a process that was killed left behind.");
                await RemoveAsync(path, cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // What is left over now is swept the next time; nobody has to wait for it.
                observer.Message(MessageLevel.Verbose, $"Could not remove {path}: {e.Message}");
            }
        }
    }

    /// <summary>Whether the process that started the sandbox still runs.</summary>
    public static bool IsOwned(string path)
    {
        try
        {
            OpenLock(path, FileMode.Open).Dispose();
            return false;
        }
        catch (FileNotFoundException)
        {
            // Its owner may be just about to make the lock.
            return DateTime.UtcNow - Directory.GetCreationTimeUtc(path) < TimeSpan.FromMinutes(10);
        }
        catch (DirectoryNotFoundException)
        {
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>Stops the server of a folder, if it runs, and removes the folder. Does nothing when it is gone already.</summary>
    public static async Task RemoveAsync(string path, CancellationToken cancellationToken)
    {
        await StopServerAsync(path, cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // The lock goes last: a folder half removed must still say that it has no owner.
                foreach (var inner in Directory.GetDirectories(path))
                {
                    Directory.Delete(inner, recursive: true);
                }

                Directory.Delete(path, recursive: true);
                return;
            }
            catch (DirectoryNotFoundException) when (!Directory.Exists(path))
            {
                return;
            }
            catch (Exception e) when (attempt < 250 && (e is IOException or UnauthorizedAccessException))
            {
                // The server's last processes are still letting go of their files.
                await Task.Delay(20, cancellationToken);
            }
        }
    }

    /// <summary>The server's process id, as its postmaster.pid says; null when it does not run.</summary>
    public static int? ServerProcessId(string path)
    {
        try
        {
            using var file = new FileStream(PidFileOf(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            var isNumber = int.TryParse(reader.ReadLine(), NumberStyles.Integer, CultureInfo.InvariantCulture, out var processId);
            return isNumber && IsServerOf(processId, path) ? processId : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Lets go of the folder without removing it.</summary>
    public void Dispose() => _lock.Dispose();

    private static string DataOf(string path) => System.IO.Path.Combine(path, "data");

    private static string PidFileOf(string path) => System.IO.Path.Combine(DataOf(path), "postmaster.pid");

    private static FileStream OpenLock(string path, FileMode mode) =>
        new(
            System.IO.Path.Combine(path, "owner.lock"),
            mode,
            FileAccess.ReadWrite,

            // On Windows somebody who stops another process's sandbox could not remove the file otherwise.
            OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None);

    private static void CreatePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            // A user's temporary folder is private on Windows.
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>
    /// An immediate shutdown (manual, 19.5 Shutting Down the Server): nobody needs the data any more, and unlike a kill it frees the
    /// shared memory.
    /// </summary>
    private static async Task StopServerAsync(string path, CancellationToken cancellationToken)
    {
        if (ServerProcessId(path) is not { } processId)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            EndOnWindows(processId);
            return;
        }

        _ = Posix.Kill(processId, Posix.Sigquit);
        for (var waited = Stopwatch.StartNew(); File.Exists(PidFileOf(path)) && IsServerOf(processId, path);)
        {
            if (waited.Elapsed > TimeSpan.FromSeconds(10))
            {
                _ = Posix.Kill(processId, Posix.Sigkill);
                return;
            }

            await Task.Delay(10, cancellationToken);
        }
    }

    private static void EndOnWindows(int processId)
    {
        try
        {
            using var server = Process.GetProcessById(processId);
            server.Kill(entireProcessTree: true);
            server.WaitForExit(TimeSpan.FromSeconds(10));
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // It ended by itself in between.
        }
    }

    /// <summary>A process id may have been given to another program since; never end what is not our server.</summary>
    private static bool IsServerOf(int processId, string path)
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                var command = File.ReadAllText($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/cmdline").Split('\0');
                return command.Contains(DataOf(path), StringComparer.Ordinal);
            }

            // The file is written when the server starts, and no later process can have started before.
            using var process = Process.GetProcessById(processId);
            return process.ProcessName == "postgres" &&
                process.StartTime.ToUniversalTime() <= File.GetCreationTimeUtc(PidFileOf(path)) + TimeSpan.FromSeconds(5);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }
}
