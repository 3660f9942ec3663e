using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using DbMigrate.Engine.Sandbox;

namespace DbMigrate.Engine.Dumps;

/// <summary>What a dump holds, as its table of contents and its bytes say.</summary>
/// <param name="Tables">How many tables.</param>
/// <param name="Entries">How many entries in all: tables, their data, indexes, functions …</param>
/// <param name="Owners">The roles that own them.</param>
/// <param name="Database">The database that it is of.</param>
/// <param name="ServerVersion">The server's version, as it said it.</param>
internal sealed partial record DumpContent(
    int Tables, int Entries, IReadOnlySet<string> Owners, string? Database, string? ServerVersion)
{
    private const int BufferSize = 1 << 20;

    /// <summary>Reads the table of contents with <c>pg_restore --list</c>.</summary>
    /// <returns>The content, or what <c>pg_restore</c> says is wrong with it.</returns>
    public static async Task<(DumpContent? Content, string Error)> ReadAsync(
        ClientPrograms programs, string path, CancellationToken cancellationToken)
    {
        var (tables, entries) = (0, 0);
        var header = new Dictionary<string, string>(StringComparer.Ordinal);
        var owners = new HashSet<string>(StringComparer.Ordinal);
        var errors = new OutputTail();
        var exitCode = await ChildProgram.StreamAsync(
            programs.PgRestore,
            ["--list", path],
            new Dictionary<string, string> { ["TZ"] = "UTC" },
            line =>
            {
                if (Header().Match(line) is { Success: true } field)
                {
                    header.TryAdd(field.Groups["name"].Value, field.Groups["value"].Value);
                }
                else if (Entry().Match(line) is { Success: true } entry)
                {
                    entries++;
                    tables += entry.Groups["table"].Success ? 1 : 0;
                    owners.Add(entry.Groups["owner"].Value);
                }
            },
            errors.Add,
            cancellationToken);
        if (exitCode != 0)
        {
            return (null, errors.Text.Length > 0 ? errors.Text : string.Create(CultureInfo.InvariantCulture, $"pg_restore ended with {exitCode}"));
        }

        owners.Remove("");
        return (new DumpContent(tables, entries, owners, header.GetValueOrDefault("dbname"), header.GetValueOrDefault("Dumped from database version")), "");
    }

    /// <summary>Bytes: those of the file, or of all files of the folder.</summary>
    public static long Size(string path) =>
        Directory.Exists(path) ? Files(path).Sum(file => new FileInfo(file).Length) : new FileInfo(path).Length;

    /// <summary>
    /// The SHA-256 of the file. Of a folder, that of the lines <c>&lt;SHA-256&gt;  &lt;name&gt;</c> of its files by name, as
    /// <c>LC_ALL=C; sha256sum * | sha256sum</c> gives it.
    /// </summary>
    public static async Task<string> ChecksumAsync(string path, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(path))
        {
            return await FileChecksumAsync(path, progress, cancellationToken);
        }

        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Files(path))
        {
            all.AppendData(Encoding.UTF8.GetBytes($"{await FileChecksumAsync(file, progress, cancellationToken)}  {Path.GetFileName(file)}\n"));
        }

        return Convert.ToHexString(all.GetHashAndReset()).ToLowerInvariant();
    }

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal);

    private static async Task<string> FileChecksumAsync(string path, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan | FileOptions.Asynchronous);
        var buffer = new byte[BufferSize];
        for (int count; (count = await file.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            hash.AppendData(buffer, 0, count);
            progress?.Report(count);
        }

        return Convert.ToHexString(hash.GetHashAndReset()).ToLowerInvariant();
    }

    // ";     Dumped from database version: 15.18 (Debian 15.18-0+deb12u1)"
    [GeneratedRegex(@"^;\s+(?<name>dbname|Dumped from database version): (?<value>.*)$")]
    private static partial Regex Header();

    // "217; 1259 16386 TABLE public orders owner": the catalogue's number (1259 is pg_class), the object's, its kind, schema, name and owner. Only tables
    // themselves are of pg_class and of the kind TABLE; their data is of no catalogue.
    [GeneratedRegex(@"^[0-9]+; (?<table>1259 [0-9]+ TABLE )?.* (?<owner>[^ ]*)$")]
    private static partial Regex Entry();
}
