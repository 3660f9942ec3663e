using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace DbMigrate.Cli;

/// <summary>
/// Makes text that others wrote (file names, messages of servers, SQL) harmless to print: it cannot move the cursor, forge a line, or be
/// taken for a command by a CI system that reads its log.
/// </summary>
internal static partial class PlainText
{
    /// <summary>
    /// One line: control and invisible characters are written as <c>\u{1b}</c>; <c>##vso[</c>, <c>##[</c> and <c>##teamcity[</c> anywhere,
    /// and <c>::</c> at the start, get a backslash that breaks them (GitHub: workflow commands; Azure Pipelines: logging commands;
    /// TeamCity: service messages).
    /// </summary>
    public static string OneLine(string text)
    {
        var line = text.All(c => c is >= ' ' and <= '~') ? text : EscapeInvisible(text);
        line = HashCommand().Replace(line, @"#\#");
        return ColonCommand().Replace(line, @"$1\::");
    }

    /// <summary>The same, but each character stays one character wide, so that a caret printed below still points where it did.</summary>
    public static string SameWidth(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            line.Append(rune.Value == '\t' ? " " : IsInvisible(rune) ? "\uFFFD" : rune.ToString());
        }

        return HashCommand().Replace(line.ToString(), "#\uFFFD");
    }

    /// <summary>Takes passwords out of what was typed: those in a URL, and everything after <c>password=</c>.</summary>
    public static string WithoutPassword(string text) => PasswordKeyword().Replace(UrlPassword().Replace(text, "://...@"), "$1=...");

    private static string EscapeInvisible(string text)
    {
        var line = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsInvisible(rune))
            {
                line.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");
            }
            else
            {
                line.Append(rune.ToString());
            }
        }

        return line.ToString();
    }

    // The two joiners are part of emoji and of several scripts.
    private static bool IsInvisible(Rune rune) =>
        rune.Value is not (0x200C or 0x200D)
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    [GeneratedRegex(@"##(?=[A-Za-z]*\[)")]
    private static partial Regex HashCommand();

    [GeneratedRegex(@"^(\s*)::")]
    private static partial Regex ColonCommand();

    [GeneratedRegex(@"://[^\s']*@")]
    private static partial Regex UrlPassword();

    [GeneratedRegex(@"(password|pwd)\s*=.*", RegexOptions.IgnoreCase)]
    private static partial Regex PasswordKeyword();
}
