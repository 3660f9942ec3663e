using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Dumps;

/// <summary>Where a dump lies, and whether it is one.</summary>
internal static partial class DumpPath
{
    private const string Toc = "toc.dat";

    // Of a tar the first block is the header of its first file, whose name it begins with; the file follows.
    private const int TarBlock = 512;

    /// <summary>The path that all else goes by: absolute, without a separator at its end, so that the file beside the dump is found.</summary>
    public static string Full(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    /// <summary>Where a dump of this name will lie.</summary>
    public static string Of(DumpOptions options, string id) =>
        Path.Combine(options.Folder, options.Format == DumpFormat.Directory ? id : id + DumpFolder.Extension);

    /// <summary>
    /// Whether there is a dump of <c>pg_dump</c>, whole or damaged: a file that begins as one (format custom or tar), or a folder whose table of contents begins so
    /// (format directory). What the file beside it says is ours is one even when its beginning was lost.
    /// </summary>
    /// <exception cref="IOException">It cannot be read; so <see cref="UnauthorizedAccessException"/>.</exception>
    public static bool IsDump(string path)
    {
        if (Directory.Exists(path))
        {
            var toc = Path.Combine(path, Toc);
            return File.Exists(toc) && (Begins(toc, "PGDMP"u8) || IsOurs(path, DumpFormat.Directory));
        }

        return File.Exists(path)
            && (Begins(path, "PGDMP"u8) || (Begins(path, "toc.dat\0"u8) && Begins(path, "PGDMP"u8, TarBlock)) || IsOurs(path, DumpFormat.Custom));
    }

    /// <summary>Whether a dump holds something that <c>pg_dump</c> has not written, and that would be removed with it.</summary>
    public static bool HoldsOther(string path) =>
        Directory.Exists(path) && new DirectoryInfo(path).EnumerateFileSystemInfos().Any(e => e is not FileInfo || !FileOfFolder().IsMatch(e.Name));

    /// <summary>Whether somebody would call it a dump by its name, whatever is in it.</summary>
    public static bool IsNamedSo(string path) =>
        Path.GetFileName(path)[0] != '.' && (Directory.Exists(path) ? File.Exists(Path.Combine(path, Toc)) : path.EndsWith(DumpFolder.Extension, StringComparison.Ordinal));

    private static bool IsOurs(string path, DumpFormat format) =>
        DumpFacts.Read(path) is { } facts && facts.Format == format && Path.GetFileName(path) == facts.Id + (format == DumpFormat.Custom ? DumpFolder.Extension : "");

    private static bool Begins(string path, ReadOnlySpan<byte> expected, int offset = 0)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        file.Position = offset;
        Span<byte> bytes = stackalloc byte[expected.Length];
        return file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length && bytes.SequenceEqual(expected);
    }

    // pg_dump of 12 to 18: toc.dat, 1234.dat, blob_16400.dat, blobs.toc, blobs_3210.toc, compressed ones with the ending of the method.
    [GeneratedRegex(@"\A(([0-9]+|toc|blob_[0-9]+)\.dat(\.gz|\.lz4|\.zst)?|blobs(_[0-9]+)?\.toc(\.gz|\.lz4|\.zst)?)\z")]
    private static partial Regex FileOfFolder();
}
