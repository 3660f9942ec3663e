using System.Buffers.Binary;
using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Recovery;

/// <summary>A copy of a server's data directory, as <c>pg_basebackup</c> writes it: files, or <c>base.tar</c> and <c>pg_wal.tar</c>, compressed with gzip or not.</summary>
internal sealed partial class BaseBackup
{
    private static readonly string[] s_tarNames = ["base.tar", "base.tar.gz"];
    private static readonly string[] s_walNames = ["pg_wal.tar", "pg_wal.tar.gz"];

    /// <summary>What belongs to the server that was copied, and would be in the way of another.</summary>
    private static readonly string[] s_left =
        ["postmaster.pid", "postmaster.opts", "standby.signal", "recovery.signal", "recovery.conf", "recovery.done", "current_logfiles", RecoveryPlan.LogName];

    /// <summary>What may differ from the manifest: pg_basebackup writes the first three by itself (manual, pg_verifybackup), and the new server has others.</summary>
    private static readonly string[] s_unlisted =
        ["postgresql.auto.conf", "standby.signal", "recovery.signal", "postgresql.conf", "pg_hba.conf", "pg_ident.conf"];

    private static readonly string[] s_emptied = ["pg_replslot", "pg_dynshmem", "pg_notify", "pg_serial", "pg_snapshots", "pg_stat_tmp", "pg_subtrans"];

    // The names in the manifest.
    private const string FileList = "Files";
    private const string FileSize = "Size";

    private BaseBackup(string folder, string? tar, int major, BackupLabel label) => (Folder, Tar, Major, Label) = (folder, tar, major, label);

    public string Folder { get; }

    /// <summary>The major version of PostgreSQL.</summary>
    public int Major { get; }

    public BackupLabel Label { get; }

    /// <summary>Where the write-ahead log has to be read to at least, as the manifest says; null where there is none (before PostgreSQL 13).</summary>
    public Lsn? End { get; private init; }

    /// <summary>The number of the database cluster; null in a tar file of a version before 17.</summary>
    public ulong? SystemId { get; private init; }

    /// <summary>Bytes on disk.</summary>
    public long Size { get; private init; }

    /// <summary>The names of the segments that it brings along.</summary>
    public IReadOnlySet<string> Wal { get; private init; } = new HashSet<string>();

    private string? Tar { get; }

    /// <summary>Each file with its bytes, as the manifest says; none where there is no manifest.</summary>
    private IReadOnlyList<(string Path, long Size)> Files { get; init; } = [];

    /// <summary>Looks into a backup. Writes nothing.</summary>
    /// <exception cref="DbMigrateException"><c>BaseBackupNotFound</c>, <c>BaseBackupUnusable</c>.</exception>
    public static async Task<BaseBackup> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var folder = File.Exists(path) ? Path.GetDirectoryName(path)! : path;
            if (!Directory.Exists(folder))
            {
                throw NotFound(path);
            }

            CheckTablespaces(folder);
            var tar = s_tarNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
            var (version, label) = tar is null ? ReadFiles(folder) : await ReadTarAsync(tar, cancellationToken);
            if (version is null)
            {
                throw NotFound(path);
            }

            if (label is null || BackupLabel.Parse(label) is not { } parsed)
            {
                throw Unusable(folder, "it has no backup_label, without which a copy of a running server is not whole", "Take one with pg_basebackup.");
            }

            if (parsed.IsIncremental)
            {
                throw Unusable(
                    folder,
                    "it is an incremental one, which holds only what had changed since another",
                    $"Make a whole one of the full backup and all that follow it first: pg_combinebackup <full> … {folder} --output <new folder>");
            }

