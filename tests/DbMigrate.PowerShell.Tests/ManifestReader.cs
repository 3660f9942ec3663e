using System.Text.RegularExpressions;

namespace DbMigrate.PowerShell.Tests;

/// <summary>Reads the entries of a module manifest that are strings or lists of strings.</summary>
internal static partial class ManifestReader
{
    public static IReadOnlyDictionary<string, string[]> Read(string path) => Entry().Matches(File.ReadAllText(path)).ToDictionary(
        m => m.Groups["key"].Value,
        m => Text().Matches(m.Groups["value"].Value).Select(t => t.Groups[1].Value).ToArray());

    [GeneratedRegex(@"^\s*(?<key>\w+) = (?<value>'[^']*'|@\([^)]*\))", RegexOptions.Multiline)]
    private static partial Regex Entry();

    [GeneratedRegex("'([^']*)'")]
    private static partial Regex Text();
}
