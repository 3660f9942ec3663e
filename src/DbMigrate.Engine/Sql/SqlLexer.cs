namespace DbMigrate.Engine.Sql;

/// <summary>Reads a text token by token, exactly as PostgreSQL 12 to 18 do (manual 4.1 Lexical Structure). Never fails.</summary>
/// <remarks>
/// Where the versions differ, one reading serves all that accept the text: a vertical tab is white space (from 16), <c>0x1F</c> and <c>1_000</c>
/// are one number (from 16).
/// </remarks>
public ref struct SqlLexer
{
    private readonly ReadOnlySpan<char> _text;
    private readonly bool _standardStrings;
    private int _position;

    /// <param name="text">The text.</param>
    /// <param name="standardStrings">
    /// False for what runs with <c>standard_conforming_strings</c> off: then a backslash escapes in <c>'…'</c> as it does in <c>E'…'</c>.
    /// </param>
    public SqlLexer(ReadOnlySpan<char> text, bool standardStrings = true)
    {
        _text = text;
        _standardStrings = standardStrings;
    }

    /// <summary>Reads the next token or comment; white space is skipped.</summary>
    /// <param name="token">The token; its offset counts UTF-16 units. At the end of the text, one of kind None.</param>
    /// <returns>False at the end of the text.</returns>
    public bool Read(out SqlToken token)
    {
        var found = SqlScanner.Scan(_text, _position, final: true, _standardStrings, out token);
        _position = token.End;
        return found;
    }

    /// <summary>What a token of this text says, quotes included.</summary>
    public readonly ReadOnlySpan<char> TextOf(SqlToken token) => _text.Slice(token.Offset, token.Length);
}
