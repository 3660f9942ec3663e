using System.Security.Cryptography;
using System.Text;

namespace DbMigrate.Engine.Formats.Prisma;

/// <summary>SHA-256 of a script's text as UTF-8, a byte order mark included; bytes that are no UTF-8 count as U+FFFD.</summary>
internal static class PrismaChecksum
{
    private const int HexLength = 2 * SHA256.HashSizeInBytes;

    /// <summary>Small enough that the buffers of a thousand files do not burden the garbage collector.</summary>
    private const int ChunkLength = 4096;

    /// <summary>What Prisma records: 64 lower-case hexadecimal digits.</summary>
    public static string Compute(FileScript script) => Convert.ToHexString(Hash(script, PrismaLineEnds.AsIs)).ToLowerInvariant();

    /// <summary>Whether a recorded checksum is that of a script, whatever its line ends (schema-connector, checksum.rs).</summary>
    public static bool Matches(string recorded, FileScript script) =>
        recorded.Length > 0
        && Enum.GetValues<PrismaLineEnds>()
            .Select(e => Render(Hash(script, e), recorded.Length))
            .Contains(recorded, StringComparer.Ordinal);

    // Old engines wrote each byte without its leading zero, so that most checksums were shorter.
    private static string Render(byte[] hash, int length) => length == HexLength
        ? Convert.ToHexString(hash).ToLowerInvariant()
        : string.Concat(hash.Select(b => b.ToString("x", System.Globalization.CultureInfo.InvariantCulture)));

    private static byte[] Hash(FileScript script, PrismaLineEnds lineEnds)
    {
        using var content = script.OpenRead();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var decoder = Encoding.UTF8.GetDecoder();
        var encoder = Encoding.UTF8.GetEncoder();
        var bytes = new byte[ChunkLength];
        var text = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
        var changed = new char[(2 * text.Length) + 1];
        var encoded = new byte[Encoding.UTF8.GetMaxByteCount(changed.Length)];
        var afterCr = false;
        while (true)
        {
            var read = content.Read(bytes);
            var end = read == 0;
            var chars = decoder.GetChars(bytes, 0, read, text, 0, flush: end);
            var count = ChangeLineEnds(text.AsSpan(0, chars), changed, lineEnds, end, ref afterCr);
            hash.AppendData(encoded, 0, encoder.GetBytes(changed, 0, count, encoded, 0, flush: end));
            if (end)
            {
                return hash.GetHashAndReset();
            }
        }
    }

    // A CR is held back until it is known whether an LF follows, in this chunk or the next.
    private static int ChangeLineEnds(ReadOnlySpan<char> text, Span<char> changed, PrismaLineEnds lineEnds, bool end, ref bool heldCr)
    {
        if (lineEnds == PrismaLineEnds.AsIs)
        {
            text.CopyTo(changed);
            return text.Length;
        }

        var count = 0;
        foreach (var c in text)
        {
            if (lineEnds == PrismaLineEnds.ToCrLf)
            {
                if (c == '\n')
                {
                    changed[count++] = '\r';
                }

                changed[count++] = c;
                continue;
            }

            if (heldCr && c != '\n')
            {
                changed[count++] = '\r';
            }

            heldCr = c == '\r';
            if (!heldCr)
            {
                changed[count++] = c;
            }
        }

        if (heldCr && end)
        {
            changed[count++] = '\r';
        }

        return count;
    }
}
