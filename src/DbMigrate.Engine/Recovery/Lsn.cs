using System.Globalization;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Recovery;

/// <summary>A position in the write-ahead log (PostgreSQL manual, 8.20 pg_lsn Type).</summary>
internal readonly partial record struct Lsn(ulong Value) : IComparable<Lsn>
{
    /// <summary>Reads <c>16/B374D848</c>; null when it is none.</summary>
    public static Lsn? Parse(string text) => Form().Match(text) is { Success: true } match
        ? new Lsn((ulong.Parse(match.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture) << 32) |
            ulong.Parse(match.Groups[2].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture))
        : null;

    /// <inheritdoc/>
    public int CompareTo(Lsn other) => Value.CompareTo(other.Value);

    public static bool operator <(Lsn left, Lsn right) => left.Value < right.Value;

    public static bool operator >(Lsn left, Lsn right) => left.Value > right.Value;

    public static bool operator <=(Lsn left, Lsn right) => left.Value <= right.Value;

    public static bool operator >=(Lsn left, Lsn right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value >> 32:X}/{Value & uint.MaxValue:X}");

    [GeneratedRegex(@"\A([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})\z")]
    private static partial Regex Form();
}
