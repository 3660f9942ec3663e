using DbMigrate.Engine.Formats;

namespace DbMigrate.Engine.Tests.Formats;

/// <summary>Short ways to a format's parts.</summary>
internal static class FormatFor
{
    public static readonly IReadOnlyDictionary<string, string> NoOptions = new Dictionary<string, string>();

    public static MigrationFolder Read(this MigrationFormat format, TempFolder folder) =>
        MigrationFormats.Of(format).Read(folder.Path, NoOptions);

    public static DbMigrateException Refused(this MigrationFormat format, TempFolder folder) =>
        Xunit.Assert.Throws<DbMigrateException>(() => format.Read(folder));

    public static DbTarget Target(string? schema = null, params (string Key, string Value)[] options) => new("Host=nowhere")
    {
        Host = "nowhere",
        Port = 5432,
        Database = "app",
        Source = "test",
        Schema = schema,
        ToolOptions = options.ToDictionary(o => o.Key, o => o.Value),
    };

    public static MigrationFolder EmptyFolder(MigrationFormat format) => new() { Format = format, Path = "/nowhere", Migrations = [] };

    public static IMigrationJournal Journal(this MigrationFormat format, DbTarget? target = null) =>
        MigrationFormats.Of(format).Journal(EmptyFolder(format), null, target ?? Target());
}
