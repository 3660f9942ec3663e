using System.Globalization;

namespace DbMigrate.Engine.Formats.Prisma;

/// <summary>Prisma Migrate 2.19 to 7: a directory with <c>migration.sql</c> for each migration; <c>_prisma_migrations</c>.</summary>
internal sealed class PrismaFormat : IMigrationFormat
{
    private const string UpFile = "migration.sql";
    private const string DownFile = "down.sql";

    // Prisma's own placeholder, byte for byte.
    private const string EmptyScript = "-- This is an empty migration.";

    /// <inheritdoc/>
    public MigrationFormat Format => MigrationFormat.Prisma;

    /// <inheritdoc/>
    public string DefaultTable => "_prisma_migrations";

    /// <inheritdoc/>
    public bool Detect(string path) => Directory.Exists(path)
        && (File.Exists(Path.Combine(path, PrismaLockFile.FileName))
            || FolderEntry.List(path).Any(e => e.Kind == FolderEntryKind.Folder && File.Exists(Path.Combine(e.Path, UpFile))));

    /// <inheritdoc/>
    public MigrationFolder Read(string path, IReadOnlyDictionary<string, string> options)
    {
        var entries = FolderEntry.List(path);
        PrismaLockFile.Check(path);
        var warnings = new List<string>();
        FolderWarnings.AddIgnored(warnings, "Prisma", [.. entries.Where(IsIgnoredLink).Select(e => e.Name)]);
        var directories = entries.Where(e => e.Kind == FolderEntryKind.Folder).OrderBy(e => e.Name, PrismaNameComparer.Instance).ToList();
        AddOrder(warnings, [.. directories.Select(d => d.Name)]);
        return new MigrationFolder
        {
            Format = Format,
            Path = path,
            Migrations = [.. directories.Select(ReadMigration)],
            Warnings = warnings,
        };
    }

    /// <inheritdoc/>
    public IMigrationJournal Journal(MigrationFolder folder, JournalTable? table, DbTarget target) =>
        new PrismaJournal(table ?? new JournalTable(target.Schema, DefaultTable), target.Schema);

    /// <inheritdoc/>
    public IReadOnlyList<string> Create(string folder, string name, bool? reversible, DateTimeOffset now, bool write)
    {
        var slug = PrismaName.Slug(NewMigrationFiles.CheckName(name));
        if (slug.Length == 0)
        {
            throw NewMigrationFiles.InvalidName(name, "Prisma keeps only letters and digits of it, and it has none");
        }

        var entries = Directory.Exists(folder) ? FolderEntry.List(folder) : [];
        PrismaLockFile.Check(folder);
        var directories = entries.Where(e => e.Kind == FolderEntryKind.Folder).OrderBy(e => e.Name, PrismaNameComparer.Instance).ToList();
        var withDown = reversible ?? (directories.Count > 0 && File.Exists(Path.Combine(directories[^1].Path, DownFile)));
        var directory = Path.Combine(folder, $"{now.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture)}_{slug}");
        if (Path.Exists(directory))
        {
            throw NewMigrationFiles.Exists(directory);
        }

        var files = new List<(string, string)> { (Path.Combine(directory, UpFile), EmptyScript) };
        if (withDown)
        {
            files.Add((Path.Combine(directory, DownFile), "-- Undoes the migration.\n"));
        }

        if (!entries.Any(e => e.Name == PrismaLockFile.FileName))
        {
            files.Add((Path.Combine(folder, PrismaLockFile.FileName), PrismaLockFile.Content));
        }

        return NewMigrationFiles.Create(files, write);
    }

    private static bool IsIgnoredLink(FolderEntry entry) =>
        entry.Kind == FolderEntryKind.LinkToFolder && File.Exists(Path.Combine(entry.Path, UpFile));

    private static void AddOrder(List<string> warnings, List<string> names)
    {
        if (PrismaNameComparer.HasCulture)
        {
            if (!names.SequenceEqual(names.Order(StringComparer.Ordinal)))
            {
                warnings.Add("Prisma up to 6.5 applies these directories in another order than Prisma 6.6 and DbMigrate.");
            }
        }
        else if (!names.All(PrismaName.IsUsual))
        {
            warnings.Add(
                "The directories are in the order of bytes, as Prisma up to 6.5 has them; that of later ones takes ICU.");
        }
    }

    private static Migration ReadMigration(FolderEntry directory)
    {
        var path = Path.Combine(directory.Path, UpFile);
        if (!File.Exists(path))
        {
            throw new DbMigrateException(
                "MigrationFileMissing",
                ErrorKind.InvalidData,
                $"{directory.Path} has no {UpFile}; Prisma takes every directory for a migration and stops at this one (P3015).",
                $"Remove the directory, or put its {UpFile} back.")
            {
                Subject = directory.Path,
            };
        }

        var up = new FileScript(path, _ => false);
        var down = Path.Combine(directory.Path, DownFile);
        return new Migration
        {
            Version = directory.Name,
            Name = PrismaName.Title(directory.Name),
            Up = up,
            Down = File.Exists(down) ? new FileScript(down, _ => false) : null,
            Checksum = PrismaChecksum.Compute(up),
        };
    }
}
