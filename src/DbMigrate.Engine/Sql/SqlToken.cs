namespace DbMigrate.Engine.Sql;

/// <summary>A piece of a text.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Offset">Where it starts, from 0, in the units of the text (characters of a string, bytes of UTF-8).</param>
/// <param name="Length">Its length in the same units.</param>
public readonly record struct SqlToken(SqlTokenKind Kind, int Offset, int Length)
{
    /// <summary>Where it ends: the offset of the first unit after it.</summary>
    public int End => Offset + Length;

    /// <summary>Whether it is a comment, which PostgreSQL takes for white space.</summary>
    public bool IsComment => Kind is SqlTokenKind.LineComment or SqlTokenKind.BlockComment;
}
