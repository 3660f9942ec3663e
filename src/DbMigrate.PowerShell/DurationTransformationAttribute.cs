using System.Globalization;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace DbMigrate.Commands;

/// <summary>
/// Lets a parameter of type <see cref="TimeSpan"/> take what the command line takes and PostgreSQL's settings too: <c>500ms</c>, <c>5s</c>,
/// <c>2min</c>, <c>1h</c>. A bare number is seconds: PowerShell alone would read it as ticks, and a text as days.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed partial class DurationTransformationAttribute : ArgumentTransformationAttribute
{
    // PostgreSQL's time-outs are milliseconds in an int.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        var text = Convert.ToString(value, CultureInfo.InvariantCulture)?.Trim() ?? "";
        var duration = value as TimeSpan? ?? Parse(text);
        return duration >= TimeSpan.Zero && duration <= Longest ? duration : throw new ArgumentTransformationMetadataException(
            $"'{text}' is no time limit. Write a number with its unit, 500ms, 5s, 2min or 1h, or hours:minutes:seconds; 0 is for ever.");
    }

    private static TimeSpan? Parse(string text)
    {
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null;
        }

        var match = WithUnit().Match(text);
        return match.Success
            ? double.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) * Unit(match.Groups["unit"].Value)
            : null;
    }

    private static TimeSpan Unit(string unit) => unit switch
    {
        "ms" => TimeSpan.FromMilliseconds(1),
        "m" or "min" => TimeSpan.FromMinutes(1),
        "h" => TimeSpan.FromHours(1),
        _ => TimeSpan.FromSeconds(1),
    };

    [GeneratedRegex("^(?<number>[0-9]{1,7}(\\.[0-9]{1,9})?) ?(?<unit>ms|s|m|min|h)?$")]
    private static partial Regex WithUnit();
}
