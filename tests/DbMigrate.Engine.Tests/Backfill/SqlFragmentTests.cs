using DbMigrate.Engine.Backfill;
using Xunit;

namespace DbMigrate.Engine.Tests.Backfill;

public sealed class SqlFragmentTests
{
    private static readonly Dictionary<string, object?> NoParameters = [];

    [Theory]
    [InlineData("", "empty")]
    [InlineData("/* nothing */ -- at all", "empty")]
    [InlineData("a = 1; DROP TABLE users", "a ; would")]
    [InlineData("a = 1 \\g", "psql")]
    [InlineData("a = (1", "without its )")]
    [InlineData("a = 1) WHERE (true", "without its (")]
    [InlineData("a = 'x", "string has no end")]
    [InlineData("a = $$x", "string has no end")]
    [InlineData("\"a = 1", "identifier has no end")]
    [InlineData("a = 1 /* x", "comment has no end")]
    [InlineData("a = $1", "@name")]
    [InlineData("a = 1 WHERE b = 2", "WHERE ends")]
    [InlineData("a = b.x from b", "FROM ends")]
    [InlineData("a = 1 RETURNING a", "RETURNING ends")]
    public void What_could_end_the_statement_is_refused(string set, string why)
    {
        var error = Assert.Throws<DbMigrateException>(() => SqlFragment.Assignments(set, NoParameters, new HashSet<string>()));
        Assert.Equal("InvalidBackfillSql", error.Id);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a = 1", "a = 1")]
    [InlineData("a = ';' || $x$ ) -- $x$ || \"b;\"", "a = ';' || $x$ ) -- $x$ || \"b;\"")]
    [InlineData("a = 1 -- the end", "a = 1  ")]
    [InlineData("a /* ; */ = 1", "a   = 1")]
    [InlineData("a = b IS DISTINCT FROM c", "a = b IS DISTINCT FROM c")]
    [InlineData("a = extract(year FROM b), c = (SELECT d FROM e WHERE f)", "a = extract(year FROM b), c = (SELECT d FROM e WHERE f)")]
    [InlineData("a = @ -5", "a = @ -5")]
    public void The_rest_is_taken_as_it_is_without_its_comments(string set, string expected)
    {
        var command = new SqlBuilder().Add(SqlFragment.Assignments(set, NoParameters, new HashSet<string>()));
        Assert.Equal(expected, command.Text);
    }

    [Theory]
    [InlineData("a=@new", "a=$1")]
    [InlineData("a = @NEW || @new", "a = $1 || $2")]
    [InlineData("a = -@new", "a = -$1")]
    [InlineData("a = '@new' || @new::text", "a = '@new' || $1::text")]
    [InlineData("a = @new /* @nosuch */", "a = $1  ")]
    public void Names_with_a_sign_become_parameters(string set, string expected)
    {
        var used = new HashSet<string>();
        var command = new SqlBuilder().Add(SqlFragment.Assignments(set, new Dictionary<string, object?> { ["new"] = "x" }, used));
        Assert.Equal(expected, command.Text);
        Assert.All(command.ToBatchCommand().Parameters, p => Assert.Equal("x", p.Value));
        Assert.Equal(["new"], used);
    }

    [Fact]
    public void An_operator_that_ends_in_the_sign_stays_one()
    {
        var command = new SqlBuilder().Add(SqlFragment.Condition("tags <@allowed", new Dictionary<string, object?> { ["allowed"] = "x" }, new HashSet<string>()));
        Assert.Equal("tags <@allowed", command.Text);
    }

    [Theory]
    [InlineData("a = @nosuch", "@nosuch")]
    [InlineData("a = 1", "@new")]
    public async Task A_name_without_value_and_a_value_without_name_are_refused(string set, string named)
    {
        var options = new BackfillOptions { Table = "t", Set = set, Parameters = new Dictionary<string, object?> { ["new"] = 1 } };
        var target = new DbTarget("Host=nowhere.invalid") { Host = "nowhere.invalid", Port = 1, Database = "d", Source = "test" };
        var error = await target.RefusedAsync(options);
        Assert.Equal("InvalidBackfillParameter", error.Id);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_have_a_part_in_what_a_backfill_is()
    {
        static string Of(object? value) => SqlFragment.Assignments(new Dictionary<string, object?> { ["a"] = value }).ToString();
        Assert.Equal(4, new[] { Of("1"), Of("2"), Of(null), Of("") }.Distinct().Count());
        Assert.Equal(Of(1), Of("1"));
    }

    [Fact]
    public void A_list_is_no_value()
    {
        var error = Assert.Throws<DbMigrateException>(() => SqlFragment.Assignments(new Dictionary<string, object?> { ["a"] = new[] { 1, 2 } }));
        Assert.Equal("InvalidBackfillParameter", error.Id);
    }
}
