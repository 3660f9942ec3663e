using System.Globalization;
using System.Text;

namespace DbMigrate.Engine.Formats.Sqlx;

/// <summary>
/// Reads as much of TOML 1.0 as a sqlx.toml needs: tables, dotted and quoted keys, all four kinds of strings, booleans, arrays and inline
/// tables. Numbers and dates are kept as their text, since no setting that matters here is one.
/// </summary>
internal sealed class TomlReader
{
    private const int MaxDepth = 64;

    private readonly string _text;
    private readonly string _path;
    private readonly HashSet<object> _closed = new(ReferenceEqualityComparer.Instance);
    private int _at;

    private TomlReader(string text, string path)
    {
        _text = text;
        _path = path;
    }

    /// <summary>Reads a document.</summary>
    /// <param name="text">The document.</param>
    /// <param name="path">The file's name for error messages.</param>
    /// <returns>Tables as dictionaries; strings; bool; arrays as <c>List&lt;object&gt;</c>; the rest as <see cref="TomlScalar"/>.</returns>
    /// <exception cref="DbMigrateException"><c>InvalidToml</c>, with the line.</exception>
    public static Dictionary<string, object> Read(string text, string path) =>
        new TomlReader(text.TrimStart('\uFEFF').Replace("\r\n", "\n", StringComparison.Ordinal), path).ReadDocument();

    private Dictionary<string, object> ReadDocument()
    {
        var root = new Dictionary<string, object>();
        var table = root;
        for (SkipBlankLines(); _at < _text.Length; SkipBlankLines())
        {
            if (Take("[["))
            {
                table = ReadHeader(root, "]]");
            }
            else if (Take("["))
            {
                table = ReadHeader(root, "]");
            }
            else
            {
                ReadPair(table, 0);
            }

            SkipBlanks();
            SkipComment();
            if (_at < _text.Length && !Take("\n"))
            {
                throw Error("one setting a line is allowed");
            }
        }

        return root;
    }

    private Dictionary<string, object> ReadHeader(Dictionary<string, object> root, string end)
    {
        var key = ReadKey();
        Expect(end);
        var parent = Descend(root, key.SkipLast(1));
        var name = key[^1];
        if (end == "]]")
        {
            if (!parent.TryGetValue(name, out var known))
            {
                parent[name] = known = new List<object>();
            }

            var element = new Dictionary<string, object>();
            (known as List<object> ?? throw Error($"'{name}' is no array of tables")).Add(element);
            return element;
        }

        var table = Descend(parent, [name]);
        return _closed.Add(table) ? table : throw Error($"the table '{string.Join('.', key)}' is there twice");
    }

    private void ReadPair(Dictionary<string, object> table, int depth)
    {
        var key = ReadKey();
        Expect("=");
        SkipBlanks();
        var value = ReadValue(depth);
        if (!Descend(table, key.SkipLast(1)).TryAdd(key[^1], value))
        {
            throw Error($"'{string.Join('.', key)}' is there twice");
        }
    }

    private Dictionary<string, object> Descend(Dictionary<string, object> table, IEnumerable<string> key)
    {
        foreach (var part in key)
        {
            if (!table.TryGetValue(part, out var next))
            {
                table[part] = next = new Dictionary<string, object>();
            }

            table = next switch
            {
                Dictionary<string, object> t => t,
                List<object> and [.., Dictionary<string, object> last] => last,
                _ => throw Error($"'{part}' is no table"),
            };
        }

        return table;
    }

    private List<string> ReadKey()
    {
        var parts = new List<string>();
        do
        {
            SkipBlanks();
            parts.Add(ReadKeyPart());
            SkipBlanks();
        }
        while (Take("."));
        return parts;
    }

