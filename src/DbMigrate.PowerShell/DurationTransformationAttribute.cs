using System.Globalization;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace DbMigrate.Commands;

/// <summary>
/// Lets a parameter of type <see cref="TimeSpan"/> take what PostgreSQL takes, <c>500ms</c> or <c>5s</c> (manual 20.1.1 Parameter Names and Values).
/// A number without unit is refused, except 0: PowerShell would read it as ticks, .NET as days, and PostgreSQL as milliseconds.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed partial class DurationTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (value is null or TimeSpan)
        {
            return inputData!;
        }

        var text = Convert.ToString(value, CultureInfo.InvariantCulture)!.Trim();
        return Parse(text) ?? throw new ArgumentTransformationMetadataException(
            $"'{text}' is no duration. Write it with a unit, such as 500ms, 5s, 2min or 1h, or as hours:minutes:seconds, such as 00:00:05; 0 is for ever.");
    }

    internal static TimeSpan? Parse(string text)
    {
        if (text == "0")
        {
            return TimeSpan.Zero;
        }

        if (text.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && time >= TimeSpan.Zero ? time : null;
        }

        var match = WithUnit().Match(text);
        return match.Success && Milliseconds(match.Groups["unit"].Value) is var unit
            && double.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) * unit is var total && total < int.MaxValue
            ? TimeSpan.FromMilliseconds(total)
            : null;
    }

    private static double Milliseconds(string unit) => unit switch
    {
        "us" => 0.001,
        "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => 86_400_000,
    };

    [GeneratedRegex("^(?<number>[0-9]{1,10}(\\.[0-9]{1,9})?) ?(?<unit>us|ms|s|min|h|d)$")]
    private static partial Regex WithUnit();
}
