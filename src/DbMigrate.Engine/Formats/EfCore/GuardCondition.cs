namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>What a block of an idempotent script asks the history table.</summary>
/// <param name="Table">The history table.</param>
/// <param name="Column">Its column of migration ids.</param>
/// <param name="Id">The migration that the block belongs to.</param>
/// <param name="Undoes">The block runs when the migration is there: it is part of a down script.</param>
internal sealed record GuardCondition(JournalTable Table, string Column, string Id, bool Undoes);
