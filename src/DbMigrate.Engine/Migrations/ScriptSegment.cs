namespace DbMigrate.Engine.Migrations;

/// <summary>How a run of statements reaches the server.</summary>
internal enum SegmentKind
{
    /// <summary>All in one transaction that is committed.</summary>
    Transaction,

    /// <summary>All in one transaction that the script itself rolls back.</summary>
    RolledBack,

    /// <summary>One statement that cannot run inside a transaction.</summary>
    Alone,
}

/// <summary>A part of a script that runs as a whole or not at all.</summary>
/// <param name="Kind">How it reaches the server.</param>
/// <param name="First">The index of its first statement in the script, from 0.</param>
/// <param name="Count">How many statements it has, the script's own BEGIN and COMMIT included.</param>
/// <param name="Begin">What opens its transaction: the script's own words, where it has any.</param>
/// <param name="PrefixHash">SHA-256, in hexadecimal, of all statements up to the end of this segment.</param>
internal sealed record ScriptSegment(SegmentKind Kind, int First, int Count, string Begin, string PrefixHash);
