using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DbMigrate.Engine.Sql;

namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>
/// Reads a script of <c>dotnet ef migrations script</c>, plain or idempotent, up or down, with or without transactions, of EF Core 8, 9 and 10.
/// </summary>
internal sealed partial class EfCoreScriptParser
{
    private readonly string path;
    private readonly byte[] script;
    private readonly IReadOnlyList<Guard> guards;
    private readonly IReadOnlyList<SqlStatement> outside;
    private readonly ILookup<Guard, SqlStatement> bodies;
    private readonly HistoryTable? history;
    private readonly bool undoes;
    private readonly bool hasTransactions;

    private readonly List<ScriptedMigration> migrations = [];
    private readonly List<string> warnings = [];

    // What was read since the last history row.
    private List<ScriptStatement> pending = [];
    private int pendingLine;
    private Guard? pendingGuard;
    private HistoryRow? strayRow;
    private int strayRowLine;
    private int transactionLine;

    private EfCoreScriptParser(string path, byte[] script)
    {
        this.path = path;
        this.script = script;
        guards = Guard.FindAll(script, path);
        outside = Split(Outside());
        bodies = SplitBodies();
        var rows = outside.Select(s => HistoryRow.Read(s.Text)).OfType<HistoryRow>().ToList();
        history = FindHistory(rows);

        // A migration may hold SQL that adds or deletes other rows; the last one of a script is always EF Core's own.
        undoes = guards.Count > 0 ? guards[0].Condition.Undoes : rows.LastOrDefault(IsHistory)?.Deletes ?? false;
        hasTransactions = outside.Any(IsStartTransaction);
    }

    /// <summary>Reads a script.</summary>
    /// <param name="path">The file; an absolute path.</param>
    /// <exception cref="DbMigrateException">
    /// What <see cref="ScriptSplitter"/> throws, and <c>Utf16Script</c>, <c>TruncatedScript</c>, <c>MissingSemicolon</c>, <c>HistoryRowMissing</c>,
    /// <c>HistoryRowMismatch</c>, <c>HistoryValueTooLong</c>, <c>StatementOutsideGuard</c>, <c>GuardNotUnderstood</c>, <c>MixedDirections</c>,
    /// <c>TwoHistoryTables</c>, each with file and line.
    /// </exception>
    public static EfCoreScript Parse(string path)
    {
        var script = File.ReadAllBytes(path);
        if (script is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            throw EfCoreError.At(
                "Utf16Script", path, 1, "the script is UTF-16, as Windows PowerShell's > writes it.",
                "Let EF Core write the file: dotnet ef migrations script --idempotent -o migration.sql");
        }

        return new EfCoreScriptParser(path, script).Walk();
    }

    private EfCoreScript Walk()
    {
        var next = 0;
        foreach (var guard in guards)
        {
            for (; next < outside.Count && outside[next].Offset < guard.Start; next++)
            {
                if (outside[next].Offset + outside[next].Length > guard.Start)
                {
                    throw MissingSemicolon(outside[next], guard.Line, "runs on into the block");
                }

                Take(outside[next]);
            }

            Take(guard);
        }

        foreach (var statement in outside.Skip(next))
        {
            Take(statement);
        }

        if (transactionLine > 0)
        {
            throw EfCoreError.At(
                "TruncatedScript", path, transactionLine, "the transaction that starts here is never committed; the script is cut off.",
                EfCoreError.Regenerate);
        }

        var recorded = migrations.Count > 0 || guards.Count > 0;
        if (recorded && (pending.Count > 0 || pendingGuard is not null))
        {
            throw Unclosed();
        }

        return new EfCoreScript
        {
            Path = path,
            Undoes = undoes,
            HasTransactions = hasTransactions,
            History = history,
            Migrations = migrations,
            Unrecorded = pending,
            Warnings = warnings,
        };
    }

