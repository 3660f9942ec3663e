namespace DbMigrate.Engine.Backfill;

/// <summary>How far a part of the table is done, as the database has it.</summary>
/// <param name="Number">Its number, from 0.</param>
/// <param name="Position">Everything up to here is done; null at the beginning of the table.</param>
/// <param name="End">Its last position; null for the end of the table.</param>
/// <param name="Finished">Everything is done.</param>
/// <param name="Rows">The rows that were changed.</param>
/// <param name="Matching">How many of them still fit the condition.</param>
/// <param name="Walked">How much was walked, in the walk's unit.</param>
internal sealed record BackfillPart(int Number, string[]? Position, string[]? End, bool Finished, long Rows, long Matching, long Walked);
