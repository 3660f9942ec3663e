using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace DbMigrate.Engine.Sandbox;

/// <summary>What Unix has and .NET has nothing of its own for; the calls are not for Windows.</summary>
internal static class Posix
{
    public const int Sigquit = 3;
    public const int Sigkill = 9;
    public const int Sigterm = 15;

    /// <summary>The longest path of a Unix socket on macOS and the BSDs, in bytes; Linux allows four more.</summary>
    private const int LongestSocketPath = 103;

    /// <summary>Whether a server can have its socket in a folder, whatever its port is.</summary>
    public static bool CanHoldSocket(string folder) =>
        !OperatingSystem.IsWindows() && Encoding.UTF8.GetByteCount(Path.Combine(folder, ".s.PGSQL.65535")) <= LongestSocketPath;

    /// <summary>Sends a signal; 0 when it was sent.</summary>
    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [SuppressMessage("Interoperability", "SYSLIB1054", Justification = "Two integers need no generated marshalling and no unsafe code.")]
    public static extern int Kill(int processId, int signal);

    /// <summary>Makes a rename in a folder survive a power cut. Where it cannot be done, the system does it in its own time.</summary>
    public static void FlushFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var folder = Open(System.Text.Encoding.UTF8.GetBytes(path + '\0'), 0);
        if (folder >= 0)
        {
            _ = Fsync(folder);
            _ = Close(folder);
        }
    }

    [DllImport("libc", EntryPoint = "open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [SuppressMessage("Interoperability", "SYSLIB1054", Justification = "Blittable arguments need no generated marshalling and no unsafe code.")]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [SuppressMessage("Interoperability", "SYSLIB1054", Justification = "One integer needs no generated marshalling and no unsafe code.")]
    private static extern int Fsync(int file);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [SuppressMessage("Interoperability", "SYSLIB1054", Justification = "One integer needs no generated marshalling and no unsafe code.")]
    private static extern int Close(int file);
}
