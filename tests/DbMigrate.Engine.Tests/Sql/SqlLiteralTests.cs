using DbMigrate.Engine.Sql;
using Xunit;

namespace DbMigrate.Engine.Tests.Sql;

public class SqlLiteralTests
{
    [Theory]
    [InlineData("''", "")]
    [InlineData("'it''s'", "it's")]
    [InlineData(@"'a\n'", @"a\n")]
    [InlineData("'a' -- it's\n 'b'\r'''c'", "ab'c")]
    [InlineData("E'a'\n'\\n'", "a\n")]
    [InlineData(@"E'\b\f\n\r\t\v\'\\\x41\x4\101\1018\q'", "\b\f\n\r\t\v'\\A\u0004AA8q")]
    [InlineData(@"e'\xc3\xa9\u00e9\U0001F600\uD83D\uDE00'", "éé😀😀")]
    [InlineData(@"U&'d\0061t\+0000e9\\\D83D\DE00'", "daté\\😀")]
    [InlineData("$$it's \\n$$", "it's \\n")]
    [InlineData("$a$ $$ $a$", " $$ ")]
    [InlineData("'é日😀'", "é日😀")]
    public void Value_of_a_string(string token, string expected) => Assert.Equal(expected, SqlLiteral.ValueOf(token));

    [Fact]
    public void Value_of_a_string_with_other_settings()
    {
        Assert.Equal("a\n", SqlLiteral.ValueOf(@"'a\n'", standardStrings: false));
        Assert.Equal("da\\", SqlLiteral.ValueOf(@"U&'d!0061\'", unicodeEscape: '!'));
    }

    [Theory]
    [InlineData("Abc_É$1", "abc_É$1")]
    [InlineData("\"Abc\"\"d\"", "Abc\"d")]
    [InlineData("u&\"d\\0061t\"", "dat")]
    [InlineData("x234567890123456789012345678901234567890123456789012345678901234", "x23456789012345678901234567890123456789012345678901234567890123")]
    [InlineData("\"1234567890123456789012345678901234567890123456789012345678901é4\"", "1234567890123456789012345678901234567890123456789012345678901é")]
    [InlineData("\"12345678901234567890123456789012345678901234567890123456789012é\"", "12345678901234567890123456789012345678901234567890123456789012")]
    public void Name_of_an_identifier(string token, string expected) => Assert.Equal(expected, SqlLiteral.NameOf(token));
}
