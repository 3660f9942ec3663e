using DbMigrate.Commands;
using DbMigrate.Help;

namespace DbMigrate.PowerShell.Tests;

public sealed class HelpTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "docs", "cmdlets");
    private static readonly IReadOnlyList<CommandShape> Commands = CommandReader.Read(typeof(EngineCommand).Assembly);

    [Fact]
    public void Pages_and_cmdlets_agree() => Assert.Empty(HelpCheck.Compare(Commands, Pages(), Folder));

    [Fact]
    public void Links_lead_somewhere()
    {
        var pages = Pages();
        var names = pages.Select(p => p.Name).Append("about_DbMigrate").ToHashSet();
        Assert.All(pages, page => Assert.All(page.Links, link => Assert.Contains(link, names)));
    }

    [Theory]
    [InlineData("### -Count", "### -Cuont", "-Count is not described", "New-Thing has no parameter -Cuont")]
    [InlineData(
        "### DbMigrate.DbTarget",
        "### System.String",
        "the output DbMigrate.DbTarget is not described",
        "New-Thing does not give System.String")]
    [InlineData("### Second", "Second", "there are fewer than two examples")]
    [InlineData("# New-Thing", "# New-Thong", "New-Thing has no page", "there is no cmdlet New-Thong")]
    public void A_difference_is_found(string good, string bad, params string[] problems)
    {
        var count = new CommandParameter { Name = "Count", Type = typeof(int) };
        var command = new CommandShape("New-Thing", [count], [typeof(DbTarget)], false);
        const string Page = """
            # New-Thing

            Makes things.

            ## Description

            Many.

            ## Examples

            ### First

            ```powershell
            New-Thing
            ```

            ### Second

            ```powershell
            New-Thing -Count 2
            ```

            ## Parameters

            ### -Count

            How many.

            ## Outputs

            ### DbMigrate.DbTarget

            A thing.
            """;
        var folder = Directory.CreateTempSubdirectory("help");
        var file = Path.Combine(folder.FullName, "New-Thing.md");
        try
        {
            File.WriteAllText(file, Page);
            Assert.Empty(HelpCheck.Compare([command], [HelpPage.Read(file)], folder.FullName));

            File.WriteAllText(file, Page.Replace(good, bad, StringComparison.Ordinal));
            var found = HelpCheck.Compare([command], [HelpPage.Read(file)], folder.FullName).ToList();
            Assert.Equal(problems.Length, found.Count);
            Assert.All(problems, problem => Assert.Contains(found, line => line.EndsWith(problem, StringComparison.Ordinal)));
        }
        finally
        {
            folder.Delete(true);
        }
    }

    [Fact]
    public void Markdown_becomes_plain_paragraphs() => Assert.Equal(
        ["One line and `more`.".Replace("`", "", StringComparison.Ordinal), "- first", "- second that goes on", "    code"],
        MarkdownText.Paragraphs("One line\nand `more`.\n\n- **first**\n- [second](x.md)\n  that goes on\n\n```powershell\ncode\n```"));

    private static List<HelpPage> Pages() => Directory.GetFiles(Folder, "*.md").Select(HelpPage.Read).ToList();
}
