using DbMigrate.Engine.Formats;

namespace DbMigrate.Engine.Migrations;

/// <summary>Makes the files of a new migration.</summary>
public static class NewMigration
{
    /// <summary>Creates the files in the folder's own style and returns their paths.</summary>
    /// <param name="source">The folder; <see cref="MigrationSource.Format"/> is needed when the folder is empty or its names fit several tools.</param>
    /// <param name="name">What the migration does, in words.</param>
    /// <param name="reversible">A down file as well: true, false, or null for what the folder does.</param>
    /// <param name="write">False to only tell which files would be made.</param>
    /// <exception cref="DbMigrateException"><c>FolderNotFound</c>, <c>NoMigrations</c>, <c>AmbiguousFormat</c>, and what the format says of the name.</exception>
    public static IReadOnlyList<string> Create(MigrationSource source, string name, bool? reversible, bool write)
    {
        if (source.Format is { } format && !Path.Exists(source.Path))
        {
            // The first migration of a project makes its folder.
            return MigrationFormats.Of(format).Create(Path.GetFullPath(source.Path), name, reversible, DateTimeOffset.UtcNow, write);
        }

        var (path, candidates) = FolderLocator.Find(source);
        return candidates is [var only]
            ? only.Create(path, name, reversible, DateTimeOffset.UtcNow, write)
            : throw FolderLocator.Ambiguous(path, candidates);
    }
}
