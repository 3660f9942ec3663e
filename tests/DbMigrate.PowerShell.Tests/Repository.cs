using System.Reflection;

namespace DbMigrate.PowerShell.Tests;

/// <summary>Where the sources and what was built from them lie.</summary>
internal static class Repository
{
    /// <summary>The repository's folder.</summary>
    public static string Root => Metadata("RepositoryRoot");

    /// <summary>The manifest of the staged module.</summary>
    public static string Module => Metadata("Module");

    /// <summary>Assemblies in versions that are not ours, separated by semicolons.</summary>
    public static string OtherAssemblies => Metadata("OtherAssemblies");

    private static string Metadata(string key) =>
        typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