    private void Take(SqlStatement statement)
    {
        if (IsStartTransaction(statement) && transactionLine == 0)
        {
            transactionLine = statement.Line;
            return;
        }

        if (transactionLine > 0 && IsCommit(statement))
        {
            transactionLine = 0;
            return;
        }

        if (IsHeader(statement))
        {
            return;
        }

        RefuseSwallowed(statement);
        var row = HistoryRow.Read(statement.Text);
        if (row is not null && row.Deletes == undoes && row.HasKnownColumns && !IsHistory(row))
        {
            throw TwoTables(statement.Line, row.Table);
        }

        if (row is not null && row.Deletes == undoes && IsHistory(row))
        {
            Close(row, statement.Line);
            return;
        }

        if (statement.Kind == StatementKind.Do && Guard.LooksLike(statement.Text))
        {
            throw EfCoreError.At(
                "GuardNotUnderstood", path, statement.Line, "this block asks the history table but is not laid out as EF Core lays it out.",
                "Do not format the script. " + EfCoreError.Regenerate);
        }

        if (pendingGuard is not null)
        {
            throw OutsideGuard(statement.Line);
        }

        Add(new ScriptStatement(statement.Text, statement.Kind, statement.Line, statement.Column, OutsideTransaction: IsOutsideTransaction));
    }

    private void Take(Guard guard)
    {
        if (pending.Count > 0 && pendingGuard is null)
        {
            throw OutsideGuard(pendingLine);
        }

        if (pendingGuard is not null && pendingGuard.Condition.Id != guard.Condition.Id)
        {
            throw Unclosed();
        }

        if (guard.Condition.Table != history!.Table || guard.Condition.Column != history.IdColumn)
        {
            throw TwoTables(guard.Line, guard.Condition.Table);
        }

        if (guard.Condition.Undoes != undoes)
        {
            throw EfCoreError.At(
                "MixedDirections", path, guard.Line, "this block undoes a migration in a script that applies some, or the other way round.",
                "Put what applies and what undoes migrations into two files; the second may be called " + DownName);
        }

        var statements = bodies[guard].ToList();
        if (pendingGuard is null)
        {
            (pendingGuard, pendingLine) = (guard, guard.Line);
        }

        if (statements.Count == 1 && HistoryRow.Read(statements[0].Text) is { } row && row.Deletes == undoes && row.Table == history.Table)
        {
            if (row.Id == guard.Condition.Id)
            {
                Close(row, statements[0].Line);
                return;
            }

            // Either a migration that repairs the history with SQL of its own, or a script that was edited. Its last row will tell.
            (strayRow, strayRowLine) = (row, statements[0].Line);
        }

        pending.AddRange(GuardBody.Lift(script, guard, statements, IsOutsideTransaction));
        if (statements.Count > 0 && !EndsWithSemicolon(guard, statements[^1]))
        {
            warnings.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{path}:{statements[^1].Line}: the statement has no ; at its end. psql would stop here; DbMigrate knows where it ends and runs it."));
        }
    }

    private void Add(ScriptStatement statement)
    {
        if (pending.Count == 0)
        {
            pendingLine = statement.Line;
        }

        pending.Add(statement);
    }

    private void Close(HistoryRow row, int line)
    {
        if (pendingGuard is not null && pendingGuard.Condition.Id != row.Id)
        {
            throw Mismatch(row, line);
        }

        // The lengths of EF Core's own columns; a longer value would fail after statements that cannot be rolled back.
        if (history!.Definition is null && (row.Id.Length > 150 || row.Version?.Length > 32))
        {
            throw EfCoreError.At(
                "HistoryValueTooLong", path, line, "a migration id has at most 150 characters and EF Core's version at most 32.", EfCoreError.Regenerate);
        }

        var first = pending.Count > 0 || pendingGuard is not null ? pendingLine : line;
        migrations.Add(new ScriptedMigration(row.Id, row.Version, first, pending));
        pending = [];
        pendingGuard = null;
        strayRow = null;
    }

    private DbMigrateException Unclosed()
    {
        if (strayRow is not null)
        {
            return Mismatch(strayRow, strayRowLine);
        }

        var whose = pendingGuard is null ? "what begins here" : $"migration {pendingGuard.Condition.Id}, which begins here,";
        var verb = undoes ? "DELETE FROM" : "INSERT INTO";
        return EfCoreError.At(
            "HistoryRowMissing", path, pendingLine, $"{whose} is not followed by {verb} {history!.Table}; the script is cut off or was edited.",
            EfCoreError.Regenerate);
    }

