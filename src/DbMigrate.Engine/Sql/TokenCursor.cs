namespace DbMigrate.Engine.Sql;

/// <summary>Steps through the tokens of one statement, comments left out.</summary>
internal ref struct TokenCursor
{
    private readonly ReadOnlySpan<char> _text;
    private SqlLexer _lexer;

    public TokenCursor(ReadOnlySpan<char> text, bool standardStrings = true)
    {
        _text = text;
        _lexer = new SqlLexer(text, standardStrings);
        StandardStrings = standardStrings;
        Next();
    }

    /// <summary>The token that is next; of kind None at the end.</summary>
    public SqlToken Token { get; private set; }

    /// <summary>What that token says.</summary>
    public readonly ReadOnlySpan<char> Text => _text.Slice(Token.Offset, Token.Length);

    /// <summary>Whether <c>standard_conforming_strings</c> is on.</summary>
    public bool StandardStrings { get; }

    /// <summary>Goes on to the next token, and says whether there is one.</summary>
    public bool Next()
    {
        do
        {
            _lexer.Read(out var token);
            Token = token;
        }
        while (Token.IsComment);

        return Token.Kind != SqlTokenKind.None;
    }

    /// <summary>Whether the next token is this keyword, which is given in capitals.</summary>
    public readonly bool Is(string keyword) => Token.Kind == SqlTokenKind.Word && SqlScanner.IsKeyword(Text, keyword);

    /// <summary>Steps over a keyword, if it is next.</summary>
    public bool Accept(string keyword) => Is(keyword) && Step();

    /// <summary>Steps over a token of a kind, if it is next.</summary>
    public bool Accept(SqlTokenKind kind) => Token.Kind == kind && Step();

    /// <summary>Steps over an operator, if it is next.</summary>
    public bool AcceptOperator(string text) => Token.Kind == SqlTokenKind.Operator && Text.SequenceEqual(text) && Step();

    /// <summary>Steps over two keywords, if both are next.</summary>
    public bool Accept(string first, string second)
    {
        var start = this;
        if (Accept(first) && Accept(second))
        {
            return true;
        }

        this = start;
        return false;
    }

    /// <summary>Steps over three keywords, if all are next.</summary>
    public bool Accept(string first, string second, string third)
    {
        var start = this;
        if (Accept(first, second) && Accept(third))
        {
            return true;
        }

        this = start;
        return false;
    }

    /// <summary>Steps over what stands in parentheses, if one is next.</summary>
    public bool AcceptParentheses()
    {
        if (Token.Kind != SqlTokenKind.LeftParenthesis)
        {
            return false;
        }

        var depth = 0;
        do
        {
            depth += Token.Kind switch
            {
                SqlTokenKind.LeftParenthesis => 1,
                SqlTokenKind.RightParenthesis => -1,
                _ => 0,
            };
        }
        while (Next() && depth > 0);

        return true;
    }

    /// <summary>Reads the value of a string; null when none is next.</summary>
    public string? String()
    {
        if (Token.Kind is not (SqlTokenKind.QuotedString or SqlTokenKind.DollarString))
        {
            return null;
        }

        var value = SqlLiteral.ValueOf(Text, StandardStrings);
        Next();
        return value;
    }

    /// <summary>Reads a name with or without schema; null when none is next.</summary>
    public SqlName? Name()
    {
        string? schema = null;
        var name = Identifier();
        while (name is not null && Accept(SqlTokenKind.Dot))
        {
            schema = name;
            name = Identifier();
        }

        return name is null ? null : new SqlName(schema, name);
    }

    /// <summary>Reads a boolean as the server does for settings and options; null when none is next.</summary>
    public bool? Boolean()
    {
        var text = Token.Kind switch
        {
            SqlTokenKind.QuotedString or SqlTokenKind.DollarString => SqlLiteral.ValueOf(Text, StandardStrings),
            SqlTokenKind.Word or SqlTokenKind.Number => Text.ToString(),
            _ => "",
        };

        // Any unambiguous start of a word will do (src/backend/utils/adt/bool.c).
        bool? value = text.ToUpperInvariant() switch
        {
            "1" or "ON" or "T" or "TR" or "TRU" or "TRUE" or "Y" or "YE" or "YES" => true,
            "0" or "OF" or "OFF" or "F" or "FA" or "FAL" or "FALS" or "FALSE" or "N" or "NO" => false,
            _ => null,
        };
        if (value is not null)
        {
            Next();
        }

        return value;
    }

    /// <summary>Looks for an option in the list in parentheses that is next: null if it is not there, true if it has no value.</summary>
    public readonly bool? Option(string name)
    {
        var cursor = this;
        if (!cursor.Accept(SqlTokenKind.LeftParenthesis))
        {
            return null;
        }

        bool? value = null;
        while (cursor.Token.Kind is not (SqlTokenKind.RightParenthesis or SqlTokenKind.None))
        {
            if (cursor.Accept(name))
            {
                cursor.AcceptOperator("=");
                value = cursor.Boolean() ?? true;
            }

            while (!cursor.Accept(SqlTokenKind.Comma) && cursor.Token.Kind is not (SqlTokenKind.RightParenthesis or SqlTokenKind.None))
            {
                cursor.Next();
            }
        }

        return value;
    }

    private string? Identifier()
    {
        if (Token.Kind is not (SqlTokenKind.Word or SqlTokenKind.QuotedIdentifier))
        {
            return null;
        }

        var token = Text;
        Next();
        var escape = token[^1] == '"' && token[0] != '"' && Accept("UESCAPE") ? String() : null;
        return SqlLiteral.NameOf(token, escape is { Length: 1 } ? escape[0] : '\\');
    }

    private bool Step()
    {
        Next();
        return true;
    }
}
