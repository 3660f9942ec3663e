using DbMigrate.Engine.Formats;

namespace DbMigrate.Engine.Migrations;

/// <summary>A table with the name of a tracking table.</summary>
/// <param name="Table">Its schema and name.</param>
/// <param name="IsVisible"><c>search_path</c> finds it without its schema's name.</param>
/// <param name="MayRead">We may SELECT.</param>
/// <param name="MayWrite">We may INSERT, UPDATE and DELETE.</param>
/// <param name="Columns">Its columns with their types.</param>
internal sealed record TrackingTable(
    JournalTable Table, bool IsVisible, bool MayRead, bool MayWrite, IReadOnlyDictionary<string, string> Columns);
