using System.Globalization;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>Puts the scripts of a folder, or one script and its down script, together to one list of migrations.</summary>
internal sealed partial class EfCoreFolderReader
{
    private readonly Dictionary<string, (EfCoreScript Script, ScriptedMigration Migration)> _ups = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, (EfCoreScript Script, ScriptedMigration Migration)> _downs = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(EfCoreScript Script, string? Up)> _unrecorded = [];
    private readonly List<string> _warnings = [];
    private (EfCoreScript Script, HistoryTable Table)? _history;

    private EfCoreFolderReader()
    {
    }

    /// <summary>Reads a script with the down scripts beside it, or a folder of scripts.</summary>
    /// <param name="path">The file or folder; an absolute path.</param>
    /// <exception cref="DbMigrateException">
    /// What <see cref="EfCoreScriptParser.Parse"/> throws, and <c>FolderNotFound</c>, <c>NotAnEfCoreScript</c>, <c>DownScriptOnly</c>, <c>DuplicateVersion</c>,
    /// <c>TwoHistoryTables</c>.
    /// </exception>
    public static MigrationFolder Read(string path)
    {
        var reader = new EfCoreFolderReader();
        if (Directory.Exists(path))
        {
            reader.ReadFolder(path);
        }
        else if (File.Exists(path))
        {
            reader.ReadScript(path);
        }
        else
        {
            throw new DbMigrateException(
                "FolderNotFound", ErrorKind.NotFound, $"There is no file or folder {path}.", "Check the path of the EF Core script or of the folder of scripts.")
            { Subject = path };
        }

        return reader.Result(path);
    }

    private void ReadFolder(string path)
    {
        var files = ScriptFiles(path);
        foreach (var file in files)
        {
            var up = UpOf(file);
            if (EfCoreSignature.IsIn(file) || files.Contains(up))
            {
                Take(EfCoreScriptParser.Parse(file), up);
            }
            else
            {
                _warnings.Add($"{file} is not a script of EF Core; it is ignored.");
            }
        }
    }

    private void ReadScript(string path)
    {
        var script = EfCoreScriptParser.Parse(path);
        if (script.Undoes)
        {
            throw new DbMigrateException(
                "DownScriptOnly", ErrorKind.InvalidData, $"{path} undoes migrations.",
                "Name the script that applies them; a down script is found beside it as down.sql, or with .down.sql at the end of its name.")
            { Subject = path };
        }

        Take(script, up: null);
        var folder = Path.GetDirectoryName(path)!;
        string[] candidates = [Path.Combine(folder, Path.GetFileNameWithoutExtension(path) + ".down.sql"), Path.Combine(folder, "down.sql")];
        foreach (var down in candidates.Where(c => c != path && File.Exists(c)))
        {
            Take(EfCoreScriptParser.Parse(down), up: path);
        }
    }

    private void Take(EfCoreScript script, string? up)
    {
        _warnings.AddRange(script.Warnings);
        if (script.Unrecorded.Count > 0)
        {
            _unrecorded.Add((script, up));
            return;
        }

        if (script.Migrations.Count == 0)
        {
            _warnings.Add($"{script.Path} holds no migration.");
        }

        if (script.History is { } table)
        {
            if (_history is { } known && (known.Table.Table != table.Table || known.Table.IdColumn != table.IdColumn))
            {
                throw new DbMigrateException(
                    "TwoHistoryTables", ErrorKind.InvalidData,
                    $"{script.Path} records its migrations in {table.Table}, but {known.Script.Path} in {known.Table.Table}.",
                    "Keep the scripts of each DbContext in a folder of their own.")
                { Subject = script.Path };
            }

            // Only a script that starts at nothing has the table's definition; only one that applies has the column of the version.
            if (_history is not { } best || (best.Table.Definition is null && (table.Definition is not null || best.Script.Undoes)))
            {
                _history = (script, table);
            }
        }

        foreach (var migration in script.Migrations)
        {
            Add(script.Undoes ? _downs : _ups, script, migration);
        }
    }

    private static void Add(
        Dictionary<string, (EfCoreScript Script, ScriptedMigration Migration)> known, EfCoreScript script, ScriptedMigration migration)
    {
        if (!known.TryGetValue(migration.Id, out var other))
        {
            known.Add(migration.Id, (script, migration));
            return;
        }

        if (FirstDifference(other.Migration, migration) is var (line, otherLine))
        {
            throw EfCoreError.At(
                "DuplicateVersion", script.Path, line,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"migration {migration.Id} is not the same here as in {other.Script.Path}:{otherLine}."),
                "Remove the script that is out of date.");
        }

