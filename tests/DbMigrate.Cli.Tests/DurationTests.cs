using System.Globalization;
using Xunit;

namespace DbMigrate.Cli.Tests;

public class DurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("5", 5000)]
    [InlineData("500ms", 500)]
    [InlineData("1.5s", 1500)]
    [InlineData("2min", 120_000)]
    [InlineData("2m", 120_000)]
    [InlineData("1 h", 3_600_000)]
    [InlineData("2147483647ms", 2147483647)]
    public void Reads(string text, double milliseconds)
    {
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Duration.Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-1")]
    [InlineData("1,5s")]
    [InlineData("5 seconds")]
    [InlineData("1d")]
    [InlineData("2147483648ms")]
    [InlineData("99999999999999999999999999h")]
    [InlineData("٣s")]
    public void Refuses(string text)
    {
        Assert.Null(Duration.Parse(text));
    }

    [Fact]
    public void Does_not_depend_on_the_culture()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
            Assert.Equal(TimeSpan.FromMilliseconds(1500), Duration.Parse("1.5s"));
            Assert.Equal("1.5 s", StatusLine.Elapsed(TimeSpan.FromSeconds(1.5)));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
