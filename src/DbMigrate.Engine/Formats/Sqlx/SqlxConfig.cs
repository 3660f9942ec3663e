using System.Text;

namespace DbMigrate.Engine.Formats.Sqlx;

/// <summary>The table <c>[migrate]</c> of a <c>sqlx.toml</c> (SQLx 0.9, sqlx-core, config/migrate.rs).</summary>
internal sealed record SqlxConfig
{
    private const string FileName = "sqlx.toml";
    private const string Inferred = "inferred";

    /// <summary>What holds where there is no file.</summary>
    public static SqlxConfig Default { get; } = new();

    /// <summary>The file; null for the defaults.</summary>
    public string? Path { get; private init; }

    /// <summary><c>table-name</c>, which SQLx puts into its statements as it is.</summary>
    public JournalTable? Table { get; private init; }

    /// <summary><c>create-schemas</c>, unquoted and sorted.</summary>
    public IReadOnlyList<string> CreateSchemas { get; private init; } = [];

    /// <summary><c>ignored-chars</c>: left out of the checksum.</summary>
    public IReadOnlySet<Rune> IgnoredChars { get; private init; } = new HashSet<Rune>();

    /// <summary><c>defaults.migration-type</c>: whether a new migration has a down file; null for what the folder does.</summary>
    public bool? Reversible { get; private init; }

    /// <summary><c>defaults.migration-versioning</c>: whether a new version counts on; null for what the folder does.</summary>
    public bool? Sequential { get; private init; }

    /// <summary>Why a file that is near was not taken.</summary>
    public string? Warning { get; private init; }

    private string? MigrationsDir { get; init; }

    /// <summary>
    /// The file for a folder. SQLx takes the one in its current directory or in the crate's root; seen from the folder that is the nearest
    /// above it. It counts if its <c>migrations-dir</c> (default <c>migrations</c>) is the folder, or if it names none and is right above.
    /// </summary>
    /// <exception cref="DbMigrateException"><c>InvalidToml</c>, <c>InvalidSqlxConfig</c>, <c>UnreadableFile</c>.</exception>
    public static SqlxConfig For(string folder)
    {
        var home = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder));
        for (var above = System.IO.Path.GetDirectoryName(home); above is not null; above = System.IO.Path.GetDirectoryName(above))
        {
            var path = System.IO.Path.Combine(above, FileName);
            if (!File.Exists(path))
            {
                continue;
            }

            var config = Read(path);
            var named = System.IO.Path.GetFullPath(config.MigrationsDir ?? "migrations", above);
            var fits = SamePath(named, home) || (config.MigrationsDir is null && SamePath(above, System.IO.Path.GetDirectoryName(home)!));
            return fits
                ? config
                : new SqlxConfig
                {
                    Warning = $"{path} is not used, because its migrations are in {named}. "
                        + $"If SQLx is run with it on {folder}, set migrations-dir there.",
                };
        }

        return Default;
    }

    private static bool SamePath(string a, string b) => string.Equals(
        System.IO.Path.TrimEndingDirectorySeparator(a),
        System.IO.Path.TrimEndingDirectorySeparator(b),
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);

    private static SqlxConfig Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileScript.Unreadable(path, e);
        }

        var config = new SqlxConfig { Path = path };
        foreach (var (key, value) in Table(TomlReader.Read(text, path).GetValueOrDefault("migrate"), "[migrate]"))
        {
            config = key switch
            {
                "table-name" => config with { Table = JournalTable.Parse(Text(value, key)) },
                "create-schemas" => config with { CreateSchemas = [.. Texts(value, key).Order(StringComparer.Ordinal).Select(Schema)] },
                "migrations-dir" => config with { MigrationsDir = Text(value, key) },
                "ignored-chars" => config with { IgnoredChars = Texts(value, key).Select(Character).ToHashSet() },
                "defaults" => Defaults(config, value),
                _ => throw Unknown($"[migrate] {key}"),
            };
        }

        return config;

        SqlxConfig Defaults(SqlxConfig config, object defaults)
        {
            foreach (var (key, value) in Table(defaults, "[migrate.defaults]"))
            {
                config = key switch
                {
                    "migration-type" => config with { Reversible = Choice(value, key, "reversible", "simple") },
                    "migration-versioning" => config with { Sequential = Choice(value, key, "sequential", "timestamp") },
                    _ => throw Unknown($"[migrate.defaults] {key}"),
                };
            }

            return config;
        }

        bool? Choice(object value, string key, string yes, string no) => Text(value, key) switch
        {
            Inferred => null,
            var text when text == yes => true,
            var text when text == no => false,
            var text => throw Invalid($"{key} is '{text}' and not {Inferred}, {no} or {yes}"),
        };

        Dictionary<string, object> Table(object? value, string name) =>
            (value ?? new Dictionary<string, object>()) as Dictionary<string, object> ?? throw Invalid($"{name} is no table");

        string Text(object value, string key) => value as string ?? throw Invalid($"{key} is no string");

        IEnumerable<string> Texts(object value, string key) =>
            (value as List<object> ?? throw Invalid($"{key} is no array")).Select(v => Text(v, $"an item of {key}"));

        string Schema(string name) =>
            JournalTable.Parse(name) is { Schema: null } parsed
                ? parsed.Name
                : throw Invalid($"'{name}' in create-schemas is no schema name");

        Rune Character(string text) =>
            Rune.DecodeFromUtf16(text, out var rune, out var length) == System.Buffers.OperationStatus.Done && length == text.Length
                ? rune
                : throw Invalid($"'{text}' in ignored-chars is not a single character");

        DbMigrateException Unknown(string key) => Invalid($"{key} is no setting of SQLx 0.9, which refuses the file because of it");

        DbMigrateException Invalid(string what) =>
            new("InvalidSqlxConfig", ErrorKind.InvalidData, $"{path}: {what}.", "Correct the file.") { Subject = path };
    }
}
