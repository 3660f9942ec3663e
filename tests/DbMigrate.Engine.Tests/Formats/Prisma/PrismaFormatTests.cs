using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Formats.Prisma;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.Prisma;

public sealed class PrismaFormatTests
{
    private static readonly DateTimeOffset Now = new(2024, 5, 6, 7, 8, 9, TimeSpan.Zero);

    private static readonly string[] s_order =
    [
        "_z", ".hidden", "1_c", "10_b", "2_a", "20240101_a", "20240101_A", "20240101_a b", "20240101_a_b", "20240101_a-b", "20240101_ab",
        "20240101_B", "20240101_é", "20240101-x", "20240101x", "a_b", "a-b", "a.b", "ab", "alpha", "sp", "ss", "ß", "Zeta",
    ];

    [Fact]
    public void Names_are_ordered_as_JavaScript_does()
    {
        Assert.True(PrismaNameComparer.HasCulture, "This process has no ICU.");
        Assert.Equal(s_order, s_order.Reverse().Order(PrismaNameComparer.Instance));
    }

    [Fact]
    public void Names_that_sort_alike_are_still_two()
    {
        Assert.NotEqual(0, PrismaNameComparer.Instance.Compare("a\u200bb", "ab"));
        Assert.False(PrismaNameComparer.Instance.Equals("a\u200bb", "ab"));
    }

    [Fact]
    public void Reads_directories()
    {
        using var folder = new TempFolder()
            .With("migration_lock.toml", PrismaLockFile.Content)
            .With("20240102000000_add_email/migration.sql", "SELECT 1;\n").With("20240102000000_add_email/down.sql")
            .With("20240101000000_init/migration.sql").With("20240101000000_init/sub/migration.sql")
            .With(".hidden/migration.sql")
            .With("loose.sql");

        var read = MigrationFormat.Prisma.Read(folder);

        Assert.Equal(
            [(".hidden", ""), ("20240101000000_init", "init"), ("20240102000000_add_email", "add_email")],
            read.Migrations.Select(m => (m.Version, m.Name)));
        Assert.Equal(folder["20240102000000_add_email/migration.sql"], read.Migrations[2].Up!.Path);
        Assert.Equal(folder["20240102000000_add_email/down.sql"], read.Migrations[2].Down!.Path);
        Assert.Null(read.Migrations[1].Down);
        Assert.Equal("b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd", read.Migrations[2].Checksum);
        Assert.Empty(read.Warnings);
    }

    [Fact]
    public void Tells_where_old_and_new_Prisma_differ_in_order()
    {
        using var folder = new TempFolder().With("20240101_a/migration.sql").With("20240101_B/migration.sql");
        var read = MigrationFormat.Prisma.Read(folder);
        Assert.Equal(["20240101_a", "20240101_B"], read.Migrations.Select(m => m.Version));
        Assert.Contains("6.5", Assert.Single(read.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_without_script_is_refused()
    {
        using var folder = new TempFolder().With("20240101000000_a/migration.sql").With("20240102000000_b/notes.txt");
        var error = MigrationFormat.Prisma.Refused(folder);
        Assert.Equal("MigrationFileMissing", error.Id);
        Assert.Contains(folder["20240102000000_b"], error.Message, StringComparison.Ordinal);
        Assert.Contains("P3015", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("provider = \"postgresql\"\n", true)]
    [InlineData("# comment\r\nprovider = \"postgresql\"\r\nprovider = \"mysql\"", true)]
    [InlineData("", false)]
    [InlineData("# provider = \"postgresql\"", false)]
    [InlineData("provider=\"postgresql\"", false)]
    [InlineData(" provider = \"postgresql\"", false)]
    [InlineData("provider = \"cockroachdb\"", false)]
    [InlineData("provider = \"mysql\"", false)]
    [InlineData("provider = \"mysql\"\nprovider = \"postgresql\"", false)]
    public void The_lock_file_has_to_name_PostgreSQL(string content, bool accepted)
    {
        using var folder = new TempFolder().With("migration_lock.toml", content).With("20240101000000_a/migration.sql");
        if (accepted)
        {
            Assert.Single(MigrationFormat.Prisma.Read(folder).Migrations);
            return;
        }

        var error = MigrationFormat.Prisma.Refused(folder);
        Assert.Equal("ProviderMismatch", error.Id);
        Assert.Contains("P3019", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_URLs_schema_holds_the_table_and_is_created()
    {
        var journal = MigrationFormat.Prisma.Journal(FormatFor.Target("My Schema"));
        Assert.Equal("\"My Schema\".\"_prisma_migrations\"", journal.Table.ToString());
        Assert.Equal(2, journal.Create.Count);
        Assert.Single(MigrationFormat.Prisma.Journal().Create);
    }

    [Theory]
    [InlineData("add users", "add_users")]
    [InlineData("  AddUserEmail  ", "add_user_email")]
    [InlineData("Größe & Ärger -- v2!", "gro_e_arger_v2")]
    [InlineData("a.b-c__d", "a_b_c_d")]
    [InlineData("🚀", "")]
    public void New_names_are_slugs(string name, string slug) => Assert.Equal(slug, PrismaName.Slug(name));

    [Fact]
    public void Makes_a_directory_and_the_lock_file()
    {
        using var folder = new TempFolder();
        var format = MigrationFormats.Of(MigrationFormat.Prisma);
        string[] expected = [folder["20240506070809_add_users/migration.sql"], folder["migration_lock.toml"]];

        Assert.Equal(expected, format.Create(folder.Path, "add users", null, Now, write: false));
        Assert.Empty(folder.Files());
        Assert.Equal(expected, format.Create(folder.Path, "add users", null, Now, write: true));

        Assert.Equal("-- This is an empty migration.", File.ReadAllText(expected[0]));
        Assert.Equal(
            "# Please do not edit this file manually\n# It should be added in your version-control system (e.g., Git)\n"
            + "provider = \"postgresql\"\n",
            File.ReadAllText(expected[1]));
        Assert.Equal(
            "FileExists",
            Assert.Throws<DbMigrateException>(() => format.Create(folder.Path, "add users", null, Now, write: true)).Id);
        Assert.Equal(
            [folder["20240506070810_more/migration.sql"], folder["20240506070810_more/down.sql"]],
            format.Create(folder.Path, "more", true, Now.AddSeconds(1), write: true));
        Assert.Equal(2, format.Create(folder.Path, "again", null, Now.AddSeconds(2), write: false).Count);
    }

    [Fact]
    public void A_name_needs_a_letter_or_digit()
    {
        using var folder = new TempFolder();
        var error = Assert.Throws<DbMigrateException>(
            () => MigrationFormats.Of(MigrationFormat.Prisma).Create(folder.Path, "🚀", null, Now, write: true));
        Assert.Equal("InvalidName", error.Id);
    }
}
