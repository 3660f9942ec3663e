using System.Text;
using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Formats.Prisma;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.Prisma;

public sealed class PrismaChecksumTests
{
    private const string Six = "CREATE TABLE a(id int);\nSELECT 1;\n";
    private const string Four = "fc0d82ad675d7dc656dc91821af192efed48edfa85c8ba9777e1d84490cc4fd1";
    private const string CrLf = "CREATE TABLE a(id int);\r\nSELECT 1;\r\n";
    private const string Mixed = "CREATE TABLE a(id int);\r\nSELECT 1;\n";

    [Theory]
    [InlineData("hello", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("-- This is an empty migration.", "122d743a0403e77ad7e0ed9447f5b8826f2fbdbc55612d936eff004dd13c2eec")]
    [InlineData("CREATE TABLE t1(id int);\n", Four)]
    [InlineData("SELECT 1/0;\n", "57807a8237d409dd26572422350adf53c1e66058e58d3dd6381ecee0a373b6a7")]
    [InlineData(Six, "ef5e0b7229288cbeab72c98dec00a968d659f30fe8ce24f96e09c6083009ff1c")]
    [InlineData(CrLf, "30bc301133cd635ae1c76cfbabc26c66e362c11b9aabc45ef43ab35348390687")]
    [InlineData(Mixed, "b47699a680a4a9da2b2a44d74a78c157c0614a8d60da01b25c3525e472e284c8")]
    [InlineData("CREATE TABLE a(id int);\nSELECT 1;", "715eddc1ab84623f9286349577b6a338f3d2b3d753020ad1f0e4fca04fbeba3a")]
    [InlineData("\uFEFF" + Six, "5f8a7075c5d5164d896d651ab7aeec53bc616c1497325da4b5bc3ea524c485c7")]
    [InlineData("SELECT 1;\n", "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd")]
    [InlineData("SELECT 1;", "17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a")]
    [InlineData("SELECT 1;\r\n", "d3cd5042f97738960d802ad6b3a548dfa18152215118ba18f04493bc6944b0e4")]
    [InlineData("-- héllo\n", "a20f30b6b57996fc997d73d09473ce07729fb0c22b45155dc9479801cc3680a7")]
    [InlineData("ab\ncd\nef\ngh\rab", "19e2689db24f2c9752e5c5d50ad4905b13a7ad843714ae5f3293b43c2fb89611")]
    [InlineData("ab\r\ncd\r\nef\r\ngh\rab", "e2cfcb72f0a68c204be7f21fdbac3dc07738ba485840404d13628db3ccfc367a")]
    [InlineData("abc\n", "edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    public void Is_that_of_the_text(string content, string checksum) => Assert.Equal(checksum, Compute(Encoding.UTF8.GetBytes(content)));

    [Fact]
    public void Bytes_that_are_not_UTF8_count_as_replacement_characters() => Assert.Equal(
        "78da1daedcf6ae17b9bf101c99f9d9ee90f00df36b1a54f40670d2d7c934c121",
        Compute([.. "CREATE TABLE t1 (id int); -- "u8, 0xff, 0xfe, (byte)'\n']));

    [Theory]
    [InlineData(Six, CrLf, true)]
    [InlineData(CrLf, Six, true)]
    [InlineData(Six, Mixed, true)]
    [InlineData(Mixed, Six, false)]
    [InlineData(Mixed, CrLf, false)]
    [InlineData(Mixed, Mixed, true)]
    [InlineData(Six, "CREATE TABLE a(id int);\nSELECT 1;", false)]
    [InlineData(Six, "\uFEFF" + Six, false)]
    [InlineData("ab\ncd\nef\ngh\rab", "ab\r\ncd\r\nef\r\ngh\rab", true)]
    [InlineData("ab\r\ncd\r\nef\r\ngh\rab", "ab\ncd\nef\ngh\rab", true)]
    [InlineData("abc\n", "abc", false)]
    [InlineData("a\nb\r", "a\r\nb\r", true)]
    [InlineData("a\nb", "a\r\nb\r", false)]
    public void Line_ends_may_change(string recorded, string file, bool same) =>
        Assert.Equal(same, Matches(Compute(Encoding.UTF8.GetBytes(recorded)), file));

    [Theory]
    [InlineData(Four, true)]
    [InlineData("fcd82ad675d7dc656dc91821af192efed48edfa85c8ba9777e1d84490cc4fd1", true)]
    [InlineData("FC0D82AD675D7DC656DC91821AF192EFED48EDFA85C8BA9777E1D84490CC4FD1", false)]
    [InlineData("", false)]
    public void Old_engines_wrote_it_unpadded(string recorded, bool same) =>
        Assert.Equal(same, Matches(recorded, "CREATE TABLE t1(id int);\n"));

    [Theory]
    [InlineData(65534)]
    [InlineData(65535)]
    [InlineData(65536)]
    public void A_line_end_may_lie_across_two_reads(int before)
    {
        var lf = new string('x', before) + "\n" + new string('é', 70000) + "\n";
        var crLf = lf.Replace("\n", "\r\n", StringComparison.Ordinal);
        Assert.True(Matches(Compute(Encoding.UTF8.GetBytes(lf)), crLf));
        Assert.True(Matches(Compute(Encoding.UTF8.GetBytes(crLf)), lf));
    }

    private static string Compute(byte[] content)
    {
        using var folder = new TempFolder().With("migration.sql", content);
        return PrismaChecksum.Compute(new FileScript(folder["migration.sql"], _ => false));
    }

    private static bool Matches(string recorded, string content)
    {
        using var folder = new TempFolder().With("20240101000000_a/migration.sql", content);
        var row = new JournalRow { Version = "20240101000000_a", State = MigrationState.Applied, Checksum = recorded };
        return MigrationFormat.Prisma.Journal().ChecksumMatches(row, MigrationFormat.Prisma.Read(folder).Migrations[0]);
    }
}
