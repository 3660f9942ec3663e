namespace DbMigrate.Engine.Sql;

/// <summary>The kinds of token that PostgreSQL tells apart (manual 4.1 Lexical Structure), and the comments between them.</summary>
public enum SqlTokenKind
{
    /// <summary>Not a token: the text ended.</summary>
    None,

    /// <summary>A keyword or an identifier without quotes. The <c>N</c> of <c>N'…'</c> is one of its own, as for PostgreSQL.</summary>
    Word,

    /// <summary><c>"…"</c> or <c>U&amp;"…"</c>.</summary>
    QuotedIdentifier,

    /// <summary><c>'…'</c>, <c>E'…'</c> or <c>U&amp;'…'</c>, with the parts that continue it on further lines.</summary>
    QuotedString,

    /// <summary><c>B'…'</c> or <c>X'…'</c>, with the parts that continue it on further lines.</summary>
    BitString,

    /// <summary><c>$$…$$</c> or <c>$tag$…$tag$</c>.</summary>
    DollarString,

    /// <summary>A number, in any of its notations.</summary>
    Number,

    /// <summary><c>$1</c>.</summary>
    Parameter,

    /// <summary>One or more of <c>+ - * / &lt; &gt; = ~ ! @ # % ^ &amp; | ` ?</c>.</summary>
    Operator,

    /// <summary><c>(</c>.</summary>
    LeftParenthesis,

    /// <summary><c>)</c>.</summary>
    RightParenthesis,

    /// <summary><c>;</c>.</summary>
    Semicolon,

    /// <summary><c>,</c>.</summary>
    Comma,

    /// <summary><c>.</c>.</summary>
    Dot,

    /// <summary><c>[ ] : :: := ..</c>.</summary>
    Symbol,

    /// <summary>A backslash outside of quotes, with the name that follows it: a command of psql, unknown to the server.</summary>
    MetaCommand,

    /// <summary>A character that no token of PostgreSQL starts with, for example <c>{</c>.</summary>
    Unknown,

    /// <summary><c>-- …</c> up to the end of the line, which is not part of it.</summary>
    LineComment,

    /// <summary><c>/* … */</c>, nested ones included.</summary>
    BlockComment,

    /// <summary>A string of any kind but a dollar-quoted one whose closing quote is missing; goes to the end of the text.</summary>
    UnterminatedString,

    /// <summary>A quoted identifier whose closing quote is missing; goes to the end of the text.</summary>
    UnterminatedQuotedIdentifier,

    /// <summary>A dollar-quoted string whose closing tag is missing; goes to the end of the text.</summary>
    UnterminatedDollarString,

    /// <summary>A block comment whose end is missing; goes to the end of the text.</summary>
    UnterminatedComment,
}
