using System.Globalization;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Recovery;

/// <summary>A file of the write-ahead log, named by its timeline and its place (PostgreSQL manual, 30.6 WAL Internals).</summary>
/// <param name="Timeline">The timeline.</param>
/// <param name="Number">How many segments lie before it.</param>
internal readonly partial record struct WalSegment(uint Timeline, ulong Number)
{
    /// <summary>Reads a file's name; null when it is none of a whole segment.</summary>
    public static WalSegment? Parse(string name, int segmentSize)
    {
        if (!Form().IsMatch(name))
        {
            return null;
        }

        var (timeline, high, low) = (Hex(name[..8]), Hex(name[8..16]), Hex(name[16..]));
        return new WalSegment((uint)timeline, (high * ForEachHigh(segmentSize)) + low);
    }

    /// <summary>The segment that a position lies in.</summary>
    public static WalSegment Of(uint timeline, Lsn position, int segmentSize) => new(timeline, position.Value / (ulong)segmentSize);

    public WalSegment Next => this with { Number = Number + 1 };

    public Lsn Start(int segmentSize) => new(Number * (ulong)segmentSize);

    public Lsn End(int segmentSize) => Next.Start(segmentSize);

    /// <summary>The file's name.</summary>
    public string Name(int segmentSize) =>
        string.Create(CultureInfo.InvariantCulture, $"{Timeline:X8}{Number / ForEachHigh(segmentSize):X8}{Number % ForEachHigh(segmentSize):X8}");

    private static ulong ForEachHigh(int segmentSize) => 0x1_0000_0000UL / (ulong)segmentSize;

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A[0-9A-F]{24}\z")]
    private static partial Regex Form();
}
