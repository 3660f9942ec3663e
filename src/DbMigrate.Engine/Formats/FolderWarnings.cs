namespace DbMigrate.Engine.Formats;

/// <summary>What more than one tool has to tell about its folder.</summary>
internal static class FolderWarnings
{
    private const int Shown = 5;

    /// <summary>Tells of SQL files that the tool passes over.</summary>
    public static void AddIgnored(List<string> warnings, string tool, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
        {
            warnings.Add($"{tool} ignores {Some(names)}, because of {(names.Count == 1 ? "its name" : "their names")}.");
        }
    }

    /// <summary>The first few of many names.</summary>
    public static string Some(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(Shown)) + (names.Count > Shown ? $" and {names.Count - Shown} more" : "");
}
