using System.Text;

namespace DbMigrate.Engine.Tests.Formats;

/// <summary>A folder of a test's own, gone at its end.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("dbmigrate-test-").FullName;

    /// <summary>A folder in an otherwise empty one, so that a test may put files beside it.</summary>
    public TempFolder(string name = "migrations")
    {
        Path = System.IO.Path.Combine(_root, name);
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    public string this[string name] => System.IO.Path.GetFullPath(System.IO.Path.Combine(Path, name));

    public TempFolder With(string name, string? content = null) =>
        With(name, Encoding.UTF8.GetBytes(content ?? (name.EndsWith(".sql", StringComparison.Ordinal) ? "-- nothing to do\n" : "")));

    public TempFolder With(string name, byte[] content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        File.WriteAllBytes(this[name], content);
        return this;
    }

    /// <summary>What lies in it, relative to it, in ordinal order.</summary>
    public IReadOnlyList<string> Files() => [.. Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories)
        .Select(f => System.IO.Path.GetRelativePath(Path, f).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
