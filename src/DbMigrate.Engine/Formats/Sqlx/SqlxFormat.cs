using System.Globalization;

namespace DbMigrate.Engine.Formats.Sqlx;

/// <summary>SQLx: <c>N_title.sql</c>, or <c>N_title.up.sql</c> and <c>N_title.down.sql</c>; <c>_sqlx_migrations</c>.</summary>
internal sealed class SqlxFormat : IMigrationFormat
{
    private const int EfCoreStart = 1 << 16;

    /// <inheritdoc/>
    public MigrationFormat Format => MigrationFormat.Sqlx;

    /// <inheritdoc/>
    public string DefaultTable => "_sqlx_migrations";

    /// <inheritdoc/>
    public bool Detect(string path)
    {
        if (!Directory.Exists(path))
        {
            return false;
        }

        var files = FolderEntry.List(path).Where(e => e.Kind == FolderEntryKind.File).ToList();
        if (IsOnlySqlx(path, files))
        {
            return true;
        }

        // Pairs of up and down files suit golang-migrate as well, unless something beside them makes SQLx stop.
        var accepted = files.Select(e => (Taken: SqlxFileName.TryParse(e.Name, out var file), File: file)).ToList();
        return accepted.All(a => a.Taken)
            && accepted.Any(a => a.File is { Kind: not SqlxFileKind.Simple })
            && !files.Any(e => GolangMigrate.GolangMigrateFileName.HasForeignExtension(e.Name));
    }

    /// <summary>Whether a folder cannot be golang-migrate's: a sqlx.toml is for it, or it has files without direction.</summary>
    public static bool IsOnlySqlx(string folder, IEnumerable<FolderEntry> files) =>
        SqlxConfig.For(folder).Path is not null
        || files.Any(e => SqlxFileName.TryParse(e.Name, out var file) && file is { Kind: SqlxFileKind.Simple } && !IsEfCoreScript(e.Path));

    /// <inheritdoc/>
    public MigrationFolder Read(string path, IReadOnlyDictionary<string, string> options)
    {
        var config = SqlxConfig.For(path);
        var warnings = new List<string>();
        if (config.Warning is not null)
        {
            warnings.Add(config.Warning);
        }

        var migrations = ReadNames(path, warnings)
            .GroupBy(f => f.Name.Version)
            .OrderBy(g => g.Key)
            .Select(g => ReadMigration(g, config, warnings))
            .OfType<Migration>()
            .ToList();
        return new MigrationFolder
        {
            Format = Format,
            Path = path,
            Migrations = migrations,
            JournalTable = config.Table,
            CreateSchemas = config.CreateSchemas,
            Warnings = warnings,
        };
    }

    /// <inheritdoc/>
    public IMigrationJournal Journal(MigrationFolder folder, JournalTable? table, DbTarget target) =>
        new SqlxJournal(table ?? folder.JournalTable ?? new JournalTable(null, DefaultTable), folder.CreateSchemas);

    /// <inheritdoc/>
    public IReadOnlyList<string> Create(string folder, string name, bool? reversible, DateTimeOffset now, bool write)
    {
        var description = NewMigrationFiles.CheckName(name).Replace(' ', '_');
        var config = SqlxConfig.For(folder);
        var files = (Directory.Exists(folder) ? ReadNames(folder, []) : []).OrderBy(f => f.Name.Version).ToList();
        var ups = files.Where(f => f.Name.Kind != SqlxFileKind.Down).ToList();
        var prefix = NextVersion(files, ups, config, now);
        (string Suffix, string Content)[] parts = reversible ?? config.Reversible ?? ups is [.., { Name.Kind: SqlxFileKind.Up }]
            ? [(".up.sql", "-- Add up migration script here\n"), (".down.sql", "-- Add down migration script here\n")]
            : [(".sql", "-- Add migration script here\n")];
        var names = parts.Select(p => $"{prefix}_{description}{p.Suffix}").ToList();
        if (names.Any(n => !SqlxFileName.TryParse(n, out var made) || made!.Description != description.Replace('_', ' ')))
        {
            throw NewMigrationFiles.InvalidName(name, "SQLx would take its end for .up or .down");
        }

        return NewMigrationFiles.Create([.. names.Zip(parts, (n, p) => (Path.Combine(folder, n), p.Content))], write);
    }

