namespace DbMigrate.Engine.Activity;

/// <summary>Whose progress is wanted.</summary>
/// <param name="ProcessId">Only of the session with this process; null for all.</param>
public sealed record ProgressFilter(int? ProcessId = null);
