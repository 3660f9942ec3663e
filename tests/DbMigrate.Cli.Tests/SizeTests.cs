using Xunit;

namespace DbMigrate.Cli.Tests;

public sealed class SizeTests
{
    [Theory]
    [InlineData("0", 0L)]
    [InlineData("8192", 8192L)]
    [InlineData("500kB", 512000L)]
    [InlineData("500KB", 512000L)]
    [InlineData("20MB", 20971520L)]
    [InlineData("20 MB", 20971520L)]
    [InlineData("1.5GB", 1610612736L)]
    public void A_size_is_a_number_of_bytes_with_or_without_unit(string text, long bytes) => Assert.Equal(bytes, Size.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("20mb")]
    [InlineData("20M")]
    [InlineData("1e3")]
    [InlineData("MB")]
    [InlineData("99999999999999GB")]
    public void Anything_else_is_none(string text) => Assert.Null(Size.Parse(text));
}
