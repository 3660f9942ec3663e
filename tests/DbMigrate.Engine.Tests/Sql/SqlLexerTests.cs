using System.Text;
using DbMigrate.Engine.Sql;
using Xunit;

namespace DbMigrate.Engine.Tests.Sql;

public class SqlLexerTests
{
    // Each token as Kind:text. The kinds that need no telling apart are shown as the text alone.
    [Theory]
    [InlineData("", "")]
    [InlineData(" \t\r\n\f\v", "")]
    [InlineData("select a1 _b c$1 é日", "select a1 _b c$1 é日")]
    [InlineData("a\"b\"\"c\"d", "a QuotedIdentifier:\"b\"\"c\" d")]
    [InlineData("u&\"a\"U&'b'u&1", "QuotedIdentifier:u&\"a\" QuotedString:U&'b' u Operator:& Number:1")]
    [InlineData("'a''b'", "QuotedString:'a''b'")]
    [InlineData("'a' 'b'", "QuotedString:'a' QuotedString:'b'")]
    [InlineData("'a'\n'b'\r'c' -- d\n 'e'", "QuotedString:'a'\n'b'\r'c' -- d\n 'e'")]
    [InlineData("'a'\n--\n--b\n'c'", "QuotedString:'a'\n--\n--b\n'c'")]
    [InlineData("'a' /**/\n'b'", "QuotedString:'a' BlockComment:/**/ QuotedString:'b'")]
    [InlineData("'a'\n-'b'", "QuotedString:'a' Operator:- QuotedString:'b'")]
    [InlineData("'a'\n--b", "QuotedString:'a' LineComment:--b")]
    [InlineData(@"'a\'b", @"QuotedString:'a\' b")]
    [InlineData(@"E'a\'b' e'\\'x", @"QuotedString:E'a\'b' QuotedString:e'\\' x")]
    [InlineData("E'a'\n'\\''", "QuotedString:E'a'\n'\\''")]
    [InlineData("b'0'X'f'N'x'", "BitString:b'0' BitString:X'f' N QuotedString:'x'")]
    [InlineData("b'0''1'", "BitString:b'0' QuotedString:'1'")]
    [InlineData("be'x'", "be QuotedString:'x'")]
    [InlineData("$$a$$ $b$ $$ $b$", "DollarString:$$a$$ DollarString:$b$ $$ $b$")]
    [InlineData("$a$ $a $A$ $$a$", "DollarString:$a$ $a $A$ $$a$")]
    [InlineData("a$b$c$b$", "a$b$c$b$")]
    [InlineData("1$$a$$", "Number:1 DollarString:$$a$$")]
    [InlineData("$1 $12a $1$$b$$", "Parameter:$1 Parameter:$12 a Parameter:$1 DollarString:$$b$$")]
    [InlineData("$ $a $a-b$", "Unknown:$ Unknown:$ a Unknown:$ a Operator:- b$")]
    [InlineData("1 1.5 .5 1. 1e5 1E+5 1.5e-3", "Number:1 Number:1.5 Number:.5 Number:1. Number:1e5 Number:1E+5 Number:1.5e-3")]
    [InlineData("1..10", "Number:1 Symbol:.. Number:10")]
    [InlineData("1e 1e+ 1ex", "Number:1 e Number:1 e Operator:+ Number:1 ex")]
    [InlineData("0x1f 0XAb_c 0o17 0b11 0x_1", "Number:0x1f Number:0XAb_c Number:0o17 Number:0b11 Number:0x_1")]
    [InlineData("0x 0xg 0o8 0b2", "Number:0 x Number:0 xg Number:0 o8 Number:0 b2")]
    [InlineData("1_000 1__0 1_", "Number:1_000 Number:1 __0 Number:1 _")]
    [InlineData("1_0.2_0e1_0", "Number:1_0.2_0e1_0")]
    [InlineData("a.b.c", "a Dot:. b Dot:. c")]
    [InlineData("a::b a:=b a[1:2]", "a Symbol::: b a Symbol::= b a Symbol:[ Number:1 Symbol:: Number:2 Symbol:]")]
    [InlineData("(a,b);", "LeftParenthesis:( a Comma:, b RightParenthesis:) Semicolon:;")]
    [InlineData("a=-1 b<=-c", "a Operator:= Operator:- Number:1 b Operator:<= Operator:- c")]
    [InlineData("@- ?-+ =+- +-+", "Operator:@- Operator:?-+ Operator:= Operator:+ Operator:- Operator:+ Operator:- Operator:+")]
    [InlineData("*/*a*/b", "Operator:* BlockComment:/*a*/ b")]
    [InlineData("@--a\nb", "Operator:@ LineComment:--a b")]
    [InlineData("+--/*\n*/", "Operator:+ LineComment:--/* Operator:*/")]
    [InlineData("@/**/-", "Operator:@ BlockComment:/**/ Operator:-")]
    [InlineData("--a\rb--c", "LineComment:--a b LineComment:--c")]
    [InlineData("/*a/*b*/c*/d", "BlockComment:/*a/*b*/c*/ d")]
    [InlineData("/***/a/*/**/*/b/*//**/*/", "BlockComment:/***/ a BlockComment:/*/**/*/ b BlockComment:/*//**/*/")]
    [InlineData("/*'*/a/*$$*/", "BlockComment:/*'*/ a BlockComment:/*$$*/")]
    [InlineData(@"a\b c \\ \;d", @"a MetaCommand:\b c MetaCommand:\ MetaCommand:\ MetaCommand:\;d")]
    [InlineData("{a}", "Unknown:{ a Unknown:}")]
    [InlineData("'a", "UnterminatedString:'a")]
    [InlineData("E'a\\", "UnterminatedString:E'a\\")]
    [InlineData("E'a\\'", "UnterminatedString:E'a\\'")]
    [InlineData("'a'\n'b", "UnterminatedString:'a'\n'b")]
    [InlineData("b'0", "UnterminatedString:b'0")]
    [InlineData("a \"b\"\"", "a UnterminatedQuotedIdentifier:\"b\"\"")]
    [InlineData("$a$ $b$", "UnterminatedDollarString:$a$ $b$")]
    [InlineData("/* /* */", "UnterminatedComment:/* /* */")]
    [InlineData("/*/", "UnterminatedComment:/*/")]
    [InlineData("\uFEFFa", "\uFEFFa")]
    public void Tokens(string text, string expected)
    {
        Assert.Equal(expected, Describe(text));

        // Bytes are read by the same rules.
        Assert.Equal(expected, Describe(Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void Backslash_escapes_in_plain_strings_with_standard_conforming_strings_off()
    {
        var lexer = new SqlLexer(@"'a\'b' N'\'' x'\'", standardStrings: false);
        var tokens = new List<string>();
        while (lexer.Read(out var token))
        {
            tokens.Add(lexer.TextOf(token).ToString());
        }

        Assert.Equal([@"'a\'b'", "N", @"'\''", @"x'\'"], tokens);
    }

    [Fact]
    public void A_long_run_of_signs_takes_linear_time()
    {
        // 2 MB, each sign a token of its own; quadratic time would be hours.
        var text = string.Concat(Enumerable.Repeat("+-", 1_000_000));
        var lexer = new SqlLexer(text);
        var count = 0;
        while (lexer.Read(out var token))
        {
            count += token.Length == 1 ? 1 : 0;
        }

        Assert.Equal(text.Length, count);
    }

    // With more text to come, a token is told only when no further character could change it.
    [Theory]
    [InlineData("select", 0)]
    [InlineData("select ", 1)]
    [InlineData(";", 1)]
    [InlineData("(", 1)]
    [InlineData("'a'", 0)]
    [InlineData("'a' ", 0)]
    [InlineData("'a'\n-", 0)]
    [InlineData("'a'\n--b", 0)]
    [InlineData("'a';", 1)]
    [InlineData("\"a\"", 0)]
    [InlineData("\"a\" ", 1)]
    [InlineData("u&", 0)]
    [InlineData("u&x", 1)]
    [InlineData("$a", 0)]
    [InlineData("$a$ $a", 0)]
    [InlineData("1.", 0)]
    [InlineData("1e+", 0)]
    [InlineData("1   ", 1)]
    [InlineData("+-", 0)]
    [InlineData("+- ", 1)]
    [InlineData("--a", 0)]
    [InlineData("/*a*", 0)]
    [InlineData(":", 0)]
    [InlineData(@"\connect", 0)]
    public void A_token_at_the_end_of_a_part(string text, int first)
    {
        var found = SqlScanner.Scan<char>(text, 0, final: false, standardStrings: true, out var token);
        Assert.Equal(first == 1, found);
        Assert.Equal(0, token.Offset);
    }

    private static string Describe(string text)
    {
        var result = new List<string>();
        var lexer = new SqlLexer(text);
        while (lexer.Read(out var token))
        {
            result.Add(Describe(token, lexer.TextOf(token).ToString()));
        }

        return string.Join(' ', result);
    }

    private static string Describe(byte[] text)
    {
        var result = new List<string>();
        var position = 0;
        while (SqlScanner.Scan<byte>(text, position, final: true, standardStrings: true, out var token))
        {
            result.Add(Describe(token, Encoding.UTF8.GetString(text, token.Offset, token.Length)));
            position = token.End;
        }

        return string.Join(' ', result);
    }

    private static string Describe(SqlToken token, string text) => token.Kind == SqlTokenKind.Word ? text : $"{token.Kind}:{text}";
}
