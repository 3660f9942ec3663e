using System.Text.RegularExpressions;
using Xunit;

namespace DbMigrate.Cli.Tests;

public partial class ErrorCatalogueTests
{
    [Fact]
    public void Every_error_id_of_the_sources_is_in_the_catalogue_once()
    {
        var listed = File.ReadLines(Path.Combine(Repository.Root, "docs", "errors.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => Id().Matches(line.Split('|')[1]))
            .Select(m => m.Groups[1].Value)
            .ToList();
        var used = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(file => Thrown().Matches(File.ReadAllText(file)))
            .Select(m => m.Groups.Values.Skip(1).First(g => g.Success).Value)
            .ToHashSet();
        Assert.True(used.Count > 20, "The sources were not found.");
        Assert.Equal(listed.Distinct(), listed);
        Assert.Empty(used.Except(listed));
        Assert.Empty(listed.Except(used));
    }

    // new DbMigrateException("Id", …), the rooms' own short forms of it, anything that is given "Id", ErrorKind.X, and what gets another id later.
    [GeneratedRegex(
        @"\b(?:DbMigrateException|MigrationFailedException|Error|At|NoPrivilege|new)\(\s*""([A-Z][a-z]\w+)""" +
        @"|""([A-Z]\w+)"",\s*ErrorKind\.|\bId = ""([A-Z]\w+)""")]
    private static partial Regex Thrown();

    [GeneratedRegex(@"`([A-Z]\w+)`")]
    private static partial Regex Id();
}
