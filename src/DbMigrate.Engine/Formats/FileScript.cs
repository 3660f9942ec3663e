using System.Security.Cryptography;
using DbMigrate.Engine.Sql;

namespace DbMigrate.Engine.Formats;

/// <summary>
/// A script that is a whole file. What is hashed, planned and run are the same bytes: a small file is read once and kept, a large one is
/// streamed each time and must not change between the first full read and the last.
/// </summary>
internal sealed class FileScript : MigrationScript
{
    /// <summary>The longest file, in bytes, that is kept in memory.</summary>
    public const int KeptLength = 256 << 10;

    private const int StartLength = 64;

    private readonly byte[] _start;
    private readonly bool _kept;
    private byte[]? _digest;

    /// <param name="path">The file; an absolute path.</param>
    /// <param name="noTransaction">Told the start of the file, says whether it asks to run outside a transaction.</param>
    /// <exception cref="DbMigrateException"><c>UnreadableFile</c>.</exception>
    public FileScript(string path, Func<byte[], bool> noTransaction)
        : base(path)
    {
        using var file = OpenFile();
        _kept = file.Length <= KeptLength;
        _start = new byte[_kept ? file.Length : StartLength];
        _start = _start[..file.ReadAtLeast(_start, _start.Length, throwOnEndOfStream: false)];
        NoTransaction = noTransaction(_start);
    }

    /// <summary>The error for a file that cannot be read.</summary>
    public static DbMigrateException Unreadable(string path, Exception inner) => new(
        "UnreadableFile",
        ErrorKind.Permission,
        $"{path} cannot be read: {inner.Message}",
        "Give your user the right to read it, or put it back.",
        inner)
    {
        Subject = path,
    };

    /// <summary>
    /// The file's bytes. The stream of a large file throws <c>FileChanged</c> at its end if they are not those of the first read.
    /// </summary>
    public Stream OpenRead() => _kept ? new MemoryStream(_start, writable: false) : new SameBytesStream(this, OpenFile());

    /// <inheritdoc/>
    /// <exception cref="DbMigrateException"><c>ByteOrderMark</c>; <c>EmptyFile</c>; what <see cref="ScriptSplitter"/> throws.</exception>
    public override IEnumerable<ScriptStatement> ReadStatements()
    {
        RefuseUnmeant();
        using var content = OpenRead();
        foreach (var statement in ScriptSplitter.Split(content, Path))
        {
            yield return new ScriptStatement(statement.Text, statement.Kind, statement.Line, statement.Column);
        }
    }

    /// <summary>Two things that an editor or a redirection does by accident, and that would be recorded as applied for good.</summary>
    private void RefuseUnmeant()
    {
        if (_start.AsSpan().StartsWith("\uFEFF"u8))
        {
            throw new DbMigrateException(
                "ByteOrderMark",
                ErrorKind.InvalidData,
                $"{Path}:1:1: the file starts with a byte order mark, which the tool would send and PostgreSQL refuse.",
                "Save the file as UTF-8 without BOM.") { Subject = Path };
        }

        if (_kept && Array.TrueForAll(_start, b => b is (byte)' ' or (>= (byte)'\t' and <= (byte)'\r')))
        {
            throw new DbMigrateException(
                "EmptyFile",
                ErrorKind.InvalidData,
                $"{Path} is empty.",
                "Write its SQL; or, if nothing is to be done, a comment (-- nothing to do), so that it is seen to be meant.") { Subject = Path };
        }
    }

    private FileStream OpenFile()
    {
        try
        {
            return new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(Path, e);
        }
    }

    private void Check(byte[] digest)
    {
        _digest ??= digest;
        if (!digest.AsSpan().SequenceEqual(_digest))
        {
            throw new DbMigrateException(
                "FileChanged",
                ErrorKind.InvalidState,
                $"{Path} was changed while it was in use.",
                "Start again when nobody writes to the migration folder.")
            {
                Subject = Path,
            };
        }
    }

    private sealed class SameBytesStream(FileScript script, FileStream file) : Stream
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private bool _ended;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            var read = _ended ? 0 : file.Read(buffer);
            if (read > 0)
            {
                _hash.AppendData(buffer[..read]);
            }
            else if (!_ended && buffer.Length > 0)
            {
                _ended = true;
                script.Check(_hash.GetHashAndReset());
            }

            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _hash.Dispose();
                file.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
