using System.Security.Cryptography;
using System.Text;
using DbMigrate.Engine.Formats.Sqlx;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.Sqlx;

public sealed class SqlxChecksumTests
{
    private const string Table = "CREATE TABLE a (id INT);";
    private const string TableLf = "3fe175e6046ef43f222e00f4e37eb3334e080326914e01e81c3002088a2d0ead3325ebc38815da90fe87a4f23f2f933a";

    [Theory]
    [InlineData("", "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b")]
    [InlineData("\n", "ec664e889ed6c1b2763cacf7899d95b7f347373eb982e523419feea3aa362d891b3bf025f292267a5854049091789c3e")]
    [InlineData(Table + "\n", TableLf)]
    [InlineData(Table, "2133a3713ce5c22a1e5b863dc5b508a8cb6766560ccb174d10074b33051a5efa7117e5ff20aed8a8e251cbe3d9be1f42")]
    [InlineData(Table + "\r\n", "bf93157073ba35ee8aed3365c98c489754bbdaebdf1b58612e2ee002cce655a09f5b92feb09be1a5718c935d2962ab16")]
    [InlineData(
        "\uFEFF" + Table + "\n",
        "813729a7e48ce9e8c5465d55f090b2d0b6d93d942d3f535d60fcd2643606b8d7aac19226745e26980621d95464c91d8d")]
    [InlineData(
        "-- Add migration script here\n",
        "ff95923ef9afbcc89efe330243d1754c4719be221420d411481e688ede306676fa9729ff84319a52d2331096e736b892")]
    [InlineData(
        "-- Add up migration script here\n",
        "933f34bc4488c070330c8fde9d1ab04409645572d2303300f2b2407b02de24d4e032cc0aed9ab193a997bc4bcc5ff3e9")]
    [InlineData(
        "-- Add down migration script here\n",
        "6a70a69e4b28b63c72dd1cb75c8e909e6e521b12a387c55273cfbb0e293c6140ef014f735be80e3d8905bcbbef3acb29")]
    [InlineData(
        "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON a (id);\n",
        "21476f803bc072ea19de9b92d639c17785b8b4b672c83384434d0058192b9d453bfee0f228902b89c6c74e3757014031")]
    [InlineData(
        "-- naïve café ☕\nSELECT 1;\n",
        "1d4013e8e6f24e515f169e43268b6d80ae030cbf358c90d90f635dc5eb8e2813104c34a796711ad6c39245ac0cf830fd")]
    [InlineData(
        "CREATE TABLE users (id BIGSERIAL PRIMARY KEY);\nCREATE TABLE posts (id BIGSERIAL PRIMARY KEY, user_id BIGINT REFERENCES users (id));\n",
        "c1204f4dea40683099478abaa757ff0dcfea692b4508ba1b0aca706993eee32e92027fc1b2712d6690b133e7ea860857")]
    public void Is_that_of_the_bytes(string content, string checksum) => Assert.Equal(checksum, Compute(content));

    [Theory]
    [InlineData("\r", Table + "\r\n", TableLf)]
    [InlineData(
        " \t\r\n\uFEFF",
        "\uFEFF" + Table + "\r\n",
        "a8321b47b10c0f69917d04619aef6f58fa4361f8c76ec58b69a5c50695aaa71a1666a0feacc051a316b975140804d13b")]
    [InlineData("🚀", Table + "🚀\n", TableLf)]
    public void Leaves_out_ignored_characters(string ignored, string content, string checksum) =>
        Assert.Equal(checksum, Compute(content, ignored));

    [Theory]
    [InlineData(65535)]
    [InlineData(65534)]
    [InlineData(65533)]
    public void A_character_may_lie_across_two_reads(int before)
    {
        var text = new string('x', before) + "🚀" + new string('y', 70000);
        Assert.Equal(Hash(text), Compute(text));
        Assert.Equal(Hash(text.Replace("x", "", StringComparison.Ordinal)), Compute(text, "x"));
        Assert.Equal(Hash(text.Replace("🚀", "", StringComparison.Ordinal)), Compute(text, "🚀"));
    }

    [Theory]
    [InlineData(10, "61 FF 62", 11)]
    [InlineData(65535, "E2 82 41", 65535)]
    [InlineData(5, "F0 9F", 5)]
    public void Names_the_byte_that_is_not_UTF8(int before, string bytes, int offset)
    {
        byte[] content =
            [.. Enumerable.Repeat((byte)' ', before), .. Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal))];
        var error = Assert.Throws<DbMigrateException>(
            () => SqlxChecksum.Compute(new MemoryStream(content), "0001_a.sql", new HashSet<Rune>()));
        Assert.Equal("InvalidUtf8", error.Id);
        Assert.Contains($"0001_a.sql is not UTF-8 at byte {offset};", error.Message, StringComparison.Ordinal);
    }

    private static string Compute(string content, string ignored = "") =>
        SqlxChecksum.Compute(new MemoryStream(Encoding.UTF8.GetBytes(content)), "file", ignored.EnumerateRunes().ToHashSet());

    private static string Hash(string text) => Convert.ToHexString(SHA384.HashData(Encoding.UTF8.GetBytes(text))).ToLowerInvariant();
}
