namespace DbMigrate.Engine.Tests.Sql;

/// <summary>The folder of these tests in the source tree, found from where they run.</summary>
internal static class SqlTestFolder
{
    public static string Path { get; } = Find();

    public static string TestData => System.IO.Path.Combine(Path, "testdata");

    /// <summary>The scripts of the golden files.</summary>
    public static IEnumerable<string> Scripts => Directory.EnumerateFiles(TestData, "*.sql").Order(StringComparer.Ordinal);

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
        {
            // The build copies testdata, but golden files are written where they belong.
            var candidate = System.IO.Path.Combine(folder, "Sql");
            if (File.Exists(System.IO.Path.Combine(candidate, "SqlTestFolder.cs")))
            {
                return candidate;
            }
        }

        throw new DirectoryNotFoundException("The tests do not run inside of their source tree.");
    }
}
