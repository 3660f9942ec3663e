using System.Diagnostics;

namespace DbMigrate.Testing;

/// <summary>A folder that is gone at the end of a test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    /// <summary>The folder; an absolute path.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("dbmigrate-test-").FullName;

    /// <summary>A folder that others may look into, too: where root runs the tests, the server has another account.</summary>
    public static TemporaryFolder ForAnyAccount()
    {
        var folder = new TemporaryFolder();
        if (!OperatingSystem.IsWindows())
        {
            var others = UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
            File.SetUnixFileMode(folder.Path, File.GetUnixFileMode(folder.Path) | others);
        }

        return folder;
    }

    /// <summary>Writes a file into it and returns the file's path.</summary>
    public string Write(string name, string content)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        if (!OperatingSystem.IsWindows())
        {
            // As a password file has to be.
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return path;
    }

    /// <summary>Writes a shell script that anybody may run into it.</summary>
    public void WriteScript(string name, string script) => WriteProgram(System.IO.Path.Combine(Path, name), script);

    /// <summary>
    /// Writes a shell script that anybody may run. Another process does it: a program that another thread starts at the same time would have the file open for
    /// a moment if it were open here, and the system runs nothing that somebody may still write to ("Text file busy").
    /// </summary>
    public static void WriteProgram(string path, string script)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        using var shell = Process.Start("/bin/sh", ["-c", "printf '%s' \"$2\" > \"$1\" && chmod 755 \"$1\"", "sh", path, $"#!/bin/sh\n{script}\n"]);
        shell.WaitForExit();
        if (shell.ExitCode != 0)
        {
            throw new IOException($"{path} could not be written.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
