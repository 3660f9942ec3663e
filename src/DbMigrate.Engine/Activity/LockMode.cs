namespace DbMigrate.Engine.Activity;

/// <summary>Which modes of a lock exclude each other (PostgreSQL manual, table 13.2 Conflicting Lock Modes).</summary>
internal static class LockMode
{
    /// <summary>The modes, from weak to strong.</summary>
    public static IReadOnlyList<string> All => Modes;

    private static readonly string[] Modes =
    [
        "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock",
        "ExclusiveLock", "AccessExclusiveLock",
    ];

    // For each mode those that it conflicts with, as bits in the same order.
    private static readonly int[] ConflictsOf =
    [
        0b1000_0000, 0b1100_0000, 0b1111_0000, 0b1111_1000, 0b1110_1100, 0b1111_1100, 0b1111_1110, 0b1111_1111,
    ];

    /// <summary>How strong a mode is; -1 for SIReadLock, which never blocks.</summary>
    public static int Strength(string mode) => Array.IndexOf(Modes, mode);

    /// <summary>Whether two sessions cannot hold these at once.</summary>
    public static bool Conflict(string one, string other)
    {
        var (a, b) = (Strength(one), Strength(other));
        return a >= 0 && b >= 0 && (ConflictsOf[a] & (1 << b)) != 0;
    }
}
