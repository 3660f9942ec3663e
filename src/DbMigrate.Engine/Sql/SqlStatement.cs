namespace DbMigrate.Engine.Sql;

/// <summary>One statement of a script, as PostgreSQL's own parser would cut it.</summary>
/// <param name="Text">From the first token to the last, without the semicolon; comments between tokens are kept.</param>
/// <param name="Kind">What the runner has to know of it.</param>
/// <param name="Offset">Where the first token starts in the file, in bytes from 0 (a BOM counts).</param>
/// <param name="Length">From the first token to the end of the last one, in bytes.</param>
/// <param name="Line">The line of the first token, from 1.</param>
/// <param name="Column">The column of the first token in characters (code points), from 1 (a BOM does not count).</param>
public sealed record SqlStatement(string Text, StatementKind Kind, long Offset, int Length, int Line, int Column);
