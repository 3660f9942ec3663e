namespace DbMigrate.Engine.Migrations;

/// <summary>Where migrations come from.</summary>
/// <param name="Path">A folder, or an EF Core script.</param>
/// <param name="Format">The tool; null to find out from the files and, where these fit several, from the tracking table in the database.</param>
/// <param name="JournalTable">The tracking table, <c>table</c> or <c>schema.table</c>, each part quoted or not; null for the tool's own.</param>
public sealed record MigrationSource(string Path, MigrationFormat? Format = null, string? JournalTable = null);
