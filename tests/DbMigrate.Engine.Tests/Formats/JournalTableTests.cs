using DbMigrate.Engine.Formats;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats;

public sealed class JournalTableTests
{
    [Theory]
    [InlineData("migrations", null, "migrations")]
    [InlineData("app.Migrations", "app", "migrations")]
    [InlineData("\"App\".\"My Migrations\"", "App", "My Migrations")]
    [InlineData("app.\"a.b\"", "app", "a.b")]
    [InlineData("\"a\"\"b\"", null, "a\"b")]
    public void A_name_is_read_as_sql_spells_it(string text, string? schema, string name) =>
        Assert.Equal(new JournalTable(schema, name), JournalTable.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a.")]
    [InlineData("a.b.c")]
    [InlineData("\"open")]
    [InlineData("\"a\"b")]
    public void A_bad_name_is_refused(string text) =>
        Assert.Equal("InvalidJournalTable", Assert.Throws<DbMigrateException>(() => JournalTable.Parse(text)).Id);

    [Fact]
    public void Quotes_are_doubled() => Assert.Equal("\"s\"\"\".\"t\"", new JournalTable("s\"", "t").ToString());
}