    private DbMigrateException Mismatch(HistoryRow row, int line) => EfCoreError.At(
        "HistoryRowMismatch", path, line,
        $"the history row is of {row.Id}, but the block that begins in line {pendingGuard!.Line.ToString(CultureInfo.InvariantCulture)} is of {pendingGuard.Condition.Id}.",
        EfCoreError.Regenerate);

    private DbMigrateException OutsideGuard(int line) => EfCoreError.At(
        "StatementOutsideGuard", path, line, "this statement belongs to no migration: it stands between the blocks of an idempotent script.",
        "Move it into a migration with migrationBuilder.Sql(...), or remove it; settings of the session belong into the database's URL.");

    private DbMigrateException TwoTables(int line, JournalTable table) => EfCoreError.At(
        "TwoHistoryTables", path, line, $"this is recorded in {table}, but what stands before in {history!.Table}.",
        "Keep the scripts of each DbContext in a folder of their own.");

    // EF Core writes what migrationBuilder.Sql(...) was given. Without a semicolon it runs on into the next command.
    private void RefuseSwallowed(SqlStatement statement)
    {
        var row = HistoryRow.FindInside(statement.Text, history);
        if (row > 0 && IsEnd(statement.Text, row))
        {
            throw MissingSemicolon(statement, LineOf(statement, row), "has swallowed the history row");
        }

        var control = SwallowedControl().Match(statement.Text);
        if (control.Success && IsEnd(statement.Text, control.Index))
        {
            throw MissingSemicolon(statement, LineOf(statement, control.Groups[1].Index), $"has swallowed the {control.Groups[1].Value}");
        }
    }

    private DbMigrateException MissingSemicolon(SqlStatement statement, int swallowed, string what)
    {
        var end = 0;
        for (var line = statement.Line; line < swallowed; line++)
        {
            end = statement.Text.IndexOf('\n', end) + 1;
        }

        var last = LineOf(statement, statement.Text.AsSpan(0, end).TrimEnd().Length);
        return EfCoreError.At(
            "MissingSemicolon", path, last,
            string.Create(CultureInfo.InvariantCulture, $"the statement has no ; at its end and {what} of line {swallowed}."),
            "Add the ; to the SQL of migrationBuilder.Sql(...) in the migration and write the script again, or add it here.");
    }

    // Whether a semicolon at this place would end the statement: it would not in a literal, a function's body or parentheses.
    private bool IsEnd(string text, int index)
    {
        try
        {
            var probe = Encoding.UTF8.GetBytes(text[..index] + "\n;SELECT 1");
            return Split(probe) is [_, .., { Text: "SELECT 1" }];
        }
        catch (DbMigrateException)
        {
            return false;
        }
    }

    private static int LineOf(SqlStatement statement, int index) => statement.Line + statement.Text.AsSpan(0, index).Count('\n');

    private bool EndsWithSemicolon(Guard guard, SqlStatement last)
    {
        var end = (int)last.Offset + last.Length;
        return script.AsSpan(end, guard.BodyEnd - end).Contains((byte)';');
    }

    private HistoryTable? FindHistory(List<HistoryRow> rows)
    {
        var header = outside.Take(2).Select(s => CreateTable().Match(s.Text)).FirstOrDefault(m => m.Success);
        var created = header is null
            ? null
            : new HistoryTable(
                HistoryTable.ParseName(header.Groups["table"].Value),
                HistoryTable.Unquote(header.Groups["id"].Value),
                HistoryTable.Unquote(header.Groups["version"].Value))
            { Definition = header.Groups["definition"].Value };

        HistoryTable? written = null;
        if (guards.Count > 0)
        {
            var condition = guards[0].Condition;
            var row = guards.SelectMany(g => bodies[g]).Select(s => HistoryRow.Read(s.Text))
                .FirstOrDefault(r => r is { Deletes: false } && r.Table == condition.Table && r.IdColumn == condition.Column);
            written = new HistoryTable(condition.Table, condition.Column, row?.VersionColumn ?? created?.VersionColumn ?? HistoryTable.Default.VersionColumn);
        }
        else if (rows.FirstOrDefault(r => r.HasKnownColumns || (r.Table == created?.Table && r.IdColumn == created.IdColumn)) is { } row)
        {
            written = new HistoryTable(row.Table, row.IdColumn, row.VersionColumn ?? created?.VersionColumn ?? HistoryTable.Default.VersionColumn);
        }

        if (written is null)
        {
            return created is not null && HistoryTable.IsIdColumn(created.IdColumn) ? created : null;
        }

        return created is not null && created.Table == written.Table ? created : written;
    }

