using System.Globalization;

namespace DbMigrate.Engine.Formats;

/// <summary>Compares versions that are 64-bit numbers, so that <c>0007</c> is <c>7</c>; other text comes last, in ordinal order.</summary>
internal sealed class NumericVersionComparer : StringComparer
{
    /// <summary>The one there is.</summary>
    public static NumericVersionComparer Instance { get; } = new();

    /// <inheritdoc/>
    public override int Compare(string? x, string? y) => (Number(x), Number(y)) switch
    {
        ({ } a, { } b) => a.CompareTo(b),
        ({ }, null) => -1,
        (null, { }) => 1,
        _ => string.CompareOrdinal(x, y),
    };

    /// <inheritdoc/>
    public override bool Equals(string? x, string? y) => Compare(x, y) == 0;

    /// <inheritdoc/>
    public override int GetHashCode(string obj) => Number(obj)?.GetHashCode() ?? Ordinal.GetHashCode(obj);

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
