using System.Text.RegularExpressions;

namespace DbMigrate.Help;

/// <summary>Markdown as <c>Get-Help</c> can show it: plain paragraphs.</summary>
public static partial class MarkdownText
{
    /// <summary>The paragraphs of a text; each line of a list or a code block is one of its own.</summary>
    public static IEnumerable<string> Paragraphs(string text)
    {
        var paragraph = "";
        var inCode = false;
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                inCode = !inCode;
                continue;
            }

            var begins = inCode || line.Length == 0 || line.StartsWith("- ", StringComparison.Ordinal) || line.StartsWith('|');
            if (begins && paragraph.Length > 0)
            {
                yield return paragraph;
                paragraph = "";
            }

            if (inCode)
            {
                yield return "    " + line;
            }
            else if (!TableRule().IsMatch(line))
            {
                paragraph = paragraph.Length == 0 ? Plain(line) : paragraph + " " + Plain(line.Trim());
            }
        }

        if (paragraph.Length > 0)
        {
            yield return paragraph;
        }
    }

    /// <summary>A line without markup for code, emphasis and links.</summary>
    public static string Plain(string line) =>
        Link().Replace(line, "$1").Replace("**", "", StringComparison.Ordinal).Replace("`", "", StringComparison.Ordinal);

    [GeneratedRegex(@"\[([^\]]+)\]\([^)]+\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\|[-| :]+\|$")]
    private static partial Regex TableRule();
}