        // Ranges of scripts may overlap. One without transactions does not tell what has to run outside of one.
        if (script.HasTransactions && !other.Script.HasTransactions)
        {
            known[migration.Id] = (script, migration);
        }
    }

    private static (int Line, int OtherLine)? FirstDifference(ScriptedMigration one, ScriptedMigration two)
    {
        for (var i = 0; i < Math.Max(one.Statements.Count, two.Statements.Count); i++)
        {
            var (a, b) = (one.Statements.ElementAtOrDefault(i), two.Statements.ElementAtOrDefault(i));
            if (a is null || b is null || WithoutReturns(a.Text) != WithoutReturns(b.Text))
            {
                return (b?.Line ?? two.Line, a?.Line ?? one.Line);
            }
        }

        return null;
    }

    // Scripts written on Windows and elsewhere differ in their line ends.
    private static string WithoutReturns(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal);

    private MigrationFolder Result(string path)
    {
        foreach (var (script, up) in _unrecorded)
        {
            TakeUnrecorded(script, up);
        }

        if (_ups.Count == 0 && _downs.Count > 0)
        {
            throw new DbMigrateException(
                "DownScriptOnly", ErrorKind.InvalidData, $"{path} has only scripts that undo migrations.",
                "Add the script that applies them: dotnet ef migrations script --idempotent -o migration.sql")
            { Subject = path };
        }

        foreach (var (id, (script, _)) in _downs.Where(d => !_ups.ContainsKey(d.Key)))
        {
            _warnings.Add($"{script.Path} undoes migration {id}, which no script applies; that part is ignored.");
        }

        var table = _history?.Table ?? HistoryTable.Default;
        return new MigrationFolder
        {
            Format = MigrationFormat.EfCore,
            Path = path,
            // EF Core sorts by .NET's default comparison of strings; migrations of one second are all that the culture could change.
            Migrations = [.. _ups.Values.OrderBy(u => u.Migration.Id, StringComparer.InvariantCulture).Select(u => new Migration
            {
                Version = u.Migration.Id,
                Name = NameOf(u.Migration.Id),
                Up = new EfCoreMigrationScript(u.Script.Path, u.Migration.Statements, table),
                Down = _downs.TryGetValue(u.Migration.Id, out var down)
                    ? new EfCoreMigrationScript(down.Script.Path, down.Migration.Statements, table)
                    : null,
                ProductVersion = u.Migration.ProductVersion,
            })],
            JournalTable = table.Table == HistoryTable.Default.Table ? null : table.Table,
            Warnings = _warnings,
        };
    }

    // A down script written by hand need not delete the history row: where its up script has one migration only, it can be of no other.
    private void TakeUnrecorded(EfCoreScript script, string? up)
    {
        if (up is null)
        {
            throw new DbMigrateException(
                "NotAnEfCoreScript", ErrorKind.InvalidData, $"{script.Path} records no migration in EF Core's history table.",
                EfCoreError.Regenerate)
            { Subject = script.Path };
        }

        var ids = _ups.Where(u => u.Value.Script.Path == up).Select(u => u.Key).ToList();
        if (ids.Count != 1)
        {
            _warnings.Add($"{script.Path} deletes no history row and {up} has several migrations: it is not clear which it undoes, so it is ignored.");
            return;
        }

        Add(_downs, script, new ScriptedMigration(ids[0], null, script.Unrecorded[0].Line, script.Unrecorded));
    }

    // X.down.sql undoes X.sql.
    private static string? UpOf(string path)
    {
        var name = Path.GetFileName(path);
        return name.EndsWith(".down.sql", StringComparison.OrdinalIgnoreCase)
            ? Path.Combine(Path.GetDirectoryName(path)!, name[..^".down.sql".Length] + ".sql")
            : null;
    }

    /// <summary>The files of a folder that may be scripts, by name.</summary>
    public static IReadOnlyList<string> ScriptFiles(string folder) =>
    [
        .. Directory.EnumerateFiles(folder)
            .Where(f => f.EndsWith(".sql", StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The readable part of an id.</summary>
    public static string NameOf(string id) => Id().Match(id) is { Success: true } match ? match.Groups[1].Value : id;

    [GeneratedRegex(@"\A[0-9]{14}_(.+)\z", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Id();
}
