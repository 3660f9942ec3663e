using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;

namespace DbMigrate.Cli;

/// <summary>
/// How a time limit is typed: <c>500ms</c>, <c>5s</c>, <c>2min</c>, <c>1h</c>, as PostgreSQL's own settings are; a bare number is seconds.
/// </summary>
internal static partial class Duration
{
    // PostgreSQL's time-outs are milliseconds in an int.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <summary>Reads a duration; null if it is none, or is longer than PostgreSQL can wait (24 days).</summary>
    public static TimeSpan? Parse(string text)
    {
        var match = Form().Match(text);
        if (!match.Success
            || !double.TryParse(match.Groups[1].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        var unit = match.Groups[2].Value switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "m" or "min" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            _ => TimeSpan.FromSeconds(1),
        };
        return number * unit.TotalMilliseconds <= Longest.TotalMilliseconds ? number * unit : null;
    }

    /// <summary>An option that takes a duration.</summary>
    public static Option<TimeSpan?> Option(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (Parse(result.Tokens[0].Value) is { } time)
            {
                return time;
            }

            result.AddError($"{name} is a time such as 500ms, 5s, 2min or 1h, not '{result.Tokens[0].Value}'.");
            return null;
        },
    };

    [GeneratedRegex(@"^([0-9]+(?:\.[0-9]+)?) ?(ms|s|m|min|h)?$")]
    private static partial Regex Form();
}
