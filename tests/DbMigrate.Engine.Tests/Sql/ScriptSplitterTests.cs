using System.Text;
using DbMigrate.Engine.Sql;
using Xunit;

namespace DbMigrate.Engine.Tests.Sql;

public class ScriptSplitterTests
{
    [Fact]
    public void Statements_before_an_error_are_read_and_the_error_names_the_file()
    {
        using var script = new MemoryStream("SELECT 1;\nSELECT 2;\n\\q"u8.ToArray());
        var read = new List<string>();
        var error = Assert.Throws<DbMigrateException>(() =>
        {
            foreach (var statement in ScriptSplitter.Split(script, "a/b.sql"))
            {
                read.Add(statement.Text);
            }
        });
        Assert.Equal(["SELECT 1", "SELECT 2"], read);
        Assert.Equal("PsqlMetaCommand", error.Id);
        Assert.Equal("a/b.sql", error.Subject);
        Assert.StartsWith("a/b.sql:3:1: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_stream_is_left_open()
    {
        using var script = new MemoryStream("SELECT 1"u8.ToArray());
        Assert.Single(ScriptSplitter.Split(script, "x.sql"));
        Assert.True(script.CanRead);
    }

    [Fact]
    public void A_statement_longer_than_the_server_accepts_is_refused()
    {
        var text = "SELECT 1;\n  SELECT '" + new string('x', 100) + "';";
        using var script = new MemoryStream(Encoding.UTF8.GetBytes(text));
        var reader = new ScriptReader(script, "x.sql", bufferSize: 16, longest: 64);
        Assert.Equal("SELECT 1", reader.Read()!.Text);
        var error = Assert.Throws<DbMigrateException>(() => reader.Read());
        Assert.Equal("StatementTooLong", error.Id);
        Assert.StartsWith("x.sql:2:3: ", error.Message, StringComparison.Ordinal);
    }

    // Characters and line ends that fall on the border of the buffer, at each possible place.
    [Theory]
    [InlineData("é")]
    [InlineData("日")]
    [InlineData("😀")]
    [InlineData("\r\n")]
    [InlineData("''")]
    [InlineData("\n'")]
    public void Anything_may_fall_on_the_border_of_the_buffer(string piece)
    {
        for (var padding = 0; padding < 8; padding++)
        {
            var before = "SELECT '" + new string('x', ScriptBuffer.StartSize - 14 + padding);
            var text = before + piece + piece + "';\nSELECT 2";
            if (piece == "\n'")
            {
                text = before + "'" + piece + "y';\nSELECT 2";
            }

            using var script = new MemoryStream(Encoding.UTF8.GetBytes(text));
            var statements = ScriptSplitter.Split(script, "x.sql").ToList();
            Assert.Equal(2, statements.Count);
            Assert.Equal(text[..^10], statements[0].Text);
            var position = Plain.PositionOf(text[..^8]);
            Assert.Equal(position, new SourcePosition(statements[1].Line, statements[1].Column));
        }
    }
}
