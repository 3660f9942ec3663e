using System.Text.Json;
using DbMigrate.Engine.Formats.Sqlx;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.Sqlx;

public sealed class TomlReaderTests
{
    [Theory]
    [InlineData("", "{}")]
    [InlineData("# only a comment", "{}")]
    [InlineData("a = 'b' # c", """{"a":"b"}""")]
    [InlineData("a = true\r\nb = false\r\n", """{"a":true,"b":false}""")]
    [InlineData("""a = "x\ty\r\n\"\\\u00e9\U0001F680" """, """{"a":"x\ty\r\n\u0022\\\u00E9\uD83D\uDE80"}""")]
    [InlineData("""a = 'C:\no escapes\'""", """{"a":"C:\\no escapes\\"}""")]
    [InlineData("a = \"\"\"\nx\n  y \\\n   z\"\"\"", """{"a":"x\n  y z"}""")]
    [InlineData("a = '''\n\\x'y''z'''", """{"a":"\\x\u0027y\u0027\u0027z"}""")]
    [InlineData("a = \"\"\"x\"\"\"\"", """{"a":"x\u0022"}""")]
    [InlineData("a = [ 'x', # one\n\n 'y',\n]\nb = []", """{"a":["x","y"],"b":[]}""")]
    [InlineData("a = [['x'], [true]]", """{"a":[["x"],[true]]}""")]
    [InlineData("a = { b = 'c', d.e = 'f' }\ng = {}", """{"a":{"b":"c","d":{"e":"f"}},"g":{}}""")]
    [InlineData("[a]\nb.c = 'd'\n[a.\"e f\"]\ng = 'h'", """{"a":{"b":{"c":"d"},"e f":{"g":"h"}}}""")]
    [InlineData("[ a . b ]\nc = 'd'\n[a]\ne = 'f'", """{"a":{"b":{"c":"d"},"e":"f"}}""")]
    [InlineData("[[a]]\nb = 'c'\n[[a]]\nd = 'e'\n[a.f]\ng = 'h'", """{"a":[{"b":"c"},{"d":"e","f":{"g":"h"}}]}""")]
    [InlineData("n = -1_000.5e+3\nd = 1979-05-27T07:32:00Z", """{"n":{"Text":"-1_000.5e\u002B3"},"d":{"Text":"1979-05-27T07:32:00Z"}}""")]
    [InlineData("\uFEFFa='b'", """{"a":"b"}""")]
    public void Reads(string toml, string json) => Assert.Equal(json, JsonSerializer.Serialize(TomlReader.Read(toml, "sqlx.toml")));

    [Theory]
    [InlineData("a", 1)]
    [InlineData("a =", 1)]
    [InlineData("\n\na = b c", 3)]
    [InlineData("a = 'b' c = 'd'", 1)]
    [InlineData("a = 'b", 1)]
    [InlineData("a = \"b\nc\"", 1)]
    [InlineData("a = '''b\nc", 2)]
    [InlineData("a = \"\\q\"", 1)]
    [InlineData("a = \"\\uD800\"", 1)]
    [InlineData("a = [ 'b' 'c' ]", 1)]
    [InlineData("a = [ 'b'\n", 2)]
    [InlineData("a = { b = 'c'", 1)]
    [InlineData("a = 'b'\na = 'c'", 2)]
    [InlineData("[a]\n[a]", 2)]
    [InlineData("[a\nb = 'c'", 1)]
    [InlineData("a = 'b'\n[a]", 2)]
    [InlineData("a = 'b\u0001'", 1)]
    [InlineData("= 'b'", 1)]
    public void Refuses_with_the_line(string toml, int line)
    {
        var error = Assert.Throws<DbMigrateException>(() => TomlReader.Read(toml, "sqlx.toml"));
        Assert.Equal("InvalidToml", error.Id);
        Assert.StartsWith($"sqlx.toml:{line}: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_is_refused_and_does_not_crash() =>
        Assert.Equal("InvalidToml", Assert.Throws<DbMigrateException>(() => TomlReader.Read("a = " + new string('[', 100000), "sqlx.toml")).Id);
}
