using System.Globalization;
using System.Management.Automation;

namespace DbMigrate.Commands;

/// <summary>
/// Lets a parameter of type <see cref="TimeSpan"/> take what the command line takes and PostgreSQL's settings too: <c>500ms</c>, <c>5s</c>,
/// <c>2min</c>, <c>1h</c>. A bare number is seconds: PowerShell alone would read it as ticks, and a text as days.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DurationTransformationAttribute : ArgumentTransformationAttribute
{
    /// <summary>A longer text was meant for another parameter, and may be an address with its password.</summary>
    private const int LongestShown = 12;

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        var text = Convert.ToString(value, CultureInfo.InvariantCulture)?.Trim() ?? "";
        var duration = value as TimeSpan? ?? Parse(text);
        return duration >= TimeSpan.Zero && duration <= Duration.Longest ? duration : throw new ArgumentTransformationMetadataException(
            $"{(text.Length > LongestShown ? "What was given" : $"'{text}'")} is no length of time. Write a number with its unit, 500ms, 5s, 2min or 1h, or hours:minutes:seconds; 24 days at most.");
    }

    private static TimeSpan? Parse(string text) =>
        !text.Contains(':', StringComparison.Ordinal) ? Duration.Parse(text)
            : TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null;
}
