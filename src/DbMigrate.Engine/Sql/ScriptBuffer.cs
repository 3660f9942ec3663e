using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace DbMigrate.Engine.Sql;

/// <summary>
/// The part of a script that is being looked at, known to be good UTF-8. It holds no more than what the reader wants to keep, and always reads as much as
/// fits, so that the size of the stream's own pieces makes no difference.
/// </summary>
internal sealed class ScriptBuffer
{
    /// <summary>The size to start with, in bytes; it grows with the longest statement.</summary>
    public const int StartSize = 64 * 1024;

    /// <summary>
    /// The longest statement, in bytes. PostgreSQL takes messages of up to 1 GB (MaxAllocSize, src/include/utils/memutils.h); a string of .NET holds a
    /// few characters less.
    /// </summary>
    public const int LargestSize = 0x3FFFFFDF;

    private readonly Stream _script;
    private readonly string _path;
    private readonly int _largestSize;
    private byte[] _bytes;
    private SourceCursor _cursor;
    private long _offset;
    private int _counted;
    private int _good;
    private int _read;
    private bool _ended;

    public ScriptBuffer(Stream script, string path, int startSize, int largestSize)
    {
        _script = script;
        _path = path;
        _largestSize = largestSize;
        _bytes = new byte[startSize];
        Fill();

        // A BOM is no text for psql and the tools either, when the file starts with it.
        _counted = Text.StartsWith("\uFEFF"u8) ? 3 : 0;
        Start = _counted;
    }

    /// <summary>The good bytes at hand.</summary>
    public ReadOnlySpan<byte> Text => _bytes.AsSpan(0, _good);

    /// <summary>Where the text starts at first: behind the BOM, if there is one.</summary>
    public int Start { get; }

    /// <summary>Whether the script ends where <see cref="Text"/> ends.</summary>
    public bool IsFinal => _ended && _good == _read;

    /// <summary>The offset in the file of a byte of <see cref="Text"/>.</summary>
    public long OffsetOf(int index) => _offset + index;

    /// <summary>The line and column of a byte of <see cref="Text"/>, which may not be before the one that was asked for last.</summary>
    public SourcePosition PositionOf(int index)
    {
        _cursor.Advance(_bytes.AsSpan(_counted, index - _counted));
        _counted = index;
        return _cursor.Position;
    }

    /// <summary>Drops what stands before <paramref name="keep"/>, which becomes index 0, and reads more.</summary>
    /// <exception cref="DbMigrateException"><c>InvalidUtf8</c>, <c>InvalidCharacter</c>: the next byte is a bad one. <c>StatementTooLong</c>.</exception>
    public void ReadMore(int keep)
    {
        if (_good < _read && !IsCutCharacter(_bytes.AsSpan(_good, _read - _good)))
        {
            throw BadByte();
        }

        PositionOf(keep);
        _bytes.AsSpan(keep, _read - keep).CopyTo(_bytes);
        _offset += keep;
        _counted -= keep;
        _good -= keep;
        _read -= keep;
        if (_read == _largestSize)
        {
            throw ScriptError.StatementTooLong(_path, _cursor.Position);
        }

        // Reading half of the buffer at least keeps the cost of moving the rest, and of scanning a cut token again, linear.
        if (_read > _bytes.Length / 2)
        {
            Array.Resize(ref _bytes, (int)Math.Min(2L * _bytes.Length, _largestSize));
        }

        Fill();
    }

    private void Fill()
    {
        var space = _bytes.AsSpan(_read);
        var count = _script.ReadAtLeast(space, space.Length, throwOnEndOfStream: false);
        _ended = count < space.Length;
        _read += count;

        var fresh = _bytes.AsSpan(_good, _read - _good);
        var nul = fresh.IndexOf((byte)0);
        if (nul >= 0)
        {
            fresh = fresh[..nul];
        }
        else if (!_ended && Rune.DecodeLastFromUtf8(fresh, out _, out var cut) == OperationStatus.NeedMoreData)
        {
            fresh = fresh[..^cut];
        }

        _good += Utf8.IsValid(fresh) ? fresh.Length : GoodLength(fresh);
    }

    private bool IsCutCharacter(ReadOnlySpan<byte> rest) =>
        !_ended && rest[0] != 0 && Rune.DecodeFromUtf8(rest, out _, out _) == OperationStatus.NeedMoreData;

    private static int GoodLength(ReadOnlySpan<byte> text)
    {
        var length = 0;
        while (Rune.DecodeFromUtf8(text[length..], out _, out var size) == OperationStatus.Done)
        {
            length += size;
        }

        return length;
    }

    private DbMigrateException BadByte()
    {
        var offset = OffsetOf(_good);
        var position = PositionOf(_good);
        return _bytes[_good] == 0
            ? ScriptError.InvalidCharacter(_path, position, offset)
            : ScriptError.InvalidUtf8(_path, position, offset, _bytes[_good]);
    }
}
