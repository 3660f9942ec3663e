using System.Text;

namespace DbMigrate.Engine.Sql;

/// <summary>Reads a script statement by statement.</summary>
internal sealed class ScriptReader
{
    private const int None = -1;

    private readonly ScriptBuffer _buffer;
    private readonly string _path;
    private StringSyntax _strings;
    private int _position;

    public ScriptReader(Stream script, string path, int bufferSize = ScriptBuffer.StartSize, int longest = ScriptBuffer.LargestSize)
    {
        _buffer = new ScriptBuffer(script, path, bufferSize, longest);
        _position = _buffer.Start;
        _path = path;
    }

    /// <summary>Reads the next statement; null at the end of the script.</summary>
    public SqlStatement? Read()
    {
        var boundary = default(StatementBoundary);
        var first = None;
        var end = 0;
        while (ReadToken(ref first, ref end, out var token))
        {
            if (token.IsComment)
            {
                continue;
            }

            if (boundary.Ends(token.Kind, _buffer.Text.Slice(token.Offset, token.Length)))
            {
                if (first != None)
                {
                    break;
                }

                continue;
            }

            first = first == None ? token.Offset : first;
            end = token.End;
        }

        return first == None ? null : Statement(first, end);
    }

    // Reading more moves the text in the buffer, and with it the statement.
    private bool ReadToken(ref int first, ref int end, out SqlToken token)
    {
        while (!SqlScanner.Scan(_buffer.Text, _position, _buffer.IsFinal, _strings.Standard, out token))
        {
            if (_buffer.IsFinal)
            {
                return false;
            }

            var keep = first == None ? token.Offset : first;
            _buffer.ReadMore(keep);
            _position = token.Offset - keep;
            end -= keep;
            first = first == None ? None : 0;
        }

        _position = token.End;
        switch (token.Kind)
        {
            case SqlTokenKind.MetaCommand:
                var command = Encoding.UTF8.GetString(_buffer.Text.Slice(token.Offset, token.Length));
                throw ScriptError.PsqlMetaCommand(_path, _buffer.PositionOf(token.Offset), command);
            case SqlTokenKind.UnterminatedString or SqlTokenKind.UnterminatedQuotedIdentifier
                or SqlTokenKind.UnterminatedDollarString or SqlTokenKind.UnterminatedComment:
                throw ScriptError.Unterminated(_path, _buffer.PositionOf(token.Offset), token.Kind);
            default:
                return true;
        }
    }

    private SqlStatement Statement(int first, int end)
    {
        var text = Encoding.UTF8.GetString(_buffer.Text[first..end]);
        var kind = StatementClassifier.Classify(text, _strings.Standard);
        var position = _buffer.PositionOf(first);
        switch (kind)
        {
            case StatementKind.CopyFromStdin:
                throw ScriptError.CopyFromStdin(_path, position);
            case StatementKind.CopyToStdout:
                throw ScriptError.CopyToStdout(_path, position);
            default:
                _strings.Run(text, kind);
                return new SqlStatement(text, kind, _buffer.OffsetOf(first), end - first, position.Line, position.Column);
        }
    }
}
