using System.Text;

namespace DbMigrate.Engine.Sql;

/// <summary>Counts lines and columns while UTF-8 goes by in pieces.</summary>
internal struct SourceCursor
{
    private int _line;
    private int _column;
    private bool _afterCarriageReturn;

    /// <summary>Where the next byte stands.</summary>
    public readonly SourcePosition Position => new(_line + 1, _column + 1);

    /// <summary>Goes over valid UTF-8 that ends where a character ends.</summary>
    public void Advance(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return;
        }

        if (_afterCarriageReturn && text[0] == '\n')
        {
            _line--;
        }

        _afterCarriageReturn = text[^1] == '\r';
        var lastBreak = text.LastIndexOfAny((byte)'\n', (byte)'\r');
        if (lastBreak >= 0)
        {
            _line += text.Count((byte)'\n') + text.Count((byte)'\r') - text.Count("\r\n"u8);
            _column = 0;
        }

        _column += Characters(text[(lastBreak + 1)..]);
    }

    private static int Characters(ReadOnlySpan<byte> text)
    {
        if (Ascii.IsValid(text))
        {
            return text.Length;
        }

        var count = 0;
        foreach (var b in text)
        {
            // Every byte of a character but its first is 10xxxxxx.
            count += (b & 0xC0) == 0x80 ? 0 : 1;
        }

        return count;
    }
}
