using System.Globalization;
using System.Text.RegularExpressions;

namespace DbMigrate;

/// <summary>
/// How a length of time is typed: <c>500ms</c>, <c>5s</c>, <c>2min</c>, <c>1h</c>, as PostgreSQL's own settings are; a bare number is seconds.
/// </summary>
public static partial class Duration
{
    /// <summary>PostgreSQL's time-outs are milliseconds in an int: 24 days.</summary>
    public static TimeSpan Longest => TimeSpan.FromMilliseconds(int.MaxValue);

    /// <summary>The longest age: a hundred years.</summary>
    public static TimeSpan LongestAge => TimeSpan.FromDays(36500);

    /// <summary>Reads a duration; null if it is none, or is longer than <see cref="Longest"/>.</summary>
    public static TimeSpan? Parse(string text) => Parse(text, ["", "ms", "s", "m", "min", "h"], Longest);

    /// <summary>Reads an age or a time to keep something, always with its unit and none finer than seconds: <c>7d</c>, <c>12h</c>; null if it is none, or is longer than <see cref="LongestAge"/>.</summary>
    public static TimeSpan? ParseAge(string text) => Parse(text, ["s", "m", "min", "h", "d"], LongestAge);

    private static TimeSpan? Parse(string text, string[] units, TimeSpan longest)
    {
        var match = Form().Match(text);
        if (!match.Success || !units.Contains(match.Groups[2].Value)
            || !double.TryParse(match.Groups[1].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        var unit = match.Groups[2].Value switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "m" or "min" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            "d" => TimeSpan.FromDays(1),
            _ => TimeSpan.FromSeconds(1),
        };
        return number * unit.TotalMilliseconds <= longest.TotalMilliseconds ? number * unit : null;
    }

    [GeneratedRegex(@"^([0-9]+(?:\.[0-9]+)?) ?(ms|s|m|min|h|d)?$")]
    private static partial Regex Form();
}