            var (end, systemId, files) = ReadManifest(folder);
            var backup = new BaseBackup(folder, tar, int.Parse(version.Trim().Split('.')[0], CultureInfo.InvariantCulture), parsed)
            {
                End = end,
                Files = files,
                SystemId = systemId ?? ReadControl(folder),
                Size = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length),
                Wal = await ReadWalAsync(folder, cancellationToken),
            };
            if (tar is null)
            {
                backup.CheckFiles(folder);
            }

            return backup;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or FormatException or JsonException)
        {
            throw Unusable(path, e.Message, "Check that it is whole, and that your user may read it.", e);
        }
    }

    /// <summary>Copies or unpacks it into a folder that is there and empty.</summary>
    /// <param name="data">The new data directory.</param>
    /// <param name="progress">Takes the bytes read, as they are.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task CopyAsync(string data, IProgress<long> progress, CancellationToken cancellationToken)
    {
        if (Tar is null)
        {
            await CopyFolderAsync(Folder, data, progress, cancellationToken);
        }
        else
        {
            await UnpackAsync(Tar, data, progress, cancellationToken);
            foreach (var wal in s_walNames.Select(name => Path.Combine(Folder, name)).Where(File.Exists))
            {
                await UnpackAsync(wal, Directory.CreateDirectory(Path.Combine(data, "pg_wal")).FullName, progress, cancellationToken);
            }
        }

        CheckFiles(data);
        foreach (var name in s_left)
        {
            File.Delete(Path.Combine(data, name));
        }

        foreach (var name in s_emptied)
        {
            // Somebody else's replication slots would keep the log for ever; the rest is of the server that was copied.
            var folder = Path.Combine(data, name);
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            Directory.CreateDirectory(folder);
        }

        Directory.CreateDirectory(Path.Combine(data, "pg_wal", "archive_status"));
        Directory.CreateDirectory(Path.Combine(data, "pg_tblspc"));
    }

    // A server starts without complaint when a table's file is missing or short, and shows a table without rows.
    private void CheckFiles(string folder)
    {
        var control = Path.Combine("global", "pg_control");
        foreach (var (path, size) in Files.Count > 0 ? Files : [(control, -1)])
        {
            var file = new FileInfo(Path.Combine(folder, path));
            var wrong = !file.Exists ? "is not there" : size >= 0 && file.Length != size
                ? string.Create(CultureInfo.InvariantCulture, $"has {file.Length} bytes, and had {size}") : null;
            if (wrong is not null)
            {
                throw Unusable(Folder, $"it is not whole: {path} {wrong}", "Recover from another one. pg_verifybackup tells all that is wrong with this one.");
            }
        }
    }

    private static (string? Version, string? Label) ReadFiles(string folder)
    {
        var (version, label) = (Path.Combine(folder, "PG_VERSION"), Path.Combine(folder, "backup_label"));
        return (File.Exists(version) ? File.ReadAllText(version) : null, File.Exists(label) ? File.ReadAllText(label) : null);
    }

    private static async Task<(string? Version, string? Label)> ReadTarAsync(string path, CancellationToken cancellationToken)
    {
        var (version, label) = (default(string), default(string));
        await using var content = Open(path, progress: null);
        await using var reader = new TarReader(content);
        while ((version is null || label is null) && await reader.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            // Each database's folder has the version as well, so that it is not far to the first one.
            if (entry.DataStream is not null && Path.GetFileName(entry.Name) == "PG_VERSION")
            {
                version ??= await new StreamReader(entry.DataStream).ReadToEndAsync(cancellationToken);
            }
            else if (entry.DataStream is not null && Name(entry) == "backup_label")
            {
                label = await new StreamReader(entry.DataStream).ReadToEndAsync(cancellationToken);
            }
        }

        return (version, label);
    }

    private static async Task<HashSet<string>> ReadWalAsync(string folder, CancellationToken cancellationToken)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (Directory.Exists(Path.Combine(folder, "pg_wal")))
        {
            names.UnionWith(Directory.EnumerateFiles(Path.Combine(folder, "pg_wal")).Select(path => Path.GetFileName(path)));
        }

        foreach (var wal in s_walNames.Select(name => Path.Combine(folder, name)).Where(File.Exists))
        {
            await using var content = Open(wal, progress: null);
            await using var reader = new TarReader(content);
            while (await reader.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            {
                names.Add(Path.GetFileName(entry.Name));
            }
        }

        return names;
    }

    private static (Lsn? End, ulong? SystemId, IReadOnlyList<(string Path, long Size)> Files) ReadManifest(string folder)
    {
        var path = Path.Combine(folder, "backup_manifest");
        if (!File.Exists(path))
        {
            return (null, null, []);
        }

        using var file = File.OpenRead(path);
        using var manifest = JsonDocument.Parse(file);
        try
        {
            var ranges = manifest.RootElement.GetProperty("WAL-Ranges").EnumerateArray().Select(r => Lsn.Parse(r.GetProperty("End-LSN").GetString()!)).OfType<Lsn>().ToList();
            var files = manifest.RootElement.GetProperty(FileList).EnumerateArray()
                .Where(f => f.TryGetProperty("Path", out _)) // One whose name is not UTF-8 has none (manual, Backup Manifest File Object).
                .Select(f => (Path: f.GetProperty("Path").GetString()!, Size: f.GetProperty(FileSize).GetInt64()))
                .Where(f => !s_unlisted.Contains(f.Path));
            return (ranges.Count > 0 ? ranges.Max() : null, manifest.RootElement.TryGetProperty("System-Identifier", out var id) ? id.GetUInt64() : null, [.. files]);
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or ArgumentNullException)
        {
            throw new InvalidDataException("backup_manifest does not tell which files and which log the backup needs (Files, WAL-Ranges)", e);
        }
    }

    /// <summary>The number of the server whose files these are: the first eight bytes of ControlFileData (src/include/catalog/pg_control.h).</summary>
    public static ulong? ReadControl(string folder)
    {
        var path = Path.Combine(folder, "global", "pg_control");
        if (!File.Exists(path))
        {
            return null;
        }

        using var file = File.OpenRead(path);
        var id = new byte[8];
        file.ReadExactly(id);
        return BinaryPrimitives.ReadUInt64LittleEndian(id);
    }

    private static void CheckTablespaces(string folder)
    {
        var tablespaces = Path.Combine(folder, "pg_tblspc");
        var found = Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)).Where(name => TablespaceTar().IsMatch(name))
            .Concat(Directory.Exists(tablespaces) ? Directory.EnumerateFileSystemEntries(tablespaces).Select(path => Path.GetFileName(path)) : [])
            .Order(StringComparer.Ordinal)
            .ToList();
        if (found.Count > 0)
        {
            throw Unusable(
                folder,
                $"it has tablespaces of their own ({string.Join(", ", found)}), whose folders the server that was copied may be using",
                "Recover it by hand, with a folder for each (pg_basebackup --tablespace-mapping; manual, 26.3.5).");
        }

        if (Directory.EnumerateFiles(folder, "base.tar.*").Select(path => Path.GetFileName(path)).FirstOrDefault(name => name != "base.tar.gz") is { } other)
        {
            throw Unusable(folder, $"{other} is compressed in a way that cannot be read here", "Unpack it: zstd -d or lz4 -d make base.tar of it.");
        }
    }

    private static async Task UnpackAsync(string path, string folder, IProgress<long> progress, CancellationToken cancellationToken)
    {
        await using var content = Open(path, progress);
        await using var reader = new TarReader(content);
        while (await reader.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            var target = Path.GetFullPath(Path.Combine(folder, Name(entry)));
            if (target != folder && !target.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                throw new InvalidDataException($"{entry.Name} in {path} lies outside of the data directory.");
            }

            switch (entry.EntryType)
            {
                case TarEntryType.Directory:
                    Directory.CreateDirectory(target);
                    break;
                case TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                    Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                    await using (var file = new FileStream(target, FileMode.Create, FileAccess.Write))
                    {
                        await (entry.DataStream?.CopyToAsync(file, cancellationToken) ?? Task.CompletedTask);
                    }

                    break;
                default:
                    throw new InvalidDataException($"{entry.Name} in {path} is a link or a device, and nothing that belongs into a data directory.");
            }
        }
    }

    private static async Task CopyFolderAsync(string from, string to, IProgress<long> progress, CancellationToken cancellationToken)
    {
        foreach (var entry in new DirectoryInfo(from).EnumerateFileSystemInfos())
        {
            var target = Path.Combine(to, entry.Name);
            if (entry is DirectoryInfo)
            {
                // The write-ahead log may be a link to a folder on another disk.
                Directory.CreateDirectory(target);
                await CopyFolderAsync(entry.FullName, target, progress, cancellationToken);
                continue;
            }

            await using var source = new FileStream(entry.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 20, FileOptions.SequentialScan);
            await using var file = new FileStream(target, FileMode.CreateNew, FileAccess.Write);
            await source.CopyToAsync(file, 1 << 20, cancellationToken);
            progress.Report(source.Length);
        }
    }

    private static Stream Open(string path, IProgress<long>? progress)
    {
        Stream file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        file = progress is null ? file : new CountingStream(file, progress);
        return path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    private static string Name(TarEntry entry) => entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;

    private static DbMigrateException NotFound(string path) => new(
        "BaseBackupNotFound",
        ErrorKind.NotFound,
        $"There is no base backup in {path}: neither PG_VERSION nor base.tar.",
        "Name the folder that pg_basebackup wrote.") { Subject = path };

    private static DbMigrateException Unusable(string path, string why, string nextStep, Exception? cause = null) =>
        new("BaseBackupUnusable", ErrorKind.InvalidData, $"The base backup {path} cannot be used: {why}.", nextStep, cause) { Subject = path };

    [GeneratedRegex(@"\A[0-9]+\.tar(\..*)?\z")]
    private static partial Regex TablespaceTar();
}
