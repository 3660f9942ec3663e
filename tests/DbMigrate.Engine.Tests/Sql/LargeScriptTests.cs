using System.Text;
using DbMigrate.Engine.Sql;
using Xunit;

namespace DbMigrate.Engine.Tests.Sql;

/// <summary>Runs alone, since it measures the memory of the process.</summary>
[CollectionDefinition(nameof(LargeScriptTests), DisableParallelization = true)]
[Collection(nameof(LargeScriptTests))]
public class LargeScriptTests
{
    private const long Size = 64L * 1024 * 1024;

    [Fact]
    public void A_large_script_is_read_in_little_memory()
    {
        using var script = new GeneratedScript(Size);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var most = long.MinValue;
        var count = 0;
        var length = 0L;
        foreach (var statement in ScriptSplitter.Split(script, "large.sql"))
        {
            count++;
            length += statement.Length;
            Assert.Equal(StatementKind.Data, statement.Kind);
            if (count % 20_000 == 0)
            {
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
            }
        }

        Assert.Equal(script.Statements, count);
        Assert.InRange(length, Size * 9 / 10, Size);
        Assert.True(most <= 4 * 1024 * 1024, $"{most} bytes more than before");
    }

    /// <summary>INSERT statements, made as they are read.</summary>
    private sealed class GeneratedScript : Stream
    {
        private static readonly byte[] _statement = Encoding.UTF8.GetBytes(
            "INSERT INTO public.event (id, at, kind, payload) VALUES (12345, '2026-01-01 00:00:00+00', 'it''s; é', E'{\"a\": \\'b\\'}') /* ; */ -- ;\n"
            + "ON CONFLICT (id) DO NOTHING;\n");

        private readonly long _size;
        private long _position;

        public GeneratedScript(long size) => _size = size / _statement.Length * _statement.Length;

        public long Statements => _size / _statement.Length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => _size;

        public override long Position { get => _position; set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            var start = (int)(_position % _statement.Length);
            var count = Math.Min(buffer.Length, _position == _size ? 0 : _statement.Length - start);
            _statement.AsSpan(start, count).CopyTo(buffer);
            _position += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
