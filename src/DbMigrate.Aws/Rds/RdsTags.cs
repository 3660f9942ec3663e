using System.Globalization;
using System.Text;

namespace DbMigrate.Aws.Rds;

/// <summary>The tags that we write on what we make (RDS user guide, Tagging Amazon RDS resources).</summary>
internal static class RdsTags
{
    public const string CreatedBy = "dbmigrate:created-by";
    public const string Reason = "dbmigrate:reason";
    public const string RunId = "dbmigrate:run-id";
    public const string KeepUntil = "dbmigrate:keep-until";
    public const string RestoredFrom = "dbmigrate:restored-from";

    private const int MaxLength = 256;
    private const int MaxTags = 50;

    /// <summary>Who did what for which run. A tag without value is left out.</summary>
    /// <exception cref="DbMigrateException"><c>TooManyTags</c>.</exception>
    public static Dictionary<string, string> Of(IReadOnlyDictionary<string, string> others, params (string Key, string? Value)[] ours)
    {
        // Tags that begin so are AWS's own, and cannot be written.
        var tags = others
            .Where(tag => !tag.Key.StartsWith("aws:", StringComparison.OrdinalIgnoreCase) && !tag.Key.StartsWith("dbmigrate:", StringComparison.Ordinal))
            .ToDictionary(tag => tag.Key, tag => tag.Value, StringComparer.Ordinal);
        foreach (var (key, value) in ours.Prepend((CreatedBy, $"{Environment.UserName}@{Environment.MachineName}")))
        {
            if (!string.IsNullOrWhiteSpace(value))
            {
                tags[key] = Allowed(value);
            }
        }

        return tags.Count <= MaxTags ? tags : throw new DbMigrateException(
            "TooManyTags",
            ErrorKind.InvalidArgument,
            $"With the tags of DbMigrate these are {tags.Count}, and AWS takes {MaxTags}.",
            "Remove tags from the source that nobody needs.");
    }

    /// <summary>Until when a snapshot is to be kept; null when nobody said. What is no time is kept for good: somebody wanted it kept.</summary>
    public static DateTimeOffset? KeepUntilOf(IReadOnlyDictionary<string, string> tags) =>
        !tags.TryGetValue(KeepUntil, out var text) ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time
        : DateTimeOffset.MaxValue;

    /// <summary>Other characters than these RDS refuses; a reason is what a person typed, and must not fail for a comma.</summary>
    internal static string Allowed(string value)
    {
        var text = new StringBuilder();
        foreach (var rune in value.Trim().EnumerateRunes())
        {
            var isAllowed = Rune.IsLetterOrDigit(rune) || rune.Value is ' ' or '_' or '.' or ':' or '/' or '=' or '+' or '-' or '@';
            if (text.Length + rune.Utf16SequenceLength <= MaxLength)
            {
                text.Append(isAllowed ? rune.ToString() : "_");
            }
        }

        return text.ToString();
    }
}
