using System.Globalization;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Formats.GolangMigrate;

/// <summary>A file name as golang-migrate 4 reads it (source/parse.go).</summary>
/// <param name="Version">The number; usable up to 2^63-1.</param>
/// <param name="Digits">The number as it is written.</param>
/// <param name="Title">What follows it; may be empty.</param>
/// <param name="IsDown">Whether the file undoes.</param>
/// <param name="Extension">What follows the direction, without the dot; anything, even nothing.</param>
internal sealed partial record GolangMigrateFileName(ulong Version, string Digits, string Title, bool IsDown, string Extension)
{
    /// <summary>Reads a name; null for one that golang-migrate passes over.</summary>
    public static GolangMigrateFileName? Parse(string name)
    {
        var match = Pattern().Match(name);
        return match.Success && ulong.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? new(version, match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value == "down", match.Groups[4].Value)
            : null;
    }

    /// <summary>Whether golang-migrate runs what SQLx does not know; backups (<c>.sql.bak</c>, <c>.sql~</c>) prove nothing.</summary>
    public static bool HasForeignExtension(string name) =>
        Parse(name) is { } file && !file.Extension.StartsWith("sql", StringComparison.Ordinal);

    [GeneratedRegex(@"^([0-9]+)_(.*)\.(down|up)\.(.*)\z")]
    private static partial Regex Pattern();
}
