using System.Globalization;
using DbMigrate.Engine.Formats.Sqlx;

namespace DbMigrate.Engine.Formats.GolangMigrate;

/// <summary>golang-migrate: <c>N_title.up.sql</c> and <c>N_title.down.sql</c>; <c>schema_migrations</c>.</summary>
internal sealed class GolangMigrateFormat : IMigrationFormat
{
    private const string StampFormat = "yyyyMMddHHmmss";

    /// <inheritdoc/>
    public MigrationFormat Format => MigrationFormat.GolangMigrate;

    /// <inheritdoc/>
    public string DefaultTable => GolangMigrateOptions.DefaultTable;

    /// <inheritdoc/>
    public bool Detect(string path)
    {
        if (!Directory.Exists(path))
        {
            return false;
        }

        var files = FolderEntry.List(path).Where(e => e.Kind == FolderEntryKind.File).ToList();
        return files.Any(e => GolangMigrateFileName.Parse(e.Name) is not null) && !SqlxFormat.IsOnlySqlx(path, files);
    }

    /// <inheritdoc/>
    public MigrationFolder Read(string path, IReadOnlyDictionary<string, string> options)
    {
        var settings = GolangMigrateOptions.Parse(options);
        var warnings = new List<string>();
        if (settings.LockTable)
        {
            warnings.Add(
                "x-lock-strategy=table: DbMigrate takes golang-migrate's advisory locks, not its lock table; do not run both at once.");
        }

        var migrations = ReadNames(path, warnings)
            .GroupBy(f => f.Name.Version)
            .OrderBy(g => g.Key)
            .Select(g => ReadMigration(g.ToList(), settings))
            .ToList();
        return new MigrationFolder { Format = Format, Path = path, Migrations = migrations, Warnings = warnings };
    }

    /// <inheritdoc/>
    public IMigrationJournal Journal(MigrationFolder folder, JournalTable? table, DbTarget target) =>
        new GolangMigrateJournal(table ?? GolangMigrateOptions.Parse(target.ToolOptions).Table, folder);

    /// <inheritdoc/>
    public IReadOnlyList<string> Create(string folder, string name, bool? reversible, DateTimeOffset now, bool write)
    {
        var title = NewMigrationFiles.CheckName(name).Replace(' ', '_');
        var files = (Directory.Exists(folder) ? ReadNames(folder, []) : []).OrderBy(f => f.Name.Version).ToList();
        var prefix = NextVersion(files.Count == 0 ? null : files[^1].Name, now);
        var extension = files.Count == 0 ? "sql" : files[^1].Name.Extension;
        // golang-migrate always makes both.
        var withDown = reversible ?? (files.Count == 0 || files.Any(f => f.Name.IsDown));
        string[] directions = withDown ? ["up", "down"] : ["up"];
        var names = directions.Select(d => $"{prefix}_{title}.{d}.{extension}").ToList();
        if (names.Any(n => GolangMigrateFileName.Parse(n) is not { } made || made.Title != title))
        {
            throw NewMigrationFiles.InvalidName(name, "golang-migrate would read something else from the file names");
        }

        return NewMigrationFiles.Create([.. names.Select(n => (Path.Combine(folder, n), ""))], write);
    }

    // Goes on as the newest file does: a timestamp, seconds or nanoseconds since 1970 (create -format), or a counter (create -seq).
    private static string NextVersion(GolangMigrateFileName? last, DateTimeOffset now)
    {
        var stamp = now.UtcDateTime.ToString(StampFormat, CultureInfo.InvariantCulture);
        if (last is null)
        {
            return stamp;
        }

        var next = last.Version + 1;
        var nanoseconds = (now - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        var style = last.Digits.Length switch
        {
            14 when DateTime.TryParseExact(last.Digits, StampFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out _) => stamp,
            10 when last.Digits[0] != '0' => now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            19 when last.Digits[0] != '0' => nanoseconds.ToString(CultureInfo.InvariantCulture),
            _ => "",
        };
        // Never below the newest: golang-migrate would not run it.
        return style.Length > 0 && ulong.Parse(style, CultureInfo.InvariantCulture) >= next
            ? style
            : next.ToString(CultureInfo.InvariantCulture).PadLeft(last.Digits.Length, '0');
    }

    private static List<(FolderEntry Entry, GolangMigrateFileName Name)> ReadNames(string folder, List<string> warnings)
    {
        var names = new List<(FolderEntry Entry, GolangMigrateFileName Name)>();
        var ignored = new List<string>();
        foreach (var entry in FolderEntry.List(folder).Where(e => e.Kind is FolderEntryKind.File or FolderEntryKind.BrokenLink))
        {
            var name = GolangMigrateFileName.Parse(entry.Name);
            if (name is not null)
            {
                names.Add((entry, name));
            }
            else if (entry.Name.Contains(".sql", StringComparison.OrdinalIgnoreCase))
            {
                ignored.Add(entry.Name);
            }
        }

        if (names.FirstOrDefault(f => f.Name.Version > long.MaxValue) is { Name: not null } large)
        {
            throw new DbMigrateException(
                "VersionTooLarge",
                ErrorKind.InvalidData,
                $"{large.Entry.Path} has a version above {long.MaxValue}, which golang-migrate cannot record.",
                "Give it a smaller number.")
            {
                Subject = large.Entry.Path,
            };
        }

        FolderWarnings.AddIgnored(warnings, "golang-migrate", ignored);
        return names;
    }

    private static Migration ReadMigration(
        List<(FolderEntry Entry, GolangMigrateFileName Name)> files, GolangMigrateOptions settings)
    {
        var up = ReadScript(files.Where(f => !f.Name.IsDown).ToList(), settings);
        return new Migration
        {
            Version = files[0].Name.Version.ToString(CultureInfo.InvariantCulture),
            Name = files.Find(f => !f.Name.IsDown).Name?.Title ?? files[0].Name.Title,
            Up = up,
            Down = ReadScript(files.Where(f => f.Name.IsDown).ToList(), settings),
        };
    }

    private static FileScript? ReadScript(
        List<(FolderEntry Entry, GolangMigrateFileName Name)> files, GolangMigrateOptions settings)
    {
        if (files is [var first, var second, ..])
        {
            throw new DbMigrateException(
                "DuplicateVersion",
                ErrorKind.InvalidData,
                $"{first.Entry.Path} and {second.Entry.Name} are both the {(first.Name.IsDown ? "down" : "up")} file of version "
                + $"{first.Name.Version}; golang-migrate refuses the whole folder because of it.",
                "Give one of them another number, or move it out of the folder; a backup copy counts too.")
            {
                Subject = second.Entry.Path,
            };
        }

        if (files is not [var only])
        {
            return null;
        }

        return new FileScript(only.Entry.Path, _ => settings.MultiStatement);
    }
}
