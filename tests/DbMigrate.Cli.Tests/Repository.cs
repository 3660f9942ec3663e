namespace DbMigrate.Cli.Tests;

/// <summary>Where the sources and documents are while tests run.</summary>
internal static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    public static string Samples => Path.Combine(Root, "docs", "samples");

    public static void CopySample(string sample, string to)
    {
        var from = Path.Combine(Samples, sample);
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "DbMigrate.sln")) ? folder : Find(Path.GetDirectoryName(folder)!);
}
