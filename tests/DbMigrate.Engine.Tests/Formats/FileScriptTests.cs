using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Formats.Sqlx;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats;

public sealed class FileScriptTests
{
    [Fact]
    public void A_small_file_is_read_once()
    {
        using var folder = new TempFolder().With("a.sql", "SELECT 1;");
        var script = new FileScript(folder["a.sql"], _ => false);
        folder.With("a.sql", "SELECT 2;");
        Assert.Equal("SELECT 1;", Text(script));
    }

    [Fact]
    public void A_large_file_is_read_each_time()
    {
        var content = new string('x', FileScript.KeptLength + 1);
        using var folder = new TempFolder().With("a.sql", content);
        var script = new FileScript(folder["a.sql"], _ => false);
        Assert.Equal(content, Text(script));
        Assert.Equal(content, Text(script));
    }

    [Fact]
    public void A_large_file_must_not_change_between_hash_and_run()
    {
        using var folder = new TempFolder().With("0001_a.sql", new string(' ', FileScript.KeptLength + 1));
        var script = MigrationFormat.Sqlx.Read(folder).Migrations[0].Up!;
        folder.With("0001_a.sql", new string(' ', FileScript.KeptLength) + ";");

        var error = Assert.Throws<DbMigrateException>(() => Text((FileScript)script));

        Assert.Equal("FileChanged", error.Id);
        Assert.Contains(folder["0001_a.sql"], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_large_file_has_the_checksum_of_its_bytes()
    {
        var content = "-- é\n" + new string('x', FileScript.KeptLength);
        using var folder = new TempFolder().With("0001_a.sql", content);
        Assert.Equal(
            SqlxChecksum.Compute(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content)), "a", new HashSet<System.Text.Rune>()),
            MigrationFormat.Sqlx.Read(folder).Migrations[0].Checksum);
    }

    [Fact]
    public void Statements_know_their_place()
    {
        using var folder = new TempFolder().With("a.sql", "-- é\n  CREATE TABLE a (id int);\r\nSELECT 1; VACUUM");
        var statements = new FileScript(folder["a.sql"], _ => false).ReadStatements().ToList();
        Assert.Equal(
            [("CREATE TABLE a (id int)", 2, 3), ("SELECT 1", 3, 1), ("VACUUM", 3, 11)], statements.Select(s => (s.Text, s.Line, s.Column)));
    }

    [Theory]
    [InlineData("", "EmptyFile")]
    [InlineData(" \r\n\t\n", "EmptyFile")]
    [InlineData("\uFEFFSELECT 1;", "ByteOrderMark")]
    [InlineData("\uFEFF", "ByteOrderMark")]
    public void What_nobody_means_is_refused(string content, string id)
    {
        using var folder = new TempFolder().With("a.sql", content);
        var error = Assert.Throws<DbMigrateException>(() => new FileScript(folder["a.sql"], _ => false).ReadStatements().ToList());
        Assert.Equal(id, error.Id);
        Assert.Contains(folder["a.sql"], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_comment_says_that_the_emptiness_is_meant()
    {
        using var folder = new TempFolder().With("a.sql", "-- This is an empty migration.");
        Assert.Empty(new FileScript(folder["a.sql"], _ => false).ReadStatements());
    }

    [Fact]
    public void A_file_that_is_gone_is_named()
    {
        using var folder = new TempFolder();
        var error = Assert.Throws<DbMigrateException>(() => new FileScript(folder["a.sql"], _ => false));
        Assert.Equal("UnreadableFile", error.Id);
        Assert.Contains(folder["a.sql"], error.Message, StringComparison.Ordinal);
    }

    private static string Text(FileScript script)
    {
        using var reader = new StreamReader(script.OpenRead());
        return reader.ReadToEnd();
    }
}
