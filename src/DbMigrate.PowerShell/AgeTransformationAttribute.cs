using System.Globalization;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace DbMigrate.Commands;

/// <summary>
/// Lets a parameter of type <see cref="TimeSpan"/> that counts hours or days take <c>7d</c>, <c>12h</c>, <c>30min</c> and <c>7.00:00:00</c>. A bare number is refused:
/// PowerShell would read it as ticks, and a reader as he likes.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed partial class AgeTransformationAttribute : ArgumentTransformationAttribute
{
    private const double MostDays = 36500;

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        var text = Convert.ToString(value, CultureInfo.InvariantCulture)?.Trim() ?? "";

        // PowerShell itself reads 7d, without quotes, as the number 7 of type decimal, and so is hardly anything else one.
        var age = value is decimal days and <= (decimal)MostDays and >= 0 ? TimeSpan.FromDays((double)days) : value as TimeSpan? ?? Parse(text);
        return age > TimeSpan.Zero && age.Value.TotalDays <= MostDays ? age : throw new ArgumentTransformationMetadataException(
            $"'{text}' is no length of time. Write a number with its unit, 7d, 12h or 30min, or days.hours:minutes:seconds.");
    }

    private static TimeSpan? Parse(string text)
    {
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null;
        }

        var match = Form().Match(text);
        if (!match.Success || !double.TryParse(match.Groups[1].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        var days = match.Groups[2].Value switch
        {
            "d" => number,
            "h" => number / 24,
            "m" or "min" => number / 1440,
            _ => number / 86400,
        };
        return days <= MostDays ? TimeSpan.FromDays(days) : null;
    }

    [GeneratedRegex(@"\A([0-9]+(?:\.[0-9]+)?) ?(s|m|min|h|d)\z")]
    private static partial Regex Form();
}
