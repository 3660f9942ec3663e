namespace DbMigrate.Engine.Sql;

/// <summary>A place in a file.</summary>
/// <param name="Line">The line, from 1. A line ends at <c>\n</c>, <c>\r\n</c> or a lone <c>\r</c>.</param>
/// <param name="Column">The column in characters (code points), from 1. A BOM at the start of the file is none.</param>
/// <remarks>
/// A lone <c>\r</c> counts because PostgreSQL ends a <c>--</c> comment there (src/backend/parser/scan.l) and its client library counts lines that
/// way in error messages (<c>LINE 2: …</c>, src/interfaces/libpq/fe-protocol3.c), as editors do. psql's own <c>file:line</c> counts <c>\n</c> only.
/// </remarks>
public readonly record struct SourcePosition(int Line, int Column);
