using System.Numerics;

namespace DbMigrate.Engine.Sql;

/// <summary>
/// Finds one token in UTF-8 bytes or UTF-16 characters. The same code serves both, since for PostgreSQL whatever is not ASCII is a letter.
/// The rules are those of PostgreSQL's flex scanner: src/backend/parser/scan.l and, for backslash commands, src/fe_utils/psqlscan.l.
/// </summary>
internal static class SqlScanner
{
    // The text ends before the token's end is certain.
    private const int Open = -1;

    // What stands behind the last character.
    private const int Nothing = -1;

    // PostgreSQL refuses operators of 64 and more characters, so nobody needs to know how a longer one ends.
    // Without a limit 1+-+-+-+… would take quadratic time: each sign is a token, found by looking at all that follow.
    private const int LongestOperator = 128;

    private static readonly CharacterClass[] _classes = Classify();

    private enum CharacterClass : byte
    {
        Unknown,
        Space,
        Letter,
        Digit,
        Dollar,
        Operator,
        Quote,
        DoubleQuote,
        Dot,
        Colon,
        Punctuation,
        Backslash,
    }

    /// <summary>Finds the first token or comment at or after a place that is between two tokens.</summary>
    /// <param name="text">The text, or the first part of it.</param>
    /// <param name="start">Where to start.</param>
    /// <param name="final">False when more text follows this; then a token that may go on in it counts as not found.</param>
    /// <param name="standardStrings">Whether <c>standard_conforming_strings</c> is on.</param>
    /// <param name="token">The token; when there is none, an empty one at the place to go on from.</param>
    public static bool Scan<T>(ReadOnlySpan<T> text, int start, bool final, bool standardStrings, out SqlToken token)
        where T : unmanaged, IBinaryInteger<T>
    {
        var i = start;
        while (i < text.Length && ClassOf(text[i]) == CharacterClass.Space)
        {
            i++;
        }

        token = new SqlToken(SqlTokenKind.None, i, 0);
        if (i == text.Length)
        {
            return false;
        }

        var kind = KindAt(text, i, final, standardStrings, out var end);
        if (!final && (end == Open || end + Lookahead(kind) > text.Length))
        {
            return false;
        }

        token = end == Open ? new SqlToken(Unterminated(kind), i, text.Length - i) : new SqlToken(kind, i, end - i);
        return true;
    }

    /// <summary>Whether a word is this keyword, which is given in capitals.</summary>
    public static bool IsKeyword<T>(ReadOnlySpan<T> word, string keyword)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (word.Length != keyword.Length)
        {
            return false;
        }

        for (var i = 0; i < word.Length; i++)
        {
            var c = uint.CreateTruncating(word[i]);
            if (c != keyword[i] && (c is < 'a' or > 'z' || c - 'a' + 'A' != keyword[i]))
            {
                return false;
            }
        }

