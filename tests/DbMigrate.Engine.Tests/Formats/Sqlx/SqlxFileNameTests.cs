using DbMigrate.Engine.Formats.Sqlx;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.Sqlx;

public sealed class SqlxFileNameTests
{
    [Theory]
    [InlineData("20200718111257_todos.sql", 20200718111257, "Simple", "todos")]
    [InlineData("0001_init.sql", 1, "Simple", "init")]
    [InlineData("1_init.up.sql", 1, "Up", "init")]
    [InlineData("1_init.down.sql", 1, "Down", "init")]
    [InlineData("1_.sql", 1, "Simple", "")]
    [InlineData("1_.up.sql", 1, "Up", "")]
    [InlineData("1_up.sql", 1, "Simple", "up")]
    [InlineData("1_a.up.down.sql", 1, "Down", "a.up")]
    [InlineData("1_a.down.up.sql", 1, "Up", "a.down")]
    [InlineData("1_a.sql.sql", 1, "Simple", "a")]
    [InlineData("1_a.up.sql.sql", 1, "Simple", "a.up")]
    [InlineData("1_a.up.sql.up.sql", 1, "Up", "a")]
    [InlineData("1_add__two_cols.sql", 1, "Simple", "add  two cols")]
    [InlineData("1_000_x.sql", 1, "Simple", "000 x")]
    [InlineData("1_foo-bar baz.sql", 1, "Simple", "foo-bar baz")]
    [InlineData("1_foo.UP.sql", 1, "Simple", "foo.UP")]
    [InlineData("+5_plus.sql", 5, "Simple", "plus")]
    [InlineData("-5_neg.sql", -5, "Simple", "neg")]
    [InlineData("00_zero.sql", 0, "Simple", "zero")]
    [InlineData("-0_zero.sql", 0, "Simple", "zero")]
    [InlineData("9223372036854775807_max.sql", long.MaxValue, "Simple", "max")]
    [InlineData("-9223372036854775808_min.sql", long.MinValue, "Simple", "min")]
    [InlineData("1_it's [2.0.0] 🚀.sql", 1, "Simple", "it's [2.0.0] 🚀")]
    public void Reads(string name, long version, string kind, string description)
    {
        Assert.True(SqlxFileName.TryParse(name, out var file));
        Assert.Equal(new SqlxFileName(version, Enum.Parse<SqlxFileKind>(kind), description), file);
    }

    [Theory]
    [InlineData("9223372036854775808_over.sql")]
    [InlineData("README_notes.sql")]
    [InlineData("V1__init.sql")]
    [InlineData("001.create_foo.sql")]
    [InlineData("_foo.sql")]
    [InlineData(" 5_sp.sql")]
    [InlineData("1e3_x.sql")]
    [InlineData("１_fullwidth.sql")]
    [InlineData("+_x.sql")]
    [InlineData("--1_x.sql")]
    [InlineData("1,000_x.sql")]
    public void Refuses_what_SQLx_stops_at(string name)
    {
        Assert.False(SqlxFileName.TryParse(name, out var file));
        Assert.Null(file);
    }

    [Theory]
    [InlineData("schema.sql")]
    [InlineData("1.foo.sql")]
    [InlineData("20200718111257-todos.sql")]
    [InlineData("1_foo.SQL")]
    [InlineData("1_foo.sql.bak")]
    [InlineData("1_a.sql~")]
    [InlineData("1_init.up")]
    [InlineData("1_sql")]
    [InlineData("a.sql_b")]
    public void Passes_over_what_SQLx_does_not_see(string name)
    {
        Assert.True(SqlxFileName.TryParse(name, out var file));
        Assert.Null(file);
    }
}
