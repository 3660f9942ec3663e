using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Formats.GolangMigrate;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats;

public sealed class LockKeyTests
{
    [Fact]
    public void Crc32_is_that_of_zip() => Assert.Equal(0xCBF43926u, Crc32.Of("123456789"u8));

    [Theory]
    [InlineData("postgres", 368907709894077238)]
    [InlineData("everruns", 151001835834977148)]
    [InlineData("app", 3469795979745788610)]
    [InlineData("template1", 4271593089073958620)]
    [InlineData("test", 3729328775749822312)]
    [InlineData("mydb", 293176876009260204)]
    [InlineData("my-db", 603963459812200890)]
    [InlineData("My Db", 2197506303321021684)]
    [InlineData("db_ünïcode", 4287457763116076480)]
    [InlineData("matrixauthenticationservice", 1881340119163255118)]
    public void Sqlx_key_comes_from_the_database(string database, long key) =>
        Assert.Equal([key], MigrationFormat.Sqlx.Journal().LockKeys(database));

    [Theory]
    [InlineData("app", new[] { "public", "schema_migrations" }, 1787120056)]
    [InlineData("/app", new[] { "public", "schema_migrations" }, 1726534663)]
    [InlineData("everruns", new[] { "public", "schema_migrations" }, 1180019307)]
    [InlineData("/everruns", new[] { "public", "schema_migrations" }, 541590610)]
    [InlineData("postgres", new[] { "public", "schema_migrations" }, 143310882)]
    [InlineData("/postgres", new[] { "public", "schema_migrations" }, 3280485947)]
    [InlineData("/", new[] { "public", "schema_migrations" }, 2551455205)]
    [InlineData("app", new[] { "tenant1", "schema_migrations" }, 1506136507)]
    [InlineData("/app", new[] { "tenant1", "schema_migrations" }, 4110712779)]
    [InlineData("/app", new[] { "migrate", "schema_migrations" }, 4026567997)]
    [InlineData("/app", new[] { "public", "my_migrations" }, 2473481503)]
    [InlineData("/app", new[] { "public", "migrate.schema_migrations" }, 1005890160)]
    [InlineData("app", new[] { "public" }, 2802248011)]
    [InlineData("app", new string[0], 620236277)]
    [InlineData("/app", new string[0], 198434227)]
    [InlineData("database_name", new string[0], 1764327054)]
    [InlineData("database_name", new[] { "schema_name_1" }, 2453313553)]
    [InlineData("database_name", new[] { "schema_name_2" }, 235207038)]
    [InlineData("database_name", new[] { "schema_name_1", "schema_name_2" }, 3743845847)]
    [InlineData("coder", new[] { "public", "schema_migrations" }, 4187539795)]
    [InlineData("/locktest", new[] { "public", "schema_migrations" }, 3708018671)]
    public void Golang_migrate_key_comes_from_schema_table_and_database(string database, string[] names, long key) =>
        Assert.Equal(key, GolangMigrateLock.Key(database, names));

    [Fact]
    public void Golang_migrate_has_one_key_for_programs_and_one_for_its_command_line() =>
        Assert.Equal([1787120056, 1726534663], MigrationFormat.GolangMigrate.Journal().Resolved("public").LockKeys("app"));

    [Fact]
    public void Golang_migrate_keys_follow_the_table()
    {
        var target = FormatFor.Target(
            null, ("x-migrations-table", "\"migrate\".\"schema_migrations\""), ("x-migrations-table-quoted", "true"));
        Assert.Equal(4026567997, MigrationFormat.GolangMigrate.Journal(target).LockKeys("app")[1]);
    }

    [Fact]
    public void Prisma_has_one_key_for_all() => Assert.Equal([72707369], MigrationFormat.Prisma.Journal().LockKeys("app"));
}
