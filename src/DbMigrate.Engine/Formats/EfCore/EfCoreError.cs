using System.Globalization;

namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>Errors of EF Core scripts, all worded alike.</summary>
internal static class EfCoreError
{
    /// <summary>The next step wherever a script is not as EF Core wrote it.</summary>
    public const string Regenerate = "Write the script again with: dotnet ef migrations script --idempotent -o migration.sql";

    /// <summary>An error at a line of a script.</summary>
    public static DbMigrateException At(string id, string path, int line, string message, string nextStep) =>
        new(id, ErrorKind.InvalidData, string.Create(CultureInfo.InvariantCulture, $"{path}:{line}: {message}"), nextStep) { Subject = path };
}
