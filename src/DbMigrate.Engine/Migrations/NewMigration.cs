namespace DbMigrate.Engine.Migrations;

/// <summary>Makes the files of a new migration.</summary>
public static class NewMigration
{
    /// <summary>Creates the files in the folder's own style and returns their paths.</summary>
    /// <param name="source">The folder; <see cref="MigrationSource.Format"/> is needed when the folder is empty or its names fit several tools.</param>
    /// <param name="name">What the migration does, in words.</param>
    /// <param name="reversible">A down file as well: true, false, or null for what the folder does.</param>
    /// <param name="write">False to only tell which files would be made.</param>
    /// <exception cref="DbMigrateException"><c>UnknownFormat</c>, <c>AmbiguousFormat</c>, <c>InvalidName</c>, <c>FileExists</c>.</exception>
    public static IReadOnlyList<string> Create(MigrationSource source, string name, bool? reversible, bool write) => throw new NotImplementedException();
}
