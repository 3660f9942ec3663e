using Xunit;

namespace DbMigrate.Cli.Tests;

public class PlainTextTests
{
    [Theory]
    [InlineData("20240101000000/installed: 001_initial_schema", "20240101000000/installed: 001_initial_schema")]
    [InlineData("größer ☕ 👩‍🚀", "größer ☕ 👩‍🚀")]
    [InlineData("a\u001b[31mred\u001b[0m", @"a\u{1b}[31mred\u{1b}[0m")]
    [InlineData("two\nlines\r\tand a tab", @"two\u{a}lines\u{d}\u{9}and a tab")]
    [InlineData("C1 \u009b31m, DEL \u007f", @"C1 \u{9b}31m, DEL \u{7f}")]
    [InlineData("abc\u202Elqs.gnp", @"abc\u{202e}lqs.gnp")]
    [InlineData("\uFEFFbom\u2028line", @"\u{feff}bom\u{2028}line")]
    [InlineData("x ##vso[task.setvariable variable=a]b", @"x #\#vso[task.setvariable variable=a]b")]
    [InlineData("##[error]no", @"#\#[error]no")]
    [InlineData("###[error]no", @"##\#[error]no")]
    [InlineData("##teamcity[buildStop]", @"#\#teamcity[buildStop]")]
    [InlineData("## a heading [1]", "## a heading [1]")]
    [InlineData("::error::no", @"\::error::no")]
    [InlineData("  ::set-output name=a::b", @"  \::set-output name=a::b")]
    [InlineData("a::text", "a::text")]
    public void One_line_is_harmless(string text, string expected)
    {
        Assert.Equal(expected, PlainText.OneLine(text));
    }

    [Fact]
    public void A_lone_surrogate_does_not_break_the_line()
    {
        Assert.Equal("a\uFFFDb", PlainText.OneLine("a\uD800b"));
    }

    [Theory]
    [InlineData("SELECT\t1", "SELECT 1")]
    [InlineData("a\u001b[2Jb", "a\uFFFD[2Jb")]
    [InlineData("x ##vso[a]", "x #\uFFFDvso[a]")]
    public void A_source_line_keeps_its_width(string text, string expected)
    {
        Assert.Equal(expected, PlainText.SameWidth(text));
    }

    [Theory]
    [InlineData("Unrecognized 'postgres://app:s3cr@t@db/x'.", "Unrecognized 'postgres://...@db/x'.")]
    [InlineData("'host=db password=s3cr t user=a'", "'host=db password=...")]
    [InlineData("'Host=db;Password=s3cr'", "'Host=db;Password=...")]
    [InlineData("nothing to hide", "nothing to hide")]
    public void A_password_that_was_typed_in_the_wrong_place_is_taken_out(string text, string expected)
    {
        Assert.Equal(expected, PlainText.WithoutPassword(text));
    }
}
