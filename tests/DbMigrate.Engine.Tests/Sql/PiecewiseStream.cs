namespace DbMigrate.Engine.Tests.Sql;

/// <summary>A stream that gives a few bytes at a time, as a pipe or a network does.</summary>
internal sealed class PiecewiseStream : MemoryStream
{
    private readonly Func<int> _size;

    /// <param name="content">What to give.</param>
    /// <param name="size">How many bytes to give next.</param>
    public PiecewiseStream(byte[] content, Func<int> size)
        : base(content, writable: false) => _size = size;

    // The other ways to read come down to this one.
    public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, _size()));
}
