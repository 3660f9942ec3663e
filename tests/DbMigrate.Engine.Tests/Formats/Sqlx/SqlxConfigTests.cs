using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Formats.Sqlx;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.Sqlx;

public sealed class SqlxConfigTests
{
    [Fact]
    public void Reads_every_setting()
    {
        using var folder = new TempFolder().With(
            "../sqlx.toml",
            """
            [common]
            database-url-var = "FOO_URL"

            [migrate]
            table-name = "Foo.\"_Sqlx\""
            create-schemas = ["foo", 'bar', "\"Baz\""]
            migrations-dir = "./migrations/"
            ignored-chars = [
                " ", "\t", # blanks
                "\r", "\n", "\uFEFF",
            ]

            [migrate.defaults]
            migration-type = "reversible"
            migration-versioning = "sequential"

            [drivers.postgres]
            whatever = 1
            """);

        var config = SqlxConfig.For(folder.Path);

        Assert.Equal(folder["../sqlx.toml"], config.Path);
        Assert.Equal(new JournalTable("foo", "_Sqlx"), config.Table);
        Assert.Equal(["Baz", "bar", "foo"], config.CreateSchemas);
        Assert.Equal(" \t\r\n\uFEFF".EnumerateRunes().ToHashSet(), config.IgnoredChars);
        Assert.True(config.Reversible);
        Assert.True(config.Sequential);
        Assert.Null(config.Warning);
    }

    [Theory]
    [InlineData("", null, null)]
    [InlineData("[migrate]\ndefaults = { migration-type = 'simple', migration-versioning = 'timestamp' }", false, false)]
    [InlineData("[migrate.defaults]\nmigration-type = 'inferred'\nmigration-versioning = 'inferred'", null, null)]
    public void Defaults_may_be_inferred(string toml, bool? reversible, bool? sequential)
    {
        using var folder = new TempFolder().With("../sqlx.toml", toml);
        var config = SqlxConfig.For(folder.Path);
        Assert.Equal((reversible, sequential), (config.Reversible, config.Sequential));
    }

    [Theory]
    [InlineData("[migrate]\ntable_name = 'x'", "table_name")]
    [InlineData("[migrate.defaults]\nx = 'y'", "x")]
    [InlineData("[migrate]\nignored-chars = ['ab']", "'ab'")]
    [InlineData("[migrate]\nignored-chars = ['']", "''")]
    [InlineData("[migrate]\nignored-chars = 'a'", "ignored-chars")]
    [InlineData("[migrate]\ntable-name = 1", "table-name")]
    [InlineData("[migrate]\ncreate-schemas = ['a.b']", "a.b")]
    [InlineData("[migrate.defaults]\nmigration-type = 'both'", "both")]
    [InlineData("migrate = 'x'", "[migrate]")]
    public void Refuses_what_SQLx_refuses(string toml, string named)
    {
        using var folder = new TempFolder().With("../sqlx.toml", toml);
        var error = Assert.Throws<DbMigrateException>(() => SqlxConfig.For(folder.Path));
        Assert.Equal("InvalidSqlxConfig", error.Id);
        Assert.Contains(folder["../sqlx.toml"], error.Message, StringComparison.Ordinal);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("migrations", "../sqlx.toml", "", true)]
    [InlineData("other", "../sqlx.toml", "", true)]
    [InlineData("db/migrations", "../../sqlx.toml", "", false)]
    [InlineData("db/migrations", "../../sqlx.toml", "[migrate]\nmigrations-dir = 'db/migrations'", true)]
    [InlineData("db/x/migrations", "../../../sqlx.toml", "[migrate]\nmigrations-dir = './db//x/migrations/'", true)]
    [InlineData("migrations", "../sqlx.toml", "[migrate]\nmigrations-dir = 'elsewhere'", false)]
    [InlineData("migrations", "sqlx.toml", "", null)]
    [InlineData("migrations", "../other.toml", "", null)]
    public void Is_taken_if_it_is_for_the_folder(string name, string path, string toml, bool? taken)
    {
        using var folder = new TempFolder(name).With(path, toml);
        var config = SqlxConfig.For(folder.Path);
        Assert.Equal(taken == true, config.Path is not null);
        Assert.Equal(taken == false, config.Warning is not null);
    }

    [Fact]
    public void The_nearest_file_wins()
    {
        using var folder = new TempFolder("crate/migrations")
            .With("../../sqlx.toml", "[migrate]\nmigrations-dir = 'crate/migrations'\ntable-name = 'far'")
            .With("../sqlx.toml", "[migrate]\ntable-name = 'near'");
        Assert.Equal("near", SqlxConfig.For(folder.Path).Table?.Name);
    }
}
