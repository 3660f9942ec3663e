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
    private readonly string _path;
    private readonly byte[] _script;
    private readonly IReadOnlyList<Guard> _guards;
    private readonly List<SqlStatement> _outside;
    private readonly ILookup<Guard, SqlStatement> _bodies;
    private readonly HistoryTable? _history;
    private readonly bool _undoes;
    private readonly bool _hasTransactions;

    private readonly List<ScriptedMigration> _migrations = [];
    private readonly List<string> _warnings = [];

    // What was read since the last history row.
    private List<ScriptStatement> _pending = [];
    private int _pendingLine;
    private Guard? _pendingGuard;
    private HistoryRow? _strayRow;
    private int _strayRowLine;
    private int _transactionLine;

    private EfCoreScriptParser(string path, byte[] script)
    {
        _path = path;
        _script = script;
        _guards = Guard.FindAll(_script, _path);
        _outside = Split(Outside());
        _bodies = SplitBodies();
        var rows = _outside.Select(s => HistoryRow.Read(s.Text)).OfType<HistoryRow>().ToList();
        _history = FindHistory(rows);

        // A migration may hold SQL that adds or deletes other rows; the last one of a script is always EF Core's own.
        _undoes = _guards.Count > 0 ? _guards[0].Condition.Undoes : rows.LastOrDefault(IsHistory)?.Deletes ?? false;
        _hasTransactions = _outside.Any(IsStartTransaction);
    }

    /// <summary>Reads a script.</summary>
    /// <param name="path">The file; an absolute path.</param>
    /// <exception cref="DbMigrateException">
    /// What <see cref="ScriptSplitter"/> throws, and <c>TruncatedScript</c>, <c>MissingSemicolon</c>, <c>HistoryRowMissing</c>,
    /// <c>HistoryRowMismatch</c>, <c>HistoryValueTooLong</c>, <c>StatementOutsideGuard</c>, <c>GuardNotUnderstood</c>, <c>MixedDirections</c>,
    /// <c>TwoHistoryTables</c>, each with file and line; <c>UnreadableFile</c>.
    /// </exception>
    public static EfCoreScript Parse(string path)
    {
        try
        {
            return new EfCoreScriptParser(path, File.ReadAllBytes(path)).Walk();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileScript.Unreadable(path, e);
        }
    }

    private EfCoreScript Walk()
    {
        var next = 0;
        foreach (var guard in _guards)
        {
            for (; next < _outside.Count && _outside[next].Offset < guard.Start; next++)
            {
                if (_outside[next].Offset + _outside[next].Length > guard.Start)
                {
                    var index = Encoding.UTF8.GetCharCount(_script, (int)_outside[next].Offset, guard.Start - (int)_outside[next].Offset);
                    throw MissingSemicolon(_outside[next], index, "runs on into the block");
                }

                Take(_outside[next]);
            }

            Take(guard);
        }

        foreach (var statement in _outside.Skip(next))
        {
            Take(statement);
        }

        if (_transactionLine > 0)
        {
            throw EfCoreError.At(
                "TruncatedScript", _path, _transactionLine, "the transaction that starts here is never committed; the script is cut off.",
                EfCoreError.Regenerate);
        }

        var recorded = _migrations.Count > 0 || _guards.Count > 0;
        if (recorded && (_pending.Count > 0 || _pendingGuard is not null))
        {
            throw Unclosed();
        }

        return new EfCoreScript
        {
            Path = _path,
            Undoes = _undoes,
            HasTransactions = _hasTransactions,
            History = _history,
            Migrations = _migrations,
            Unrecorded = _pending,
            Warnings = _warnings,
        };
    }

    private void Take(SqlStatement statement)
    {
        if (IsStartTransaction(statement) && _transactionLine == 0)
        {
            _transactionLine = statement.Line;
            return;
        }

        if (_transactionLine > 0 && IsCommit(statement))
        {
            _transactionLine = 0;
            return;
        }

        if (IsHeader(statement))
        {
            return;
        }

        RefuseSwallowed(statement);
        var row = HistoryRow.Read(statement.Text);
        if (row is not null && row.Deletes == _undoes && row.HasKnownColumns && !IsHistory(row))
        {
            throw TwoTables(statement.Line, row.Table);
        }

        if (row is not null && row.Deletes == _undoes && IsHistory(row))
        {
            Close(row, statement.Line);
            return;
        }

        if (statement.Kind == StatementKind.Do && Guard.LooksLike(statement.Text))
        {
            throw EfCoreError.At(
                "GuardNotUnderstood", _path, statement.Line, "this block asks the history table but is not laid out as EF Core lays it out.",
                "Do not format the script. " + EfCoreError.Regenerate);
        }

        if (_pendingGuard is not null)
        {
            throw OutsideGuard(statement.Line);
        }

        Add(new ScriptStatement(statement.Text, statement.Kind, statement.Line, statement.Column, OutsideTransaction: IsOutsideTransaction));
    }

    private void Take(Guard guard)
    {
        if (_pending.Count > 0 && _pendingGuard is null)
        {
            throw OutsideGuard(_pendingLine);
        }

        if (_pendingGuard is not null && _pendingGuard.Condition.Id != guard.Condition.Id)
        {
            throw Unclosed();
        }

        if (guard.Condition.Table != _history!.Table || guard.Condition.Column != _history.IdColumn)
        {
            throw TwoTables(guard.Line, guard.Condition.Table);
        }

        if (guard.Condition.Undoes != _undoes)
        {
            throw EfCoreError.At(
                "MixedDirections", _path, guard.Line, "this block undoes a migration in a script that applies some, or the other way round.",
                "Put what applies and what undoes migrations into two files; the second may be called " + DownName);
        }

        var statements = _bodies[guard].ToList();
        if (_pendingGuard is null)
        {
            (_pendingGuard, _pendingLine) = (guard, guard.Line);
        }

        var row = statements.Count > 0 ? HistoryRow.Read(statements[^1].Text) : null;
        if (row is not null && row.Deletes == _undoes && row.Table == _history.Table)
        {
            if (row.Id == guard.Condition.Id)
            {
                // Scripts that were put together by hand have other commands and the row in one block.
                _pending.AddRange(GuardBody.Lift(_script, guard, statements.SkipLast(1).ToList(), IsOutsideTransaction));
                Close(row, statements[^1].Line);
                return;
            }

            // Either a migration that repairs the history with SQL of its own, or a script that was edited. Its last row will tell.
            (_strayRow, _strayRowLine) = (row, statements[^1].Line);
        }

        _pending.AddRange(GuardBody.Lift(_script, guard, statements, IsOutsideTransaction));
        if (statements.Count > 0 && !EndsWithSemicolon(guard, statements[^1]))
        {
            _warnings.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{_path}:{statements[^1].Line}: the statement has no ; at its end. psql would stop here; DbMigrate knows where it ends and runs it."));
        }
    }

    private void Add(ScriptStatement statement)
    {
        if (_pending.Count == 0)
        {
            _pendingLine = statement.Line;
        }

        _pending.Add(statement);
    }

    private void Close(HistoryRow row, int line)
    {
        if (_pendingGuard is not null && _pendingGuard.Condition.Id != row.Id)
        {
            throw Mismatch(row, line);
        }

        // The lengths of EF Core's own columns; a longer value would fail after statements that cannot be rolled back.
        if (_history!.Definition is null && (row.Id.Length > 150 || row.Version?.Length > 32))
        {
            throw EfCoreError.At(
                "HistoryValueTooLong", _path, line, "a migration id has at most 150 characters and EF Core's version at most 32.", EfCoreError.Regenerate);
        }

        var first = _pending.Count > 0 || _pendingGuard is not null ? _pendingLine : line;
        _migrations.Add(new ScriptedMigration(row.Id, row.Version, first, _pending));
        _pending = [];
        _pendingGuard = null;
        _strayRow = null;
    }

    private DbMigrateException Unclosed()
    {
        if (_strayRow is not null)
        {
            return Mismatch(_strayRow, _strayRowLine);
        }

        var whose = _pendingGuard is null ? "what begins here" : $"migration {_pendingGuard.Condition.Id}, which begins here,";
        var verb = _undoes ? "DELETE FROM" : "INSERT INTO";
        return EfCoreError.At(
            "HistoryRowMissing", _path, _pendingLine, $"{whose} is not followed by {verb} {_history!.Table}; the script is cut off or was edited.",
            EfCoreError.Regenerate);
    }

    private DbMigrateException Mismatch(HistoryRow row, int line) => EfCoreError.At(
        "HistoryRowMismatch", _path, line,
        $"the history row is of {row.Id}, but the block that begins in line {_pendingGuard!.Line.ToString(CultureInfo.InvariantCulture)} is of {_pendingGuard.Condition.Id}.",
        EfCoreError.Regenerate);

    private DbMigrateException OutsideGuard(int line) => EfCoreError.At(
        "StatementOutsideGuard", _path, line, "this statement belongs to no migration: it stands between the blocks of an idempotent script.",
        "Move it into a migration with migrationBuilder.Sql(...), or remove it; settings of the session belong into the database's URL.");

    private DbMigrateException TwoTables(int line, JournalTable table) => EfCoreError.At(
        "TwoHistoryTables", _path, line, $"this is recorded in {table}, but what stands before in {_history!.Table}.",
        "Keep the scripts of each DbContext in a folder of their own.");

    // EF Core writes what migrationBuilder.Sql(...) was given. Without a semicolon it runs on into the next command.
    private void RefuseSwallowed(SqlStatement statement)
    {
        var row = HistoryRow.FindInside(statement.Text, _history);
        if (row > 0 && IsEnd(statement.Text, row))
        {
            throw MissingSemicolon(statement, row, "has swallowed the history row");
        }

        var control = SwallowedControl().Match(statement.Text);
        if (control.Success && IsEnd(statement.Text, control.Index))
        {
            throw MissingSemicolon(statement, control.Groups[1].Index, $"has swallowed the {control.Groups[1].Value}");
        }
    }

    private DbMigrateException MissingSemicolon(SqlStatement statement, int swallowed, string what)
    {
        var end = statement.Text.AsSpan(0, swallowed).TrimEnd().Length;
        return EfCoreError.At(
            "MissingSemicolon", _path, LineOf(statement, end),
            string.Create(CultureInfo.InvariantCulture, $"the statement has no ; at its end and {what} of line {LineOf(statement, swallowed)}."),
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

    private static int LineOf(SqlStatement statement, int index)
    {
        var before = statement.Text.AsSpan(0, index);
        return statement.Line + before.Count('\n') + before.Count('\r') - before.Count("\r\n");
    }

    private bool EndsWithSemicolon(Guard guard, SqlStatement last)
    {
        var end = (int)last.Offset + last.Length;
        return _script.AsSpan(end, guard.BodyEnd - end).Contains((byte)';');
    }

    private HistoryTable? FindHistory(List<HistoryRow> rows)
    {
        var header = _outside.Take(2).Select(s => CreateTable().Match(s.Text)).FirstOrDefault(m => m.Success);
        var created = header is null
            ? null
            : new HistoryTable(
                HistoryTable.ParseName(header.Groups["table"].Value),
                HistoryTable.Unquote(header.Groups["id"].Value),
                HistoryTable.Unquote(header.Groups["version"].Value))
            { Definition = header.Groups["definition"].Value };

        HistoryTable? written = null;
        if (_guards.Count > 0)
        {
            var condition = _guards[0].Condition;
            var row = _guards.SelectMany(g => _bodies[g]).Select(s => HistoryRow.Read(s.Text))
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

    private bool IsHistory(HistoryRow row) => _history is not null && row.Table == _history.Table && row.IdColumn == _history.IdColumn;

    private bool IsHeader(SqlStatement statement)
    {
        if (_history?.Definition is null || _migrations.Count > 0 || CreateTable().Match(statement.Text) is not { Success: true } match
            || HistoryTable.ParseName(match.Groups["table"].Value) != _history.Table)
        {
            return false;
        }

        // Before a history table in a schema of its own stands the block that creates the schema.
        if (_pending is [{ Kind: StatementKind.Do } block] && block.Text.Contains("pg_namespace", StringComparison.Ordinal))
        {
            _pending.Clear();
        }

        return _pending.Count == 0;
    }

    private bool IsOutsideTransaction => _hasTransactions && _transactionLine == 0;

    private static bool IsStartTransaction(SqlStatement statement) =>
        statement.Kind == StatementKind.Begin && statement.Text.Equals("START TRANSACTION", StringComparison.OrdinalIgnoreCase);

    private static bool IsCommit(SqlStatement statement) =>
        statement.Kind == StatementKind.Commit && statement.Text.Equals("COMMIT", StringComparison.OrdinalIgnoreCase);

    private string DownName => Path.GetFileNameWithoutExtension(_path) + ".down.sql";

    private List<SqlStatement> Split(byte[] text)
    {
        using var stream = new MemoryStream(text, writable: false);
        return [.. ScriptSplitter.Split(stream, _path)];
    }

    // The file with its blocks blanked out: all places stay what they are.
    private byte[] Outside()
    {
        var text = (byte[])_script.Clone();
        foreach (var guard in _guards)
        {
            Blank(text.AsSpan(guard.Start, guard.End - guard.Start));
        }

        return text;
    }

    // The file with all but the commands in the blocks blanked out, and a semicolon after each command.
    private ILookup<Guard, SqlStatement> SplitBodies()
    {
        if (_guards.Count == 0)
        {
            return Array.Empty<SqlStatement>().ToLookup(_ => default(Guard)!);
        }

        var text = (byte[])_script.Clone();
        var end = 0;
        foreach (var guard in _guards)
        {
            Blank(text.AsSpan(end, guard.BodyStart - end));
            text[guard.BodyEnd] = (byte)';';
            end = guard.BodyEnd + 1;
        }

        Blank(text.AsSpan(end));
        var index = 0;
        return Split(text).ToLookup(statement =>
        {
            while (statement.Offset >= _guards[index].BodyEnd)
            {
                index++;
            }

            return statement.Offset + statement.Length <= _guards[index].BodyEnd ? _guards[index] : throw EfCoreError.At(
                "StatementCrossesGuard", _path, statement.Line, "a literal, quoted name, comment or function body that begins here does not end within its block.",
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
