namespace DbMigrate.Engine.Migrations;

/// <summary>What a plan has to respect.</summary>
/// <param name="AppliesOutOfOrder">The tool applies pending migrations that come before the newest applied one.</param>
/// <param name="RefusesMissing">The tool refuses to run when a recorded migration has no files.</param>
/// <param name="AllowModified">The user lets edited files pass.</param>
/// <param name="AllowMissing">The user lets missing files pass.</param>
internal sealed record PlanRules(bool AppliesOutOfOrder, bool RefusesMissing, bool AllowModified = false, bool AllowMissing = false);
