using System.Text;
using DbMigrate.Engine.Sql;
using Xunit;

namespace DbMigrate.Engine.Tests.Sql;

public class SourceTextTests
{
    [Theory]
    [InlineData("SELECT x", 1, 1, 0, 8, 1, 8)]
    [InlineData("SELECT x", 7, 5, 0, 8, 7, 12)]
    [InlineData("SELECT x", 7, 5, 0, 1, 7, 5)]
    [InlineData("SELECT x", 7, 5, 0, 0, 7, 5)]
    [InlineData("SELECT x", 7, 5, 0, 9, 7, 13)]
    [InlineData("SELECT x", 7, 5, 0, 99, 7, 13)]
    [InlineData("SELECT\n  x", 7, 5, 0, 10, 8, 3)]
    [InlineData("SELECT\r\n  x", 7, 5, 0, 11, 8, 3)]
    [InlineData("SELECT\r  x", 7, 5, 0, 10, 8, 3)]
    [InlineData("SELECT\n\r\r\n\nx", 7, 5, 0, 12, 11, 1)]
    [InlineData("SELECT\n  x", 7, 5, 4, 10, 8, 7)]
    [InlineData("SELECT x", 7, 5, 4, 8, 7, 12)]
    [InlineData("SELECT 'é日😀', x", 1, 1, 0, 15, 1, 15)]
    [InlineData("SELECT '😀\n😀', x", 1, 1, 0, 15, 2, 5)]
    [InlineData("", 3, 4, 0, 1, 3, 4)]
    public void Position_in_the_file(string text, int line, int column, int indent, int position, int expectedLine, int expectedColumn)
    {
        var source = new SourceText(text, line, column, indent);
        Assert.Equal(new SourcePosition(expectedLine, expectedColumn), source.PositionOf(position));
    }

    [Theory]
    [InlineData("SELECT x", 8, "SELECT x", "       ^")]
    [InlineData("SELECT x", 9, "SELECT x", "        ^")]
    [InlineData("SELECT x", 0, "SELECT x", "^")]
    [InlineData("SELECT\n\t\ta\tb\nFROM", 12, "\t\ta\tb", "\t\t \t^")]
    [InlineData("SELECT\r\n x\r\nFROM", 10, " x", " ^")]
    [InlineData("SELECT\r x\rFROM", 9, " x", " ^")]
    [InlineData("SELECT '😀', x", 13, "SELECT '😀', x", "            ^")]
    [InlineData("SELECT '\u001b[1m', x", 15, "SELECT ' [1m', x", "              ^")]
    [InlineData("", 1, "", "^")]
    public void Line_and_caret(string text, int position, string line, string caret) =>
        Assert.Equal((line, caret), new SourceText(text, 1, 1).Excerpt(position));

    [Theory]
    [InlineData(1)]
    [InlineData(59)]
    [InlineData(61)]
    [InlineData(62)]
    [InlineData(300)]
    [InlineData(941)]
    [InlineData(1000)]
    [InlineData(1001)]
    public void A_long_line_is_cut_around_the_place(int position)
    {
        // Each character tells where it stands, so that the one over the caret must be the one meant.
        var text = string.Concat(Enumerable.Range(0, 1000).Select(i => char.ConvertFromUtf32(0x10000 + i)));
        var (line, caret) = new SourceText(text, 1, 1).Excerpt(position);
        var runes = line.EnumerateRunes().ToArray();
        Assert.InRange(runes.Length, 121, 122);
        Assert.Equal(position > 61, runes[0].Value == '…');
        Assert.Equal(position < 941, runes[^1].Value == '…');
        Assert.Equal('^', caret[^1]);
        if (position <= 1000)
        {
            Assert.Equal(0x10000 + position - 1, runes[caret.Length - 1].Value);
        }
        else
        {
            Assert.Equal(runes.Length + 1, caret.Length);
        }
    }

    // The counting in pieces that the splitter does, against a plain count of the whole.
    [Fact]
    public void Counting_in_pieces_gives_what_counting_at_once_gives()
    {
        var random = new Random(1);
        for (var round = 0; round < 2000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => random.GetItems(["a", "\r", "\n", "é", "😀", "\r\n"], 1)[0]));
            var expected = Plain.PositionOf(text);
            var cursor = default(SourceCursor);
            foreach (var rune in text.EnumerateRunes())
            {
                cursor.Advance(Encoding.UTF8.GetBytes(rune.ToString()));
            }

            Assert.Equal(expected, cursor.Position);
            cursor = default;
            cursor.Advance(Encoding.UTF8.GetBytes(text));
            Assert.Equal(expected, cursor.Position);
        }
    }
}
