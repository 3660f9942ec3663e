namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>One migration as one script holds it.</summary>
/// <param name="Id">The migration's id.</param>
/// <param name="ProductVersion">EF Core's version that wrote the script; null in a down script.</param>
/// <param name="Line">The line at which its part of the script begins, from 1.</param>
/// <param name="Statements">The statements, without the history row.</param>
internal sealed record ScriptedMigration(string Id, string? ProductVersion, int Line, IReadOnlyList<ScriptStatement> Statements);
