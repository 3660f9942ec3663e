using DbMigrate.Engine.Formats.EfCore;
using DbMigrate.Engine.Formats.GolangMigrate;
using DbMigrate.Engine.Formats.Prisma;
using DbMigrate.Engine.Formats.Sqlx;

namespace DbMigrate.Engine.Formats;

/// <summary>The formats there are, and which of them a folder follows.</summary>
public static class MigrationFormats
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<IMigrationFormat> All { get; } =
        [new SqlxFormat(), new GolangMigrateFormat(), new PrismaFormat(), new EfCoreFormat()];

    /// <summary>The format of that name.</summary>
    public static IMigrationFormat Of(MigrationFormat format) => All.Single(f => f.Format == format);

    /// <summary>The formats that a folder or script may follow; more than one when its names fit several.</summary>
    public static IReadOnlyList<IMigrationFormat> Detect(string path)
    {
        var candidates = All.Where(f => f.Detect(path)).ToList();

        // Scripts of EF Core are often named as another tool names its files, but nothing else is written like them.
        return candidates.Count > 1 && EfCoreFormat.IsCertain(path)
            ? [.. candidates.Where(c => c.Format is MigrationFormat.EfCore or MigrationFormat.Prisma)]
            : candidates;
    }
}
