using System.Globalization;

namespace DbMigrate.Engine.Formats.Sqlx;

/// <summary>A file name as SQLx 0.5 to 0.9 reads it (sqlx-core, migrate/source.rs).</summary>
/// <param name="Version">The number before the first <c>_</c>.</param>
/// <param name="Kind">What the file is for.</param>
/// <param name="Description">The title with blanks for <c>_</c>; may be empty.</param>
internal sealed record SqlxFileName(long Version, SqlxFileKind Kind, string Description)
{
    /// <summary>Reads a name.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="file">What it says; null for a name that SQLx passes over.</param>
    /// <returns>False where SQLx itself refuses the folder because of this name.</returns>
    public static bool TryParse(string name, out SqlxFileName? file)
    {
        file = null;
        var at = name.IndexOf('_', StringComparison.Ordinal);
        if (at < 0 || !name.EndsWith(".sql", StringComparison.Ordinal) || name.Length - at - 1 < ".sql".Length)
        {
            return true;
        }

        if (!TryParseVersion(name.AsSpan(0, at), out var version))
        {
            return false;
        }

        var rest = name[(at + 1)..];
        var (kind, suffix) = rest switch
        {
            _ when rest.EndsWith(".up.sql", StringComparison.Ordinal) => (SqlxFileKind.Up, ".up.sql"),
            _ when rest.EndsWith(".down.sql", StringComparison.Ordinal) => (SqlxFileKind.Down, ".down.sql"),
            _ => (SqlxFileKind.Simple, ".sql"),
        };
        // SQLx takes the suffix off as often as it is there.
        while (rest.EndsWith(suffix, StringComparison.Ordinal))
        {
            rest = rest[..^suffix.Length];
        }

        file = new SqlxFileName(version, kind, rest.Replace('_', ' '));
        return true;
    }

    // Rust's i64: one optional sign, then ASCII digits. .NET alone would take more, for example a leading blank.
    private static bool TryParseVersion(ReadOnlySpan<char> text, out long version)
    {
        version = 0;
        var digits = text is ['+' or '-', ..] ? text[1..] : text;
        return digits.Length > 0
            && !digits.ContainsAnyExceptInRange('0', '9')
            && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out version);
    }
}
