using DbMigrate.Engine.Formats;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats;

public sealed class JournalTableTests
{
    [Theory]
    [InlineData("history", null, "history")]
    [InlineData("History", null, "history")]
    [InlineData("\"History\"", null, "History")]
    [InlineData("app.history", "app", "history")]
    [InlineData("App . \"My \"\"own\"\" History\"", "app", "My \"own\" History")]
    [InlineData("\"a.b\".c$1", "a.b", "c$1")]
    [InlineData("Ünder.tÄble", "Ünder", "tÄble")]
    public void Names_are_read_as_SQL_does(string text, string? schema, string name) =>
        Assert.Equal(new JournalTable(schema, name), JournalTable.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("a.b.c")]
    [InlineData("a b")]
    [InlineData("\"a")]
    [InlineData("\"\"")]
    [InlineData("1a")]
    [InlineData("a; drop table b")]
    [InlineData("a.")]
    [InlineData(".")]
    [InlineData("\"a\"b")]
    public void Anything_else_is_refused(string text) =>
        Assert.Equal("InvalidJournalTable", Assert.Throws<DbMigrateException>(() => JournalTable.Parse(text)).Id);

    [Fact]
    public void Quotes_what_it_read() => Assert.Equal("\"a\"\"b\".\"C\"", new JournalTable("a\"b", "C").ToString());
}