    // SQLx's rule (defaults.migration-versioning, inferred): count on if the last two versions differ by one, or the only one is 0 or 1.
    private static string NextVersion(
        List<(FolderEntry Entry, SqlxFileName Name)> files,
        List<(FolderEntry Entry, SqlxFileName Name)> ups,
        SqlxConfig config,
        DateTimeOffset now)
    {
        var versions = ups.Select(f => f.Name.Version).Distinct().ToList();
        var counts = config.Sequential ?? versions switch
        {
            [0 or 1] => true,
            [.., var a, var b] => b - a == 1,
            _ => false,
        };
        var last = files.Count == 0 ? 0 : files[^1].Name.Version;
        if (counts)
        {
            // SQLx always writes four digits; a folder that has more or fewer keeps its own look.
            var digits = files.Count == 0 ? 4 : files[^1].Entry.Name.IndexOf('_', StringComparison.Ordinal);
            return (last + 1).ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');
        }

        var stamp = long.Parse(now.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return Math.Max(stamp, last + 1).ToString(CultureInfo.InvariantCulture);
    }

    private static List<(FolderEntry Entry, SqlxFileName Name)> ReadNames(string folder, List<string> warnings)
    {
        var entries = FolderEntry.List(folder);
        if (entries.FirstOrDefault(e => e.Kind == FolderEntryKind.BrokenLink) is { Name: not null } broken)
        {
            throw new DbMigrateException(
                "BrokenLink",
                ErrorKind.InvalidData,
                $"{broken.Path} is a link to a file that is not there; SQLx refuses the whole folder because of it.",
                "Remove the link, or put back what it points to.")
            {
                Subject = broken.Path,
            };
        }

        var names = new List<(FolderEntry Entry, SqlxFileName Name)>();
        var bad = new List<string>();
        var ignored = new List<string>();
        foreach (var entry in entries.Where(e => e.Kind == FolderEntryKind.File))
        {
            if (!SqlxFileName.TryParse(entry.Name, out var name))
            {
                bad.Add(entry.Name);
            }
            else if (name is not null)
            {
                names.Add((entry, name));
            }
            else if (entry.Name.Contains(".sql", StringComparison.OrdinalIgnoreCase))
            {
                ignored.Add(entry.Name);
            }
        }

        if (bad.Count > 0)
        {
            throw new DbMigrateException(
                "BadFileName",
                ErrorKind.InvalidData,
                $"SQLx takes what stands before the first '_' for a number and refuses {folder} because of {FolderWarnings.Some(bad)}.",
                "Rename the file, for example to 0007_add_users.sql, or move it out of the folder.")
            {
                Subject = Path.Combine(folder, bad[0]),
            };
        }

        FolderWarnings.AddIgnored(warnings, "SQLx", ignored);
        return names;
    }

    private static Migration? ReadMigration(
        IGrouping<long, (FolderEntry Entry, SqlxFileName Name)> files, SqlxConfig config, List<string> warnings)
    {
        var up = Single(files.Where(f => f.Name.Kind != SqlxFileKind.Down));
        var down = Single(files.Where(f => f.Name.Kind == SqlxFileKind.Down));
        if (up is not { } found)
        {
            warnings.Add($"{down!.Value.Entry.Path} is left out, because there is no file that applies version {files.Key}.");
            return null;
        }

        var script = ReadScript(found.Entry);
        using var content = script.OpenRead();
        return new Migration
        {
            Version = files.Key.ToString(CultureInfo.InvariantCulture),
            Name = found.Name.Description,
            Up = script,
            Down = down is { } back ? ReadScript(back.Entry) : null,
            Checksum = SqlxChecksum.Compute(content, found.Entry.Path, config.IgnoredChars),
        };
    }

    private static (FolderEntry Entry, SqlxFileName Name)? Single(
        IEnumerable<(FolderEntry Entry, SqlxFileName Name)> files) => files.ToList() switch
    {
        [] => null,
        [var only] => only,
        [var first, var second, ..] => throw new DbMigrateException(
            "DuplicateVersion",
            ErrorKind.InvalidData,
            $"{first.Entry.Path} and {second.Entry.Name} both have the version {first.Name.Version}; "
            + "SQLx would run both and fail to record the second.",
            "Give one of them another number.")
        {
            Subject = second.Entry.Path,
        },
    };

    private static FileScript ReadScript(FolderEntry entry) =>
        new(entry.Path, start => start.AsSpan().StartsWith("-- no-transaction"u8));

    private static bool IsEfCoreScript(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var start = new byte[EfCoreStart];
            var text = start.AsSpan(0, file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
            return text.IndexOf("\"MigrationId\""u8) >= 0 && text.IndexOf("\"ProductVersion\""u8) >= 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Reading the folder will say so.
            return false;
        }
    }
}
