using System.Text;

namespace DbMigrate.Engine.Sql;

/// <summary>Finds the places in a file that the server means when it reports errors in a statement of it.</summary>
public sealed class SourceText
{
    // As much of a long line as fits beside the margins of a terminal.
    private const int LongestLine = 120;
    private const string Cut = "…";

    private readonly string _text;
    private readonly SourcePosition _start;
    private readonly int _indent;

    /// <param name="text">The statement as it was sent.</param>
    /// <param name="line">The line of its first character in the file, from 1.</param>
    /// <param name="column">The column of its first character in the file, from 1.</param>
    /// <param name="indent">How many characters the file has before each further line that <paramref name="text"/> has not.</param>
    public SourceText(string text, int line, int column, int indent = 0)
    {
        _text = text;
        _start = new SourcePosition(line, column);
        _indent = indent;
    }

    /// <summary>The place in the file.</summary>
    /// <param name="position">
    /// The P field of the server's error (manual 55.8): characters (code points) from 1. 0, which is none, means the statement as a whole: its start.
    /// One past the end is where the server was when the text ended too early.
    /// </param>
    public SourcePosition PositionOf(int position)
    {
        var index = IndexOf(position);
        var start = LineStart(index);
        var before = _text.AsSpan(0, start);
        var line = _start.Line + before.Count('\n') + before.Count('\r') - before.Count("\r\n");
        var column = CodePoints(_text.AsSpan(start, index - start));
        return new SourcePosition(line, column + (start == 0 ? _start.Column : _indent + 1));
    }

    /// <summary>
    /// The line of the statement with that place, cut around it when it is longer than 120 characters, and what puts a caret under the place when
    /// printed below it. Tabs stay tabs in both; other control characters are shown as blanks.
    /// </summary>
    /// <param name="position">See <see cref="PositionOf"/>.</param>
    public (string SourceLine, string Caret) Excerpt(int position)
    {
        var index = IndexOf(position);
        var start = LineStart(index);
        var end = _text.AsSpan(start).IndexOfAny('\n', '\r');
        var length = CodePoints(_text.AsSpan(start, end < 0 ? _text.Length - start : end));
        var column = CodePoints(_text.AsSpan(start, index - start));
        var from = length <= LongestLine ? 0 : Math.Clamp(column - (LongestLine / 2), 0, length - LongestLine);
        var to = Math.Min(length, from + LongestLine);

        var line = new StringBuilder(from > 0 ? Cut : "");
        var caret = new StringBuilder(from > 0 ? " " : "");
        var i = 0;
        foreach (var rune in _text.AsSpan(start).EnumerateRunes())
        {
            if (i == to)
            {
                break;
            }

            if (i >= from)
            {
                var shown = Rune.IsControl(rune) && rune.Value != '\t' ? new Rune(' ') : rune;
                line.Append(shown.ToString());
                if (i < column)
                {
                    caret.Append(rune.Value == '\t' ? '\t' : ' ');
                }
            }

            i++;
        }

        return (line.Append(to < length ? Cut : "").ToString(), caret.Append('^').ToString());
    }

    private static int CodePoints(ReadOnlySpan<char> text)
    {
        var count = 0;
        foreach (var c in text)
        {
            count += char.IsLowSurrogate(c) ? 0 : 1;
        }

        return count;
    }

    private int IndexOf(int position)
    {
        var index = 0;
        for (var i = 1; i < position && index < _text.Length; i++)
        {
            index += char.IsSurrogatePair(_text, index) ? 2 : 1;
        }

        return index;
    }

    private int LineStart(int index)
    {
        // Between \r and \n the line has not ended yet.
        var end = index > 0 && index < _text.Length && _text[index - 1] == '\r' && _text[index] == '\n' ? index - 1 : index;
        return _text.AsSpan(0, end).LastIndexOfAny('\n', '\r') + 1;
    }
}
