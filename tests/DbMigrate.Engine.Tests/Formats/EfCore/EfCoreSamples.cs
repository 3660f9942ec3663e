using System.Text.Json;
using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Formats.EfCore;

namespace DbMigrate.Engine.Tests.Formats.EfCore;

/// <summary>Real scripts of EF Core 8, 9 and 10, and what is in them.</summary>
internal static class EfCoreSamples
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Formats", "EfCore", "testdata");

    public static string PathOf(string name) => Path.Combine(Folder, name.Replace('/', Path.DirectorySeparatorChar));

    /// <summary>A sample's text, without its BOM.</summary>
    public static string Text(string name) => File.ReadAllText(PathOf(name));

    public static MigrationFolder Read(string path) => new EfCoreFormat().Read(path, new Dictionary<string, string>());

    /// <summary>What the sample's folder says is in its scripts.</summary>
    public static IReadOnlyList<ExpectedMigration> Expected(string folder) =>
        JsonSerializer.Deserialize<List<ExpectedMigration>>(File.ReadAllText(PathOf(folder + "/expected-parse.json")), s_json)!;

    /// <summary>A migration in the form of the expectations.</summary>
    public static string Describe(ExpectedMigration migration, bool withTransactions) => Describe(
        migration.MigrationId, migration.ProductVersion, migration.Statements.Select(s => (s.Sql, Outside: withTransactions && !s.InTransaction)));

    /// <inheritdoc cref="Describe(ExpectedMigration, bool)"/>
    public static string Describe(Migration migration) => Describe(
        migration.Version, migration.ProductVersion, migration.Up!.ReadStatements().Select(s => (s.Text, s.OutsideTransaction)));

    private static string Describe(string id, string? version, IEnumerable<(string Sql, bool Outside)> statements) =>
        $"{id} {version}\n{string.Join("\n;\n", statements.Select(s => (s.Outside ? "outside: " : "") + s.Sql))}\n";

    internal sealed record ExpectedStatement(bool InTransaction, string Sql);

    internal sealed record ExpectedMigration(string MigrationId, string ProductVersion, IReadOnlyList<ExpectedStatement> Statements);
}