    private string ReadKeyPart()
    {
        if (Peek() is '"' or '\'')
        {
            return ReadLine(_text[_at++]);
        }

        var start = _at;
        while (Peek() is { } c && (char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
        {
            _at++;
        }

        return _at > start ? _text[start.._at] : throw Error("a key is missing");
    }

    private object ReadValue(int depth)
    {
        if (depth > MaxDepth)
        {
            throw Error("values are nested too deeply");
        }

        switch (Peek())
        {
            case '"' or '\'':
                var quote = _text[_at];
                return Take(new string(quote, 3)) ? ReadLines(quote) : ReadLine(_text[_at++]);
            case '[':
                _at++;
                return ReadArray(depth);
            case '{':
                _at++;
                return ReadInlineTable(depth);
        }

        var start = _at;
        while (Peek() is { } c && (char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '_' or '.' or ':'))
        {
            _at++;
        }

        return _text[start.._at] switch
        {
            "" => throw Error("a value is missing"),
            "true" => true,
            "false" => false,
            var other => new TomlScalar(other),
        };
    }

    private List<object> ReadArray(int depth)
    {
        var items = new List<object>();
        for (SkipBlankLines(); !Take("]"); SkipBlankLines())
        {
            items.Add(ReadValue(depth + 1));
            SkipBlankLines();
            if (!Take(",") && Peek() != ']')
            {
                throw Error("the array lacks a ',' or its ']'");
            }
        }

        return items;
    }

    private Dictionary<string, object> ReadInlineTable(int depth)
    {
        var table = new Dictionary<string, object>();
        SkipBlanks();
        if (!Take("}"))
        {
            do
            {
                ReadPair(table, depth + 1);
                SkipBlanks();
            }
            while (Take(","));
            Expect("}");
        }

        return table;
    }

    private string ReadLine(char quote)
    {
        var result = new StringBuilder();
        while (true)
        {
            switch (Peek())
            {
                case null or '\n':
                    throw Error("a string is not closed on its line");
                case var c when c == quote:
                    _at++;
                    return result.ToString();
                case '\\' when quote == '"':
                    ReadEscape(result);
                    break;
                default:
                    result.Append(ReadCharacter());
                    break;
            }
        }
    }

    private string ReadLines(char quote)
    {
        var result = new StringBuilder();
        Take("\n");
        while (true)
        {
            if (Take(new string(quote, 3)))
            {
                // Up to two quotes may stand before the closing three.
                for (var extra = 0; extra < 2 && Peek() == quote; extra++)
                {
                    result.Append(quote);
                    _at++;
                }

                return result.ToString();
            }

            switch (Peek())
            {
                case null:
                    throw Error("a string is not closed");
                case '\\' when quote == '"':
                    ReadEscape(result, lines: true);
                    break;
                case '\n':
                    result.Append('\n');
                    _at++;
                    break;
                default:
                    result.Append(ReadCharacter());
                    break;
            }
        }
    }

    private char ReadCharacter()
    {
        var c = _text[_at];
        if (c != '\t' && char.IsControl(c) && c < '\u0080')
        {
            throw Error("a string has a control character");
        }

        _at++;
        return c;
    }

    private void ReadEscape(StringBuilder result, bool lines = false)
    {
        _at++;
        var code = Peek();
        _at++;
        switch (code)
        {
            case 'b':
                result.Append('\b');
                return;
            case 't':
                result.Append('\t');
                return;
            case 'n':
                result.Append('\n');
                return;
            case 'f':
                result.Append('\f');
                return;
            case 'r':
                result.Append('\r');
                return;
            case '"' or '\\':
                result.Append(code);
                return;
            case 'u' or 'U':
                var digits = code == 'u' ? 4 : 8;
                if (_at + digits <= _text.Length
                    && uint.TryParse(
                        _text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var scalar)
                    && Rune.TryCreate(scalar, out var rune))
                {
                    _at += digits;
                    result.Append(rune.ToString());
                    return;
                }

                break;
            case ' ' or '\t' or '\n' when lines:
                // A backslash at the end of a line takes the white space that follows with it.
                _at--;
                SkipBlanks();
                if (Peek() == '\n')
                {
                    while (Peek() is ' ' or '\t' or '\n')
                    {
                        _at++;
                    }

                    return;
                }

                break;
        }

        throw Error("a string has an escape that TOML does not know");
    }

    private void SkipBlankLines()
    {
        while (true)
        {
            SkipBlanks();
            SkipComment();
            if (!Take("\n"))
            {
                return;
            }
        }
    }

    private void SkipBlanks()
    {
        while (Peek() is ' ' or '\t')
        {
            _at++;
        }
    }

    private void SkipComment()
    {
        if (Peek() == '#')
        {
            var end = _text.IndexOf('\n', _at);
            _at = end < 0 ? _text.Length : end;
        }
    }

    private char? Peek() => _at < _text.Length ? _text[_at] : null;

    private bool Take(string token)
    {
        if (string.CompareOrdinal(_text, _at, token, 0, token.Length) != 0)
        {
            return false;
        }

        _at += token.Length;
        return true;
    }

    private void Expect(string token)
    {
        SkipBlanks();
        if (!Take(token))
        {
            throw Error($"'{token}' is missing");
        }
    }

    private DbMigrateException Error(string what)
    {
        var line = _text.AsSpan(0, Math.Min(_at, _text.Length)).Count('\n') + 1;
        return new DbMigrateException(
            "InvalidToml", ErrorKind.InvalidData, $"{_path}:{line}: {what}.", "Correct the file; its syntax is TOML 1.0.")
        {
            Subject = _path,
        };
    }
}
