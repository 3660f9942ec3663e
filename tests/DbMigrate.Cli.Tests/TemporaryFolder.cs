namespace DbMigrate.Cli.Tests;

/// <summary>A folder for one test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dbmigrate-test-");

    public string Path => _folder.FullName;

    public string Write(string file, ReadOnlySpan<byte> bytes)
    {
        var path = System.IO.Path.Combine(Path, file);
        File.WriteAllBytes(path, bytes.ToArray());
        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
