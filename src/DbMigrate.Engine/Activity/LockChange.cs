namespace DbMigrate.Engine.Activity;

/// <summary>A lock tree that has grown.</summary>
/// <param name="Tree">All of it.</param>
/// <param name="Added">The waits that are new.</param>
public sealed record LockChange(IReadOnlyList<BlockingQuery> Tree, IReadOnlyList<BlockingQuery> Added);