    private bool IsHistory(HistoryRow row) => history is not null && row.Table == history.Table && row.IdColumn == history.IdColumn;

    private bool IsHeader(SqlStatement statement)
    {
        if (history?.Definition is null || migrations.Count > 0 || CreateTable().Match(statement.Text) is not { Success: true } match
            || HistoryTable.ParseName(match.Groups["table"].Value) != history.Table)
        {
            return false;
        }

        // Before a history table in a schema of its own stands the block that creates the schema.
        if (pending is [{ Kind: StatementKind.Do } block] && block.Text.Contains("pg_namespace", StringComparison.Ordinal))
        {
            pending.Clear();
        }

        return pending.Count == 0;
    }

    private bool IsOutsideTransaction => hasTransactions && transactionLine == 0;

    private static bool IsStartTransaction(SqlStatement statement) =>
        statement.Kind == StatementKind.Begin && statement.Text.Equals("START TRANSACTION", StringComparison.OrdinalIgnoreCase);

    private static bool IsCommit(SqlStatement statement) =>
        statement.Kind == StatementKind.Commit && statement.Text.Equals("COMMIT", StringComparison.OrdinalIgnoreCase);

    private string DownName => Path.GetFileNameWithoutExtension(path) + ".down.sql";

    private IReadOnlyList<SqlStatement> Split(byte[] text)
    {
        using var stream = new MemoryStream(text, writable: false);
        return ScriptSplitter.Split(stream, path).ToList();
    }

    // The file with its blocks blanked out: all places stay what they are.
    private byte[] Outside()
    {
        var text = (byte[])script.Clone();
        foreach (var guard in guards)
        {
            Blank(text.AsSpan(guard.Start, guard.End - guard.Start));
        }

        return text;
    }

    // The file with all but the commands in the blocks blanked out, and a semicolon after each command.
    private ILookup<Guard, SqlStatement> SplitBodies()
    {
        var text = (byte[])script.Clone();
        var end = 0;
        foreach (var guard in guards)
        {
            Blank(text.AsSpan(end, guard.BodyStart - end));
            text[guard.BodyEnd] = (byte)';';
            end = guard.BodyEnd + 1;
        }

        Blank(text.AsSpan(end));
        var index = 0;
        return Split(text).ToLookup(statement =>
        {
            while (statement.Offset >= guards[index].BodyEnd)
            {
                index++;
            }

            return statement.Offset + statement.Length <= guards[index].BodyEnd ? guards[index] : throw EfCoreError.At(
                "StatementCrossesGuard", path, statement.Line, "a literal, quoted name, comment or function body that begins here does not end within its block.",
                "Correct the SQL of migrationBuilder.Sql(...) in the migration. " + EfCoreError.Regenerate);
        });
    }

    private static void Blank(Span<byte> text)
    {
        foreach (ref var b in text)
        {
            if (b is not ((byte)'\n' or (byte)'\r'))
            {
                b = (byte)' ';
            }
        }
    }

    [GeneratedRegex(
        @"\ACREATE\s+TABLE\s+IF\s+NOT\s+EXISTS\s+(?<table>" + HistoryTable.Name + @")\s*(?<definition>\(\s*(?<id>" + HistoryTable.Identifier
        + @")\s+character\s+varying\(\d+\)\s+NOT\s+NULL,\s*(?<version>" + HistoryTable.Identifier + @")\s+character\s+varying\(\d+\)\s+NOT\s+NULL,.*\))\z",
        RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex CreateTable();

    [GeneratedRegex(@"\n[ \t]*(COMMIT|START TRANSACTION)\s*\z", RegexOptions.CultureInvariant)]
    private static partial Regex SwallowedControl();
}
