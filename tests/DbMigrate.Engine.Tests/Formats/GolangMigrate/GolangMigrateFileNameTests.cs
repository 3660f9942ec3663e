using DbMigrate.Engine.Formats.GolangMigrate;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.GolangMigrate;

public sealed class GolangMigrateFileNameTests
{
    [Theory]
    [InlineData("000001_create_users.up.sql", 1, "create_users", false, "sql")]
    [InlineData("1_f-o_ob+ar.up.sql", 1, "f-o_ob+ar", false, "sql")]
    [InlineData("1_.up.sql", 1, "", false, "sql")]
    [InlineData("1_foobar.up.", 1, "foobar", false, "")]
    [InlineData("1_a.down.json", 1, "a", true, "json")]
    [InlineData("1_a.up.down.sql", 1, "a.up", true, "sql")]
    [InlineData("1_a.up.b.down.c", 1, "a.up.b", true, "c")]
    [InlineData("1_a.up.sql.bak", 1, "a", false, "sql.bak")]
    [InlineData("1_a.up.sql~", 1, "a", false, "sql~")]
    [InlineData("0_zero.up.sql", 0, "zero", false, "sql")]
    [InlineData("18446744073709551615_max.up.sql", ulong.MaxValue, "max", false, "sql")]
    [InlineData("0000000000000000000000001_long.up.sql", 1, "long", false, "sql")]
    public void Reads(string name, ulong version, string title, bool isDown, string extension) =>
        Assert.Equal(
            new GolangMigrateFileName(version, name[..name.IndexOf('_', StringComparison.Ordinal)], title, isDown, extension),
            GolangMigrateFileName.Parse(name));

    [Theory]
    [InlineData("18446744073709551616_over.up.sql")]
    [InlineData("-1_foobar.up.sql")]
    [InlineData("foobar.up.sql")]
    [InlineData("1.up.sql")]
    [InlineData("1_foobar.sql")]
    [InlineData("1_foobar.up")]
    [InlineData("1_a.UP.sql")]
    [InlineData("１_fullwidth.up.sql")]
    [InlineData("1_a.up.sql\n")]
    public void Passes_over(string name) => Assert.Null(GolangMigrateFileName.Parse(name));
}
