using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>
/// Makes a script for a folder of scripts. A migration in C# is EF Core's own to make; a script of ours has an id that EF Core ignores, like any id that its
/// assembly does not have.
/// </summary>
internal static partial class EfCoreNewMigration
{
    private const string TimestampFormat = "yyyyMMddHHmmss";

    /// <inheritdoc cref="IMigrationFormat.Create"/>
    public static IReadOnlyList<string> Create(string folder, string name, bool? reversible, DateTimeOffset now, bool write)
    {
        var known = Directory.Exists(folder) ? EfCoreFolderReader.Read(folder) : null;
        if (known is not { Migrations: [.., var newest] })
        {
            throw new DbMigrateException(
                "EfCoreMigrationInCode", ErrorKind.InvalidArgument, $"{folder} is not a folder of EF Core scripts; new migrations of EF Core are made in C#.",
                "Make it in the project with: dotnet ef migrations add <Name>, and then write the script: dotnet ef migrations script --idempotent -o migration.sql")
            { Subject = folder };
        }

        var words = Word().Matches(name).Select(m => char.ToUpperInvariant(m.Value[0]) + m.Value[1..]).ToList();
        var id = NextTimestamp(known.Migrations, now) + "_" + string.Concat(words);
        if (words.Count == 0 || id.Length > 150)
        {
            throw new DbMigrateException(
                "InvalidName", ErrorKind.InvalidArgument, $"'{name}' cannot be the name of an EF Core migration.",
                "Use letters and digits, at most 135 of them.")
            { Subject = name };
        }

        var history = ((EfCoreMigrationScript)newest.Up!).History;
        var table = history.Table.ToString();
        var (idColumn, versionColumn) = (JournalTable.Quote(history.IdColumn), JournalTable.Quote(history.VersionColumn));
        var path = Path.Combine(folder, id);
        var files = new List<(string Path, string Text)>
        {
            (path + ".sql", Script("-- Write the SQL of the migration here.",
                $"INSERT INTO {table} ({idColumn}, {versionColumn})\nVALUES ('{id}', '{newest.ProductVersion!.Replace("'", "''", StringComparison.Ordinal)}');")),
        };
        if (reversible ?? known.Migrations.Any(m => m.Down is not null))
        {
            files.Add((path + ".down.sql", Script(
                "-- Write the SQL that undoes the migration here.", $"DELETE FROM {table}\nWHERE {idColumn} = '{id}';")));
        }

        if (files.FirstOrDefault(f => File.Exists(f.Path)) is { Path: { } existing })
        {
            throw new DbMigrateException("FileExists", ErrorKind.Exists, $"{existing} exists.", "Choose another name, or remove the file.") { Subject = existing };
        }

        if (write)
        {
            foreach (var file in files)
            {
                using var stream = new FileStream(file.Path, FileMode.CreateNew, FileAccess.Write);
                stream.Write(Encoding.UTF8.GetBytes(file.Text));
            }
        }

        return [.. files.Select(f => f.Path)];
    }

    private static string Script(string comment, string row) => $"START TRANSACTION;\n{comment}\n\n{row}\n\nCOMMIT;\n";

    // As EF Core does it: a second that is taken is passed over. After the newest, so that the new one is applied last.
    private static string NextTimestamp(IReadOnlyList<Migration> migrations, DateTimeOffset now)
    {
        var newest = migrations.Max(m => m.Version[..Math.Min(TimestampFormat.Length, m.Version.Length)]);
        var time = now.UtcDateTime;
        if (string.CompareOrdinal(Format(time), newest) <= 0
            && DateTime.TryParseExact(newest, TimestampFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var last))
        {
            time = last.AddSeconds(1);
        }

        return Format(time);
    }

    private static string Format(DateTime time) => time.ToString(TimestampFormat, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"[\p{L}\p{Nd}_]+", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
