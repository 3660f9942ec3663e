using System.Management.Automation;

namespace DbMigrate.Commands;

/// <summary>The names, with wildcards, that somebody asked for; all when none were given. Capitals do not count.</summary>
internal sealed class NameFilter(string[]? names)
{
    private readonly List<WildcardPattern>? _patterns =
        names?.Select(name => WildcardPattern.Get(name, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant)).ToList();

    /// <summary>Whether one of a thing's names fits.</summary>
    public bool Fits(params string[] namesOfOne) => _patterns is null || _patterns.Exists(pattern => namesOfOne.Any(pattern.IsMatch));
}
