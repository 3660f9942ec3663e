using System.Buffers.Binary;
using System.IO.Compression;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Recovery;

/// <summary>A folder that a server's <c>archive_command</c> fills: plain segments, or ones that <c>gzip</c> made smaller.</summary>
internal sealed partial class WalArchive
{
    private const string Gzip = ".gz";

    private readonly Dictionary<WalSegment, string> _segments = [];

    private WalArchive(string folder) => Folder = folder;

    public string Folder { get; }

    /// <summary>Bytes of a segment, 16 MB unless initdb was told otherwise.</summary>
    public int SegmentSize { get; private set; }

    /// <summary>The number of the database cluster that wrote it.</summary>
    public ulong SystemId { get; private set; }

    /// <summary>Whether any file is compressed.</summary>
    public bool IsCompressed { get; private set; }

    /// <summary>The last segment of the newest timeline, or of the one that was asked for.</summary>
    public WalSegment Newest { get; private set; }

    /// <summary>Whether other timelines have segments, too.</summary>
    public bool HasOthers { get; private set; }

    /// <summary>When that was written here.</summary>
    public DateTimeOffset NewestAt => new(File.GetLastWriteTimeUtc(_segments[Newest]));

    /// <summary>Looks into the folder.</summary>
    /// <param name="folder">Its absolute path.</param>
    /// <param name="timeline">The timeline to go to the end of; null for the newest.</param>
    /// <exception cref="DbMigrateException"><c>WalArchiveNotFound</c>, <c>UnreadableFolder</c>.</exception>
    public static WalArchive Read(string folder, uint? timeline)
    {
        try
        {
            var files = Directory.EnumerateFiles(folder).Where(path => Form().IsMatch(Path.GetFileName(path))).ToList();
            if (files.Count == 0)
            {
                throw NotFound(folder, "holds no file of the write-ahead log", null);
            }

            var archive = new WalArchive(folder);
            archive.ReadHeader(files[0]);
            foreach (var path in files)
            {
                archive.IsCompressed |= path.EndsWith(Gzip, StringComparison.Ordinal);
                archive._segments[WalSegment.Parse(Path.GetFileName(path)[..24], archive.SegmentSize)!.Value] = path;
            }

            var reachable = archive._segments.Keys.Where(s => timeline is null || s.Timeline <= timeline).ToList();
            if (reachable.Count == 0)
            {
                throw NotFound(folder, FormattableString.Invariant($"holds no file of timeline {timeline} or one before it"), null);
            }

            archive.Newest = reachable.MaxBy(s => (s.Timeline, s.Number));
            archive.HasOthers = archive._segments.Keys.Any(s => s.Timeline != archive.Newest.Timeline);
            return archive;
        }
        catch (DirectoryNotFoundException e)
        {
            throw NotFound(folder, "is not there", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new DbMigrateException(
                "UnreadableFolder", ErrorKind.Permission, $"The WAL archive {folder} cannot be read: {e.Message}", "Give your user the right to read it.", e) { Subject = folder };
        }
    }

    /// <summary>The path of a segment, on its timeline or, behind a switch, on a later one; null when it is not there.</summary>
    public string? Find(WalSegment segment)
    {
        for (var timeline = segment.Timeline; timeline <= Newest.Timeline; timeline++)
        {
            if (_segments.TryGetValue(segment with { Timeline = timeline }, out var path))
            {
                return path;
            }
        }

        return null;
    }

    /// <summary>The command by which a server takes a file out of the archive (manual, restore_command).</summary>
    public string RestoreCommand
    {
        get
        {
            if (OperatingSystem.IsWindows())
            {
                return $"copy \"{Folder.Replace("%", "%%", StringComparison.Ordinal)}\\%f\" \"%p\"";
            }

            var file = $"'{Folder.Replace("'", "'\\''", StringComparison.Ordinal).Replace("%", "%%", StringComparison.Ordinal)}/%f";
            return IsCompressed ? $"if [ -f {file}' ]; then cp {file}' \"%p\"; else test -f {file}{Gzip}' && gzip -dc {file}{Gzip}' > \"%p\"; fi" : $"cp {file}' \"%p\"";
        }
    }

    /// <summary>When the backup that began at a position ended, as the file says that the server archives with it; null where it is not told in UTC.</summary>
    public DateTimeOffset? BackupEnd(BackupLabel label)
    {
        var name = $"{label.StartSegment}.{label.Start.Value % (ulong)SegmentSize:X8}.backup";
        return File.Exists(Path.Combine(Folder, name)) ? BackupLabel.Time(File.ReadAllText(Path.Combine(Folder, name)), "STOP TIME") : null;
    }

    // XLogLongPageHeaderData of src/include/access/xlog_internal.h: the cluster's number at byte 24, the size of a segment at byte 32.
    private void ReadHeader(string path)
    {
        using var file = File.OpenRead(path);
        using var content = path.EndsWith(Gzip, StringComparison.Ordinal) ? (Stream)new GZipStream(file, CompressionMode.Decompress) : file;
        var header = new byte[36];
        var count = content.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        SegmentSize = count == header.Length ? BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(32)) : 0;
        SystemId = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(24));
        if (SegmentSize < 1 << 20 || SegmentSize > 1 << 30 || (SegmentSize & (SegmentSize - 1)) != 0)
        {
            throw new InvalidDataException($"{Path.GetFileName(path)} is no file of the write-ahead log.");
        }
    }

    private static DbMigrateException NotFound(string folder, string why, Exception? cause) => new(
        "WalArchiveNotFound",
        ErrorKind.NotFound,
        $"The WAL archive {folder} {why}.",
        "Name the folder that the server's archive_command writes to, with plain or .gz files, or give -RestoreCommand.",
        cause) { Subject = folder };

    [GeneratedRegex(@"\A[0-9A-F]{24}(\.gz)?\z")]
    private static partial Regex Form();
}
