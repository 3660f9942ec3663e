using System.Text.Json;

namespace DbMigrate.Engine.Sandbox;

/// <summary>What a sandbox's folder says of its server, for other processes of the same user. Readable by its owner only.</summary>
internal sealed record SandboxRecord(int Port, string Password, string ServerVersion, int OwnerProcessId, string? SocketDirectory)
{
    public static void Write(SandboxInfo info, string password)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var record = new SandboxRecord(info.Port, password, info.ServerVersion.ToString(), info.OwnerProcessId, info.SocketDirectory);
        using var file = new FileStream(FileOf(info.Directory), options);
        JsonSerializer.Serialize(file, record);
    }

    /// <summary>The running server of a folder; null when there is none, or it is not ready yet.</summary>
    public static SandboxInfo? Read(string directory)
    {
        try
        {
            var record = JsonSerializer.Deserialize<SandboxRecord>(File.ReadAllBytes(FileOf(directory)));
            return record is null || SandboxFolder.ServerProcessId(directory) is not { } processId ? null : new SandboxInfo
            {
                Target = DbSandbox.TargetOf(record.Port, "postgres", record.Password),
                Directory = directory,
                Port = record.Port,
                SocketDirectory = record.SocketDirectory,
                ServerVersion = Version.Parse(record.ServerVersion),
                ProcessId = processId,
                OwnerProcessId = record.OwnerProcessId,
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private static string FileOf(string directory) => Path.Combine(directory, "sandbox.json");
}
