using System.Text.RegularExpressions;

namespace System.Management.Automation;

/// <summary>Knows <c>*</c> and <c>?</c>.</summary>
public sealed class WildcardPattern
{
    private readonly Regex _regex;

    private WildcardPattern(string pattern) => _regex = new Regex(
        "^" + Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal) + "$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    public static WildcardPattern Get(string pattern, WildcardOptions options) =>
        pattern.Contains('[', StringComparison.Ordinal)
            ? throw new NotSupportedException("The stand-in knows * and ? only.")
            : new WildcardPattern(pattern);

    /// <summary>As the real one: a character behind a backtick is no wildcard.</summary>
    public static bool ContainsWildcardCharacters(string pattern) => Regex.IsMatch(pattern, @"(?<!`)[*?\[]");

    public static string Unescape(string pattern) => Regex.Replace(pattern, @"`([*?\[\]])", "$1");

    public bool IsMatch(string input) => _regex.IsMatch(input);
}
