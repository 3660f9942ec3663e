using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Formats.Prisma;

/// <summary>The names of Prisma's migration directories.</summary>
internal static partial class PrismaName
{
    private const int SlugLength = 200;

    /// <summary>The readable part of a directory's name: what follows the timestamp; empty where there is none.</summary>
    public static string Title(string directory) => Stamped().Match(directory).Groups["title"].Value;

    /// <summary>Whether a name is as Prisma makes them, so that every order is the same.</summary>
    public static bool IsUsual(string directory) => Stamped().IsMatch(directory);

    /// <summary>Words as Prisma writes them: lower-case letters and digits, joined by <c>_</c>, at most 200 characters.</summary>
    public static string Slug(string name)
    {
        var text = new StringBuilder();
        foreach (var c in Hump().Replace(name.Normalize(NormalizationForm.FormD), "$1 $2"))
        {
            if (char.IsAsciiLetterOrDigit(c))
            {
                text.Append(char.ToLowerInvariant(c));
            }
            else if (CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark && text.Length > 0 && text[^1] != '_')
            {
                text.Append('_');
            }
        }

        var slug = text.ToString().TrimEnd('_');
        return slug.Length > SlugLength ? slug[..SlugLength] : slug;
    }

    [GeneratedRegex(@"^[0-9]{14}_(?<title>.*)\z", RegexOptions.Singleline)]
    private static partial Regex Stamped();

    [GeneratedRegex("([a-z0-9])([A-Z])")]
    private static partial Regex Hump();
}
