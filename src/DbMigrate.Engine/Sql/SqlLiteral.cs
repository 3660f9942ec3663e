using System.Globalization;
using System.Text;

namespace DbMigrate.Engine.Sql;

/// <summary>What strings and identifiers stand for (manual 4.1.1 Identifiers and Key Words, 4.1.2 Constants).</summary>
public static class SqlLiteral
{
    // NAMEDATALEN - 1.
    private const int LongestIdentifier = 63;

    private enum Escapes
    {
        None,
        Backslash,
        Unicode,
    }

    /// <summary>The value of a <see cref="SqlTokenKind.QuotedString"/> or <see cref="SqlTokenKind.DollarString"/>.</summary>
    /// <param name="token">The token's text.</param>
    /// <param name="standardStrings">Whether <c>standard_conforming_strings</c> is on.</param>
    /// <param name="unicodeEscape">What starts an escape in <c>U&amp;'…'</c> (UESCAPE).</param>
    public static string ValueOf(ReadOnlySpan<char> token, bool standardStrings = true, char unicodeEscape = '\\')
    {
        switch (token[0])
        {
            case '$':
                var tag = token[1..].IndexOf('$') + 2;
                return token[tag..^tag].ToString();
            case 'u' or 'U':
                return Encoding.UTF8.GetString(Unquote(token, Escapes.Unicode, unicodeEscape));
            case '\'' when standardStrings:
                return Encoding.UTF8.GetString(Unquote(token, Escapes.None, default));
            default:
                return Encoding.UTF8.GetString(Unquote(token, Escapes.Backslash, '\\'));
        }
    }

    /// <summary>The name that a <see cref="SqlTokenKind.Word"/> or <see cref="SqlTokenKind.QuotedIdentifier"/> stands for.</summary>
    /// <param name="token">The token's text.</param>
    /// <param name="unicodeEscape">What starts an escape in <c>U&amp;"…"</c> (UESCAPE).</param>
    public static string NameOf(ReadOnlySpan<char> token, char unicodeEscape = '\\')
    {
        byte[] name;
        if (token[^1] == '"')
        {
            name = Unquote(token, token[0] == '"' ? Escapes.None : Escapes.Unicode, unicodeEscape);
        }
        else
        {
            // Only ASCII is folded in an encoding with several bytes a character (src/backend/parser/scansup.c).
            name = Encoding.UTF8.GetBytes(token.ToString());
            Ascii.ToLowerInPlace(name, out _);
        }

        var length = Math.Min(name.Length, LongestIdentifier);
        while (length < name.Length && (name[length] & 0xC0) == 0x80)
        {
            length--;
        }

        return Encoding.UTF8.GetString(name, 0, length);
    }

    private static byte[] Unquote(ReadOnlySpan<char> token, Escapes escapes, char escape)
    {
        var text = Encoding.UTF8.GetBytes(token.ToString());
        var quote = text[^1];
        var value = new List<byte>(text.Length);
        var i = Array.IndexOf(text, quote) + 1;
        while (true)
        {
            if (text[i] == quote)
            {
                i++;
                if (i == text.Length)
                {
                    return value.ToArray();
                }

                if (text[i] != quote)
                {
                    i = NextPart(text, i);
                    continue;
                }
            }
            else if (escapes != Escapes.None && text[i] == escape)
            {
                i = escapes == Escapes.Unicode ? UnicodeEscape(text, i + 1, value) : BackslashEscape(text, i + 1, value);
                continue;
            }

            value.Add(text[i++]);
        }
    }

    // A string may go on after white space with a line break, and -- comments.
    private static int NextPart(byte[] text, int i)
    {
        while (text[i] != '\'')
        {
            i = text[i] == '-' ? text.AsSpan(i).IndexOfAny((byte)'\n', (byte)'\r') + i : i + 1;
        }

        return i + 1;
    }

    private static int BackslashEscape(byte[] text, int i, List<byte> value)
    {
        switch ((char)text[i])
        {
            case 'u' when Hex(text, i + 1, 4, out var unit):
                return Character(text, i + 5, unit, "\\u"u8, 4, value);
            case 'U' when Hex(text, i + 1, 8, out var code):
                return Character(text, i + 9, code, "\\u"u8, 4, value);
            case 'x' when Hex(text, i + 1, 2, out var two):
                value.Add((byte)two);
                return i + 3;
            case 'x' when Hex(text, i + 1, 1, out var one):
                value.Add((byte)one);
                return i + 2;
            case >= '0' and <= '7':
                var octal = 0;
                for (var end = i + 3; i < end && text[i] is >= (byte)'0' and <= (byte)'7'; i++)
                {
                    octal = (octal * 8) + text[i] - '0';
                }

                value.Add((byte)octal);
                return i;
            default:
                value.Add((char)text[i] switch
                {
                    'b' => (byte)'\b',
                    'f' => (byte)'\f',
                    'n' => (byte)'\n',
                    'r' => (byte)'\r',
                    't' => (byte)'\t',
                    'v' => (byte)'\v',
                    _ => text[i],
                });
                return i + 1;
        }
    }

    private static int UnicodeEscape(byte[] text, int i, List<byte> value)
    {
        var escape = text.AsSpan(i - 1, 1);
        if (Hex(text, i, 4, out var unit))
        {
            return Character(text, i + 4, unit, escape, 4, value);
        }

        if (text[i] == '+' && Hex(text, i + 1, 6, out var code))
        {
            return Character(text, i + 7, code, escape, 4, value);
        }

        value.Add(text[i]);
        return i + 1;
    }

    // The first half of a surrogate pair needs the second, which is written the same way.
    private static int Character(byte[] text, int i, int code, ReadOnlySpan<byte> escape, int digits, List<byte> value)
    {
        if (code is >= 0xD800 and <= 0xDBFF && text.AsSpan(i).StartsWith(escape) && Hex(text, i + escape.Length, digits, out var low))
        {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            i += escape.Length + digits;
        }

        Span<byte> utf8 = stackalloc byte[4];
        var rune = Rune.IsValid(code) ? new Rune(code) : Rune.ReplacementChar;
        value.AddRange(utf8[..rune.EncodeToUtf8(utf8)]);
        return i;
    }

    private static bool Hex(byte[] text, int i, int digits, out int code)
    {
        code = 0;
        return i + digits <= text.Length
            && int.TryParse(text.AsSpan(i, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out code);
    }
}
