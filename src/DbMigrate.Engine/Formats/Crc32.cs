namespace DbMigrate.Engine.Formats;

/// <summary>CRC-32/ISO-HDLC, the one of zip; SQLx and golang-migrate derive their lock keys from it.</summary>
internal static class Crc32
{
    /// <summary>The checksum of some bytes; 0xCBF43926 for <c>123456789</c>.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : 0xEDB88320u);
            }
        }

        return ~crc;
    }
}
