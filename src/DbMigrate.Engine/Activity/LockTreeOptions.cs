namespace DbMigrate.Engine.Activity;

/// <summary>Which part of the lock tree is wanted.</summary>
public sealed record LockTreeOptions
{
    /// <summary>Only what these sessions wait for, up to the roots; null for everybody.</summary>
    public IReadOnlyCollection<int>? ForPids { get; init; }

    /// <summary>Only what sessions of our own database wait for, up to the roots, wherever those are.</summary>
    public bool OnlyThisDatabase { get; init; }

    /// <summary>The queries uncut, as far as the server keeps them.</summary>
    public bool FullQueries { get; init; }
}
