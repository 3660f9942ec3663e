using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;

namespace DbMigrate.Cli;

/// <summary>
/// How an amount of data is typed: <c>500kB</c>, <c>20MB</c>, <c>1.5GB</c>, each unit 1024 of the one before, as in PowerShell and in PostgreSQL's own settings; a bare
/// number is bytes.
/// </summary>
internal static partial class Size
{
    /// <summary>Reads a size in bytes; null if it is none, or is more than a long holds.</summary>
    public static long? Parse(string text)
    {
        var match = Form().Match(text);
        if (!match.Success
            || !double.TryParse(match.Groups[1].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        var bytes = number * (match.Groups[2].Value.ToUpperInvariant() switch { "KB" => 1L << 10, "MB" => 1L << 20, "GB" => 1L << 30, _ => 1 });
        return bytes < long.MaxValue ? (long)bytes : null;
    }

    /// <summary>An option that takes a size.</summary>
    public static Option<long?> Option(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = result =>
        {
            if (Parse(result.Tokens[0].Value) is { } bytes)
            {
                return bytes;
            }

            result.AddError($"{name} is a size such as 500kB, 20MB or 1GB, not '{result.Tokens[0].Value}'.");
            return null;
        },
    };

    [GeneratedRegex(@"^([0-9]+(?:\.[0-9]+)?) ?([kK]B|MB|GB)?$")]
    private static partial Regex Form();
}
