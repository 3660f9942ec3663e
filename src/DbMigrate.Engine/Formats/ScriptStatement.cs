using DbMigrate.Engine.Sql;

namespace DbMigrate.Engine.Formats;

/// <summary>A statement to run, and how a position in it maps to the file.</summary>
/// <param name="Text">What is sent.</param>
/// <param name="Kind">What the runner has to know of it.</param>
/// <param name="Line">The line of its first character in the file, from 1.</param>
/// <param name="Column">The column of its first character in the file, from 1.</param>
/// <param name="Indent">How many characters the file has before each further line that <paramref name="Text"/> has not (EF Core's guards).</param>
/// <param name="OutsideTransaction">The file runs it outside a transaction (EF Core's suppressed commands).</param>
public sealed record ScriptStatement(string Text, StatementKind Kind, int Line, int Column, int Indent = 0, bool OutsideTransaction = false)
{
    /// <summary>It builds an index without locking others out, and leaves an invalid one when it fails.</summary>
    public bool BuildsConcurrently => Kind == StatementKind.CreateIndexConcurrently
        || (Kind == StatementKind.OutsideTransaction && ConcurrentReindex.Parse(Text) is not null);
}
