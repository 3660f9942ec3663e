using System.Text;

namespace DbMigrate.Engine.Formats.GolangMigrate;

/// <summary>golang-migrate's advisory lock keys (database/util.go, GenerateAdvisoryLockId).</summary>
internal static class GolangMigrateLock
{
    private const uint Salt = 1486364155;

    /// <summary>The key of a database and further names: schema and table since 4.15, the schema alone since 4.1.</summary>
    /// <param name="database">The database's name; with a leading slash as the command line takes it from the URL's path.</param>
    /// <param name="names">What is put before it, each followed by a zero byte.</param>
    public static long Key(string database, params string[] names) =>
        unchecked(Crc32.Of(Encoding.UTF8.GetBytes(string.Join('\0', [.. names, database]))) * Salt);
}
