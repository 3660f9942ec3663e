using System.Security.Cryptography;
using System.Text;

namespace DbMigrate.Engine.Formats.Sqlx;

/// <summary>SHA-384 of a file's bytes, or of its text without <c>ignored-chars</c> (SQLx 0.9).</summary>
internal static class SqlxChecksum
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Computes it from a stream, in lower-case hexadecimal.</summary>
    /// <exception cref="DbMigrateException"><c>InvalidUtf8</c>: SQLx refuses the folder.</exception>
    public static string Compute(Stream content, string path, IReadOnlySet<Rune> ignored)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA384);
        var decoder = Strict.GetDecoder();
        var bytes = new byte[1 << 16];
        var chars = new char[Strict.GetMaxCharCount(bytes.Length)];
        for (long offset = 0; ;)
        {
            var read = content.Read(bytes);
            int count;
            try
            {
                count = decoder.GetChars(bytes, 0, read, chars, 0, flush: read == 0);
            }
            catch (DecoderFallbackException e)
            {
                // The index counts from the start of this chunk; negative in a character that began in the one before.
                throw new DbMigrateException(
                    "InvalidUtf8",
                    ErrorKind.InvalidData,
                    $"{path} is not UTF-8 at byte {offset + e.Index}; SQLx refuses the whole folder because of it.",
                    "Save the file as UTF-8.",
                    e)
                {
                    Subject = path,
                };
            }

            if (read == 0)
            {
                return Convert.ToHexString(hash.GetHashAndReset()).ToLowerInvariant();
            }

            offset += read;
            if (ignored.Count == 0)
            {
                hash.AppendData(bytes, 0, read);
            }
            else
            {
                AppendWithout(hash, chars.AsSpan(0, count), ignored);
            }
        }
    }

    private static void AppendWithout(IncrementalHash hash, ReadOnlySpan<char> text, IReadOnlySet<Rune> ignored)
    {
        var kept = new byte[Strict.GetMaxByteCount(text.Length)];
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (!ignored.Contains(rune))
            {
                length += rune.EncodeToUtf8(kept.AsSpan(length));
            }
        }

        hash.AppendData(kept, 0, length);
    }
}