        return true;
    }

    // How many units behind a token must be known before its end is certain; strings and operators see to it themselves.
    private static int Lookahead(SqlTokenKind kind) => kind switch
    {
        SqlTokenKind.LeftParenthesis or SqlTokenKind.RightParenthesis or SqlTokenKind.Semicolon or SqlTokenKind.Comma => 0,
        SqlTokenKind.Number => 3,
        _ => 1,
    };

    private static SqlTokenKind Unterminated(SqlTokenKind kind) => kind switch
    {
        SqlTokenKind.QuotedIdentifier => SqlTokenKind.UnterminatedQuotedIdentifier,
        SqlTokenKind.DollarString => SqlTokenKind.UnterminatedDollarString,
        SqlTokenKind.BlockComment => SqlTokenKind.UnterminatedComment,
        _ => SqlTokenKind.UnterminatedString,
    };

    private static SqlTokenKind KindAt<T>(ReadOnlySpan<T> text, int i, bool final, bool standardStrings, out int end)
        where T : unmanaged, IBinaryInteger<T>
    {
        switch (ClassOf(text[i]))
        {
            case CharacterClass.Letter:
                return LetterAt(text, i, final, out end);
            case CharacterClass.Punctuation:
                end = i + 1;
                return At(text, i) switch
                {
                    '(' => SqlTokenKind.LeftParenthesis,
                    ')' => SqlTokenKind.RightParenthesis,
                    ';' => SqlTokenKind.Semicolon,
                    ',' => SqlTokenKind.Comma,
                    _ => SqlTokenKind.Symbol,
                };
            case CharacterClass.Quote:
                end = EndOfString(text, i + 1, final, escapes: !standardStrings, doubled: true);
                return SqlTokenKind.QuotedString;
            case CharacterClass.Digit:
                end = EndOfNumber(text, i);
                return SqlTokenKind.Number;
            case CharacterClass.Operator:
                return OperatorAt(text, i, final, out end);
            case CharacterClass.Dot:
                return DotAt(text, i, out end);
            case CharacterClass.Colon:
                end = At(text, i + 1) is ':' or '=' ? i + 2 : i + 1;
                return SqlTokenKind.Symbol;
            case CharacterClass.DoubleQuote:
                end = EndOfQuotedIdentifier(text, i + 1, final);
                return SqlTokenKind.QuotedIdentifier;
            case CharacterClass.Dollar:
                return DollarAt(text, i, final, out end);
            case CharacterClass.Backslash:
                end = i + 1;
                while (end < text.Length && ClassOf(text[end]) is not (CharacterClass.Space or CharacterClass.Backslash))
                {
                    end++;
                }

                return SqlTokenKind.MetaCommand;
            default:
                end = i + 1;
                return SqlTokenKind.Unknown;
        }
    }

    private static SqlTokenKind LetterAt<T>(ReadOnlySpan<T> text, int i, bool final, out int end)
        where T : unmanaged, IBinaryInteger<T>
    {
        end = i + 1;
        while (end < text.Length && ClassOf(text[end]) is CharacterClass.Letter or CharacterClass.Digit or CharacterClass.Dollar)
        {
            end++;
        }

        // One letter and a quote may be the start of a string.
        return end == i + 1 && At(text, end) is '\'' or '&' ? PrefixAt(text, i, final, ref end) : SqlTokenKind.Word;
    }

    private static SqlTokenKind PrefixAt<T>(ReadOnlySpan<T> text, int i, bool final, ref int end)
        where T : unmanaged, IBinaryInteger<T>
    {
        switch (At(text, i), At(text, i + 1), At(text, i + 2))
        {
            case ('e' or 'E', '\'', _):
                end = EndOfString(text, i + 2, final, escapes: true, doubled: true);
                return SqlTokenKind.QuotedString;
            case ('b' or 'B' or 'x' or 'X', '\'', _):
                end = EndOfString(text, i + 2, final, escapes: false, doubled: false);
                return SqlTokenKind.BitString;
            case ('u' or 'U', '&', '\''):
                end = EndOfString(text, i + 3, final, escapes: false, doubled: true);
                return SqlTokenKind.QuotedString;
            case ('u' or 'U', '&', '"'):
                end = EndOfQuotedIdentifier(text, i + 3, final);
                return SqlTokenKind.QuotedIdentifier;
            case ('u' or 'U', '&', Nothing) when !final:
                end = Open;
                return SqlTokenKind.Word;
            default:
                return SqlTokenKind.Word;
        }
    }

    private static int EndOfString<T>(ReadOnlySpan<T> text, int i, bool final, bool escapes, bool doubled)
        where T : unmanaged, IBinaryInteger<T>
    {
        while (true)
        {
            var found = escapes
                ? text[i..].IndexOfAny(T.CreateTruncating('\''), T.CreateTruncating('\\'))
                : text[i..].IndexOf(T.CreateTruncating('\''));
            if (found < 0)
            {
                return Open;
            }

            i += found + 1;
            if (At(text, i - 1) == '\\')
            {
                if (i == text.Length)
                {
                    return Open;
                }

                i++;
            }
            else if (doubled && At(text, i) == '\'')
            {
                i++;
            }
            else if (!GoesOn(text, i, out var next))
            {
                return next == text.Length && !final ? Open : i;
            }
            else
            {
                i = next;
            }
        }
    }

    // Whether white space with a line break, and then a quote, follow a string: they are then part of it.
    // Gives the place behind that quote, or else the place that settles it.
    private static bool GoesOn<T>(ReadOnlySpan<T> text, int i, out int next)
        where T : unmanaged, IBinaryInteger<T>
    {
        var newLine = false;
        for (next = i; next < text.Length; next++)
        {
            var c = At(text, next);
            if (c is '\n' or '\r')
            {
                newLine = true;
            }
            else if (c == '\'' && newLine)
            {
                next++;
                return true;
            }
            else if (c == '-' && At(text, next + 1) is '-' or Nothing)
            {
                next = EndOfLine(text, next) - 1;
            }
            else if (ClassOf(text[next]) != CharacterClass.Space)
            {
                return false;
            }
        }

        return false;
    }

    private static int EndOfQuotedIdentifier<T>(ReadOnlySpan<T> text, int i, bool final)
        where T : unmanaged, IBinaryInteger<T>
    {
        while (true)
        {
            var found = text[i..].IndexOf(T.CreateTruncating('"'));
            if (found < 0)
            {
                return Open;
            }

            i += found + 1;
            switch (At(text, i))
            {
                case '"':
                    i++;
                    break;
                case Nothing when !final:
                    return Open;
                default:
                    return i;
            }
        }
    }

    private static SqlTokenKind DollarAt<T>(ReadOnlySpan<T> text, int i, bool final, out int end)
        where T : unmanaged, IBinaryInteger<T>
    {
        end = i + 1;
        if (end < text.Length && ClassOf(text[end]) == CharacterClass.Digit)
        {
            while (IsDigit(At(text, end), 10))
            {
                end++;
            }

            return SqlTokenKind.Parameter;
        }

        if (end < text.Length && ClassOf(text[end]) == CharacterClass.Letter)
        {
            while (end < text.Length && ClassOf(text[end]) is CharacterClass.Letter or CharacterClass.Digit)
            {
                end++;
            }
        }

        if (At(text, end) != '$')
        {
            end = end == text.Length && !final ? Open : i + 1;
            return SqlTokenKind.Unknown;
        }

        // No other $ is in a tag, so the first place where it is found again is the one where PostgreSQL finds it.
        var tag = text[i..(end + 1)];
        var found = text[(end + 1)..].IndexOf(tag);
        end = found < 0 ? Open : end + 1 + found + tag.Length;
        return SqlTokenKind.DollarString;
    }

    private static SqlTokenKind DotAt<T>(ReadOnlySpan<T> text, int i, out int end)
        where T : unmanaged, IBinaryInteger<T>
    {
        end = i + 1;
        switch (At(text, end))
        {
            case '.':
                end++;
                return SqlTokenKind.Symbol;
            case >= '0' and <= '9':
                end = EndOfExponent(text, EndOfDigits(text, end, 10));
                return SqlTokenKind.Number;
            default:
                return SqlTokenKind.Dot;
        }
    }

    private static int EndOfNumber<T>(ReadOnlySpan<T> text, int i)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (At(text, i) == '0')
        {
            var radix = At(text, i + 1) switch
            {
                'x' or 'X' => 16,
                'o' or 'O' => 8,
                'b' or 'B' => 2,
                _ => 10,
            };
            var first = At(text, i + 2) == '_' ? i + 3 : i + 2;
            if (radix != 10 && IsDigit(At(text, first), radix))
            {
                return EndOfDigits(text, first, radix);
            }
        }

        var end = EndOfDigits(text, i, 10);

        // 1..10 is 1, .. and 10.
        if (At(text, end) == '.' && At(text, end + 1) != '.')
        {
            end++;
            end = IsDigit(At(text, end), 10) ? EndOfDigits(text, end, 10) : end;
        }

        return EndOfExponent(text, end);
    }

    private static int EndOfExponent<T>(ReadOnlySpan<T> text, int i)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (At(text, i) is not ('e' or 'E'))
        {
            return i;
        }

        var digits = At(text, i + 1) is '+' or '-' ? i + 2 : i + 1;
        return IsDigit(At(text, digits), 10) ? EndOfDigits(text, digits, 10) : i;
    }

    // Digits, with single underscores between them (from PostgreSQL 16; an error before).
    private static int EndOfDigits<T>(ReadOnlySpan<T> text, int i, int radix)
        where T : unmanaged, IBinaryInteger<T>
    {
        while (IsDigit(At(text, i), radix) || (At(text, i) == '_' && IsDigit(At(text, i + 1), radix)))
        {
            i++;
        }

        return i;
    }

    private static bool IsDigit(int c, int radix) => c switch
    {
        >= '0' and <= '9' => c - '0' < radix,
        (>= 'a' and <= 'f') or (>= 'A' and <= 'F') => radix == 16,
        _ => false,
    };

    private static SqlTokenKind OperatorAt<T>(ReadOnlySpan<T> text, int i, bool final, out int end)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (StartsComment(text, i))
        {
            if (At(text, i) == '-')
            {
                end = EndOfLine(text, i);
                return SqlTokenKind.LineComment;
            }

            end = EndOfBlockComment(text, i + 2);
            return SqlTokenKind.BlockComment;
        }

        end = i + 1;
        while (end < text.Length && end - i < LongestOperator && ClassOf(text[end]) == CharacterClass.Operator && !StartsComment(text, end))
        {
            end++;
        }

        end = end == text.Length && !final ? Open : WithoutSigns(text, i, end);
        return SqlTokenKind.Operator;
    }

    private static bool StartsComment<T>(ReadOnlySpan<T> text, int i)
        where T : unmanaged, IBinaryInteger<T> => At(text, i) switch
        {
            '-' => At(text, i + 1) == '-',
            '/' => At(text, i + 1) == '*',
            _ => false,
        };

    // An operator of several characters may end in a sign only if it has a character that no operator of the SQL standard has:
    // so that =-1 is = and -1, and ?- is one operator.
    private static int WithoutSigns<T>(ReadOnlySpan<T> text, int start, int end)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = start; i < end; i++)
        {
            if (At(text, i) is '~' or '!' or '@' or '#' or '^' or '&' or '|' or '`' or '?' or '%')
            {
                return end;
            }
        }

        while (end > start + 1 && At(text, end - 1) is '+' or '-')
        {
            end--;
        }

        return end;
    }

    private static int EndOfLine<T>(ReadOnlySpan<T> text, int i)
        where T : unmanaged, IBinaryInteger<T>
    {
        var found = text[i..].IndexOfAny(T.CreateTruncating('\n'), T.CreateTruncating('\r'));
        return found < 0 ? text.Length : i + found;
    }

    private static int EndOfBlockComment<T>(ReadOnlySpan<T> text, int i)
        where T : unmanaged, IBinaryInteger<T>
    {
        var depth = 1;
        while (depth > 0)
        {
            var found = text[i..].IndexOfAny(T.CreateTruncating('*'), T.CreateTruncating('/'));
            if (found < 0 || i + found + 1 >= text.Length)
            {
                return Open;
            }

            i += found + 1;
            switch (At(text, i - 1), At(text, i))
            {
                case ('*', '/'):
                    depth--;
                    i++;
                    break;
                case ('/', '*'):
                    depth++;
                    i++;
                    break;
            }
        }

        return i;
    }

    private static int At<T>(ReadOnlySpan<T> text, int i)
        where T : unmanaged, IBinaryInteger<T> => (uint)i < (uint)text.Length ? int.CreateTruncating(text[i]) : Nothing;

    private static CharacterClass ClassOf<T>(T unit)
        where T : unmanaged, IBinaryInteger<T>
    {
        var c = uint.CreateTruncating(unit);
        return c < 128 ? _classes[c] : CharacterClass.Letter;
    }

    private static CharacterClass[] Classify()
    {
        var classes = new CharacterClass[128];
        void Set(string characters, CharacterClass kind)
        {
            foreach (var c in characters)
            {
                classes[c] = kind;
            }
        }

        Set(" \t\n\r\f\v", CharacterClass.Space);
        Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_", CharacterClass.Letter);
        Set("0123456789", CharacterClass.Digit);
        Set("+-*/<>=~!@#%^&|`?", CharacterClass.Operator);
        Set("'", CharacterClass.Quote);
        Set("\"", CharacterClass.DoubleQuote);
        Set("$", CharacterClass.Dollar);
        Set(".", CharacterClass.Dot);
        Set(":", CharacterClass.Colon);
        Set("()[],;", CharacterClass.Punctuation);
        Set("\\", CharacterClass.Backslash);
        return classes;
    }
}
