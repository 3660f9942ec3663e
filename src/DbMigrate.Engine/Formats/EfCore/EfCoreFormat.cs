using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>
/// Entity Framework Core 8, 9 and 10 with Npgsql, through the scripts of <c>dotnet ef migrations script</c>: one script, or a folder of them.
/// See docs/formats/efcore.md.
/// </summary>
public sealed partial class EfCoreFormat : IMigrationFormat
{
    // Scripts of EF Core are few or all of a folder: the first names tell, and a folder of thousands of other files is not read through.
    private const int FilesToLookAt = 50;

    /// <inheritdoc/>
    public MigrationFormat Format => MigrationFormat.EfCore;

    /// <inheritdoc/>
    public string DefaultTable => HistoryTable.Default.Table.Name;

    /// <inheritdoc/>
    public bool Detect(string path) => Directory.Exists(path)
        ? EfCoreFolderReader.ScriptFiles(path).Take(FilesToLookAt).Any(EfCoreSignature.IsIn)
        : File.Exists(path) && EfCoreSignature.IsIn(path);

    /// <inheritdoc/>
    public MigrationFolder Read(string path, IReadOnlyDictionary<string, string> options) => EfCoreFolderReader.Read(path);

    /// <inheritdoc/>
    public IMigrationJournal Journal(MigrationFolder folder, JournalTable? table, DbTarget target)
    {
        var scripted = folder.Migrations.Select(m => m.Up).OfType<EfCoreMigrationScript>().FirstOrDefault()?.History ?? HistoryTable.Default;
        var history = table is null || table == scripted.Table ? scripted : scripted with { Table = table, Definition = null };
        return new EfCoreJournal(history, ownSchema: history.Table.Schema is not null);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Create(string folder, string name, bool? reversible, DateTimeOffset now, bool write) =>
        EfCoreNewMigration.Create(folder, name, reversible, now, write);

    /// <summary>Whether all scripts of a folder, but for down scripts, look like EF Core's.</summary>
    internal static bool IsCertain(string path) => EfCoreFolderReader.ScriptFiles(path).Take(FilesToLookAt)
        .Where(f => !f.EndsWith(".down.sql", StringComparison.OrdinalIgnoreCase)).All(EfCoreSignature.IsIn);

    /// <summary>
    /// Whether a folder is, or has in its <c>Migrations</c> folder, EF Core migrations in C#, which have to be written as a script first.
    /// </summary>
    internal static bool LooksLikeProject(string path)
    {
        string[] folders = [path, Path.Combine(path, "Migrations")];
        return folders.Where(Directory.Exists)
            .SelectMany(f => Directory.EnumerateFiles(f, "*.Designer.cs"))
            .Any(f => DesignerFile().IsMatch(Path.GetFileName(f)));
    }

    [GeneratedRegex(@"\A[0-9]{14}_.+\.Designer\.cs\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex DesignerFile();
}
