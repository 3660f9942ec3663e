using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DbMigrate.Engine.Dumps;

/// <summary>What the file beside a dump says of it: <c>&lt;dump&gt;.json</c>.</summary>
internal sealed record DumpFacts
{
    public const string Maker = "DbMigrate";

    private static readonly JsonSerializerOptions s_form = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public required string MadeBy { get; init; }

    public required string Id { get; init; }

    public required string Database { get; init; }

    /// <summary>Host and port.</summary>
    public required string Server { get; init; }

    /// <summary>The number of the database cluster; null where the server does not tell, and in files of older versions.</summary>
    public string? SystemId { get; init; }

    /// <summary>The database's number there (<c>pg_database.oid</c>), which a name alone does not tell: it may have been given to another one since. Null in files of older versions.</summary>
    public uint? DatabaseOid { get; init; }

    public required string ServerVersion { get; init; }

    /// <summary>The version of the <c>pg_dump</c> that wrote it; an older <c>pg_restore</c> may not be able to read it.</summary>
    public required string ProgramVersion { get; init; }

    /// <summary>The server's clock right after the moment that the dump shows.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Where the write-ahead log was shortly before that moment.</summary>
    public string? Lsn { get; init; }

    public required DumpFormat Format { get; init; }

    /// <summary>How many tables it holds.</summary>
    public required int Tables { get; init; }

    /// <summary>Bytes on disk.</summary>
    public required long Size { get; init; }

    /// <summary>See <see cref="DumpContent.ChecksumAsync"/>.</summary>
    public required string Sha256 { get; init; }

    public required string Encoding { get; init; }

    public required string Collate { get; init; }

    public required string Ctype { get; init; }

    /// <summary>What sorts text: libc, icu or builtin; null before PostgreSQL 15.</summary>
    public string? LocaleProvider { get; init; }

    /// <summary>Its locale, where it is not libc.</summary>
    public string? Locale { get; init; }

    public string? IcuRules { get; init; }

    /// <summary>The operating system's user who took it, and on which machine.</summary>
    public required string TakenBy { get; init; }

    public string? Reason { get; init; }

    public string? RunId { get; init; }

    public DateTimeOffset? KeepUntil { get; init; }

    /// <summary>The tables that were asked for; null for all.</summary>
    public IReadOnlyList<string>? OnlyTables { get; init; }

    /// <summary>The schemas of those tables, which such a dump does not make; null where there are none.</summary>
    public IReadOnlyList<string>? SchemasOfTables { get; init; }

    /// <summary>The schemas that were asked for; null for all.</summary>
    public IReadOnlyList<string>? OnlySchemas { get; init; }

    /// <summary>The path of the file beside a dump.</summary>
    public static string PathOf(string dump) => dump + ".json";

    /// <summary>What the file beside a dump says; null when there is none, or it is none of ours.</summary>
    public static DumpFacts? Read(string dump)
    {
        try
        {
            var facts = JsonSerializer.Deserialize<DumpFacts>(File.ReadAllBytes(PathOf(dump)), s_form);

            // The file is data: what no dump of ours is called could be made to look like something else.
            return facts is { MadeBy: Maker, Id: { } id } && DatabaseDump.IsId(id) && Version.TryParse(facts.ProgramVersion, out _) ? facts : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes a file that survives a power cut, readable by its owner only.</summary>
    public async Task WriteAsync(string path, CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var file = new FileStream(path, options);
        await JsonSerializer.SerializeAsync(file, this, s_form, cancellationToken);
        file.Flush(flushToDisk: true);
    }

    /// <summary>A text without what would drive a terminal.</summary>
    public static string Shown(string text) => text.Any(char.IsControl) ? new string([.. text.Select(c => char.IsControl(c) ? '\uFFFD' : c)]) : text;

    /// <summary>The same as a snapshot.</summary>
    public DbSnapshot ToSnapshot(string path, string status, long size)
    {
        var tags = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Tag(DumpFolder.ServerTag, Server);
        Tag("taken-by", TakenBy);
        Tag(DumpFolder.SystemIdTag, SystemId);
        Tag(DumpFolder.DatabaseOidTag, DatabaseOid?.ToString(CultureInfo.InvariantCulture));
        Tag("reason", Reason);
        Tag("run-id", RunId);
        Tag("lsn", Lsn);
        Tag("only-tables", OnlyTables is null ? null : string.Join(", ", OnlyTables));
        Tag("only-schemas", OnlySchemas is null ? null : string.Join(", ", OnlySchemas));
        return new DbSnapshot
        {
            Id = Id,
            Kind = DbSnapshotKind.Dump,
            Source = Shown(Database),
            Status = status,
            CreatedAt = CreatedAt,
            Size = size,
            Percent = 100,
            ServerVersion = Shown(ServerVersion),
            IsOurs = true,
            IsPartial = OnlyTables is not null || OnlySchemas is not null,
            KeepUntil = KeepUntil,
            Tags = tags,
            Path = path,
            Tables = Tables,
        };

        void Tag(string name, string? value)
        {
            if (value is not null)
            {
                tags[name] = Shown(value);
            }
        }
    }
}
