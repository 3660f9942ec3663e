using DbMigrate.Engine.Formats;

namespace DbMigrate.Engine.Migrations;

/// <summary>Finds out which tool's a folder is.</summary>
public static class FolderLocator
{
    private static readonly string[] UsualFolders = ["migrations", Path.Combine("prisma", "migrations"), Path.Combine("db", "migrations")];

    /// <summary>The folder to work on when none was named: <c>migrations</c>, else <c>prisma/migrations</c>, else <c>db/migrations</c>.</summary>
    /// <exception cref="DbMigrateException"><c>FolderNotFound</c>.</exception>
    public static string Default(string currentFolder) => Usual(currentFolder) ?? throw new DbMigrateException(
        "FolderNotFound",
        ErrorKind.NotFound,
        $"There is no folder {string.Join(", ", UsualFolders.Select(f => $"'{f}'"))} in {currentFolder}.",
        "Name the folder that holds the migrations, or the EF Core script.") { Subject = currentFolder };

    /// <summary>The same, or null.</summary>
    public static string? Usual(string currentFolder) => UsualFolders.Select(f => Path.Combine(currentFolder, f)).FirstOrDefault(Directory.Exists);

    /// <summary>Reads a folder, which has to have migrations of the tool unless it is empty.</summary>
    /// <exception cref="DbMigrateException"><c>NoMigrations</c>, <c>UnreadableFolder</c>, and what the format says.</exception>
    internal static MigrationFolder Read(IMigrationFormat format, string path, DbTarget target)
    {
        try
        {
            var folder = format.Read(path, target.ToolOptions);
            return folder.Migrations.Count > 0 || File.Exists(path) || !Directory.EnumerateFileSystemEntries(path).Any(HoldsWork)
                ? folder
                : throw new DbMigrateException(
                    "NoMigrations",
                    ErrorKind.NotFound,
                    $"{path} has files, but no migrations of {format.Format}.",
                    "Check the path and -Format (--format); without it the files tell whose they are.") { Subject = path };
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Unreadable(path, e);
        }
    }

    private static bool HoldsWork(string entry) => entry.EndsWith(".sql", StringComparison.OrdinalIgnoreCase) || File.Exists(Path.Combine(entry, "migration.sql"));

    private static DbMigrateException Unreadable(string path, Exception inner) => new(
        "UnreadableFolder", ErrorKind.Permission, $"{path} cannot be read: {inner.Message}", "Give your user the right to read the folder and its files.", inner)
    { Subject = path };

    /// <summary>The path in full, and the formats that its files fit.</summary>
    /// <exception cref="DbMigrateException"><c>FolderNotFound</c>, <c>NoMigrations</c>, <c>UnreadableFolder</c>.</exception>
    internal static (string Path, IReadOnlyList<IMigrationFormat> Candidates) Find(MigrationSource source)
    {
        try
        {
            return Locate(source);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw Unreadable(Path.GetFullPath(source.Path), e);
        }
    }

    private static (string Path, IReadOnlyList<IMigrationFormat> Candidates) Locate(MigrationSource source)
    {
        var path = Path.GetFullPath(source.Path);
        if (!Directory.Exists(path) && !File.Exists(path))
        {
            throw new DbMigrateException(
                "FolderNotFound", ErrorKind.NotFound, $"{path} is not there.", "Check the path; to PowerShell, [ ] and * in it are wildcards: use -LiteralPath.")
            { Subject = path };
        }

        if (source.Format is { } format)
        {
            return (path, [MigrationFormats.Of(format)]);
        }

        if (MigrationFormats.Detect(path) is { Count: > 0 } candidates)
        {
            return (path, candidates);
        }

        var better = UsualFolders.Select(f => Path.Combine(path, f)).FirstOrDefault(f => Directory.Exists(f) && MigrationFormats.Detect(f).Count > 0);
        throw new DbMigrateException(
            "NoMigrations",
            ErrorKind.NotFound,
            $"{path} has no migrations of SQLx, golang-migrate, Prisma or EF Core{Others(path)}.",
            better is not null
                ? $"Use {better}."
                : Formats.EfCore.EfCoreFormat.LooksLikeProject(path)
                    ? "These are EF Core migrations in C#. Make a script of them with 'dotnet ef migrations script --idempotent -o migration.sql' and use that."
                    : "Name the folder that holds the migration files; for an empty one, say with -Format (--format) whose it is.") { Subject = path };
    }

    // A name that is only nearly right, with a number too large for example, should not have to be guessed.
    private static string Others(string path)
    {
        var names = Directory.Exists(path)
            ? Directory.EnumerateFiles(path, "*.sql").Take(100).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal).ToList()
            : [];
        return names.Count == 0 ? "" : $"; {FolderWarnings.Some(names)} {(names.Count == 1 ? "fits" : "fit")} none of their names";
    }

    /// <summary>An error for a folder whose names fit several tools.</summary>
    internal static DbMigrateException Ambiguous(string path, IReadOnlyList<IMigrationFormat> candidates) => new(
        "AmbiguousFormat",
        ErrorKind.InvalidArgument,
        $"The files in {path} fit several tools: {string.Join(", ", candidates.Select(c => c.Format))}.",
        $"Say whose it is: {string.Join(" or ", candidates.Select(c => $"-Format {c.Format}"))} (--format).") { Subject = path };
}
