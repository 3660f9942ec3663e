using System.Globalization;
using System.Management.Automation;

namespace DbMigrate.Commands;

/// <summary>
/// Lets a parameter of type <see cref="TimeSpan"/> that counts hours or days take <c>7d</c>, <c>12h</c>, <c>30min</c> and <c>7.00:00:00</c>. A bare number is refused:
/// PowerShell would read it as ticks, and a reader as he likes.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AgeTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        var text = Convert.ToString(value, CultureInfo.InvariantCulture)?.Trim() ?? "";

        // PowerShell itself reads 7d, without quotes, as the number 7 of type decimal, and so is hardly anything else one.
        var age = value is decimal days and >= 0 && days <= (decimal)Duration.LongestAge.TotalDays ? TimeSpan.FromDays((double)days) : value as TimeSpan? ?? Parse(text);
        return age > TimeSpan.Zero && age <= Duration.LongestAge ? age : throw new ArgumentTransformationMetadataException(
            $"'{text}' is no length of time. Write a number with its unit, 7d, 12h or 30min, or days.hours:minutes:seconds.");
    }

    private static TimeSpan? Parse(string text) =>
        !text.Contains(':', StringComparison.Ordinal) ? Duration.ParseAge(text)
            : TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null;
}
