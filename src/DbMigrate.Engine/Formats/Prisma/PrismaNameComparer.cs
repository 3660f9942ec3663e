namespace DbMigrate.Engine.Formats.Prisma;

/// <summary>
/// Orders directory names as Prisma 6.6 and later do: JavaScript's localeCompare, which the invariant culture is where .NET has ICU.
/// Two names are the same only if every character is.
/// </summary>
internal sealed class PrismaNameComparer : StringComparer
{
    /// <summary>The one there is.</summary>
    public static PrismaNameComparer Instance { get; } = new();

    /// <summary>Whether this process compares by culture; without ICU, all it has is the order of bytes.</summary>
    public static bool HasCulture { get; } = InvariantCulture.Compare("a", "B") < 0;

    /// <inheritdoc/>
    public override int Compare(string? x, string? y) =>
        InvariantCulture.Compare(x, y) is var order and not 0 ? order : string.CompareOrdinal(x, y);

    /// <inheritdoc/>
    public override bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode(string obj) => Ordinal.GetHashCode(obj);
}
