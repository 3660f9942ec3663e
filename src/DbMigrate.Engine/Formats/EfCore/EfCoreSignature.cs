using System.Text;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>Tells scripts of EF Core from other files without reading them whole.</summary>
internal static partial class EfCoreSignature
{
    private const int PartBytes = 64 * 1024;

    /// <summary>
    /// Whether a file looks like a script of EF Core. Its first and last 64 KiB are read: a script begins with the history table or ends with a row of it.
    /// </summary>
    public static bool IsIn(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1);
        var buffer = new byte[PartBytes];
        var length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (IsIn(buffer.AsSpan(0, length)))
        {
            return true;
        }

        if (stream.Length <= length)
        {
            return false;
        }

        stream.Seek(-Math.Min(PartBytes, stream.Length - length), SeekOrigin.End);
        length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return IsIn(buffer.AsSpan(0, length));
    }

    // Windows PowerShell's > writes UTF-16. The splitter refuses that with a good reason, which is better than to find no script at all.
    private static bool IsIn(ReadOnlySpan<byte> part) =>
        Signature().IsMatch((part is [0xFF, 0xFE, ..] ? Encoding.Unicode : Encoding.UTF8).GetString(part));

    // The last alternative is the column of the history table's definition.
    [GeneratedRegex(
        """
        ^\uFEFF?\s*(?:
          DO\ \$EF\$\s
        | INSERT\s+INTO\s+[^\s(]+\s*\(\s*"?migration_?id"?\s*,\s*"?product_?version"?\s*\)
        | DELETE\s+FROM\s+[^\s(]+\s+WHERE\s+"?migration_?id"?\s*=\s*'[0-9]{14}_
        | "?migration_?id"?\s+character\ varying\(150\)\ NOT\ NULL,)
        """,
        RegexOptions.IgnoreCase | RegexOptions.Multiline | RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Signature();
}
