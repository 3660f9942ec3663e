using Xunit;

namespace DbMigrate.Engine.Tests.Activity;

public sealed class AgesTests
{
    [Theory]
    [InlineData(-5, "0 ms")]
    [InlineData(340, "340 ms")]
    [InlineData(1_000, "1 s")]
    [InlineData(1_500, "1.5 s")]
    [InlineData(9_999, "9.9 s")]
    [InlineData(12_000, "12 s")]
    [InlineData(184_000, "3 min 4 s")]
    [InlineData(7_500_000, "2 h 5 min")]
    [InlineData(273_600_000, "3 d 4 h")]
    public void Are_written_for_people(double milliseconds, string expected) => Assert.Equal(expected, Ages.Text(TimeSpan.FromMilliseconds(milliseconds)));
}
