using System.Collections;
using System.Globalization;
using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Sql;

namespace DbMigrate.Engine.Backfill;

/// <summary>
/// What a person wrote behind SET or WHERE, read with PostgreSQL's own rules: it is one expression or list that cannot end the statement around it.
/// Comments are left out; <c>@name</c> has become a parameter.
/// </summary>
internal sealed class SqlFragment
{
    private readonly List<(string Sql, string? Value, bool IsValue)> _parts = [];

    private SqlFragment()
    {
    }

    /// <summary>Reads what stands behind SET.</summary>
    /// <exception cref="DbMigrateException"><c>InvalidBackfillSql</c>, <c>InvalidBackfillParameter</c>.</exception>
    public static SqlFragment Assignments(string text, IReadOnlyDictionary<string, object?> parameters, ISet<string> used) =>
        Read("Set", text, parameters, used);

    /// <summary>Reads what stands behind WHERE.</summary>
    /// <inheritdoc cref="Assignments(string, IReadOnlyDictionary{string, object?}, ISet{string})"/>
    public static SqlFragment Condition(string text, IReadOnlyDictionary<string, object?> parameters, ISet<string> used) =>
        Read("Where", text, parameters, used);

    /// <summary>Columns with their new values.</summary>
    public static SqlFragment Assignments(IReadOnlyDictionary<string, object?> values)
    {
        var fragment = new SqlFragment();
        foreach (var (column, value) in values)
        {
            fragment._parts.Add(((fragment._parts.Count == 0 ? "" : ", ") + JournalTable.Quote(column) + " = ", null, false));
            fragment._parts.Add(("", ValueText(column, value), true));
        }

        return fragment;
    }

    /// <summary>Adds it to a statement.</summary>
    public void AppendTo(SqlBuilder command)
    {
        foreach (var part in _parts)
        {
            _ = part.IsValue ? command.Value(part.Value) : command.Add(part.Sql);
        }
    }

    /// <summary>What identifies it, values included.</summary>
    public override string ToString() => string.Join('\u0001', _parts.Select(p => p.IsValue ? "\u0002" + (p.Value ?? "\u0003") : p.Sql));

    private static SqlFragment Read(string option, string text, IReadOnlyDictionary<string, object?> parameters, ISet<string> used)
    {
        var fragment = new SqlFragment();
        var lexer = new SqlLexer(text);
        var start = 0;
        var depth = 0;
        var any = false;
        var afterDistinct = false;
        var at = new SqlToken();
        while (lexer.Read(out var token))
        {
            var word = lexer.TextOf(token).ToString();
            if (token.IsComment)
            {
                fragment.AddSql(text[start..token.Offset] + " ");
                start = token.End;
                continue;
            }

            any = true;
            depth += token.Kind switch { SqlTokenKind.LeftParenthesis => 1, SqlTokenKind.RightParenthesis => -1, _ => 0 };
            if (depth < 0 || Refusal(token.Kind) is not null)
            {
                throw Invalid(option, depth < 0 ? "there is a ) without its (" : Refusal(token.Kind)!, word);
            }

            // FROM would join other tables, and the range of the batch would end up in the wrong place.
            if (option == "Set" && depth == 0 && token.Kind == SqlTokenKind.Word && IsClause(word) && !(afterDistinct && Is(word, "FROM")))
            {
                throw Invalid(option, $"{word.ToUpperInvariant()} ends the list of assignments", word);
            }

            if (token.Kind == SqlTokenKind.Word && at.Length > 0 && at.End == token.Offset && parameters.Count > 0)
            {
                fragment.AddSql(text[start..(at.End - 1)]);
                var name = parameters.Keys.FirstOrDefault(k => string.Equals(k, word, StringComparison.OrdinalIgnoreCase))
                    ?? throw Parameter($"-{option} mentions @{word}, and there is no such parameter.", word);
                used.Add(name);
                fragment._parts.Add(("", ValueText(name, parameters[name]), true));
                start = token.End;
            }

            // In "a <@b" the sign belongs to the operator <@; everywhere else it starts a name.
            at = token.Kind == SqlTokenKind.Operator && word.EndsWith('@') && word != "<@" ? token : default;
            afterDistinct = token.Kind == SqlTokenKind.Word && Is(word, "DISTINCT");
        }

        if (depth != 0 || !any)
        {
            throw Invalid(option, any ? "there is a ( without its )" : "it is empty", text);
        }

        fragment.AddSql(text[start..]);
        return fragment;
    }

    private static bool IsClause(string word) => Is(word, "FROM") || Is(word, "WHERE") || Is(word, "RETURNING");

    private static bool Is(string word, string keyword) => string.Equals(word, keyword, StringComparison.OrdinalIgnoreCase);

    private static string? Refusal(SqlTokenKind kind) => kind switch
    {
        SqlTokenKind.Semicolon => "a ; would end the statement",
        SqlTokenKind.MetaCommand => "that is a command of psql",
        SqlTokenKind.Parameter => "parameters are written @name",
        SqlTokenKind.UnterminatedString or SqlTokenKind.UnterminatedDollarString => "a string has no end",
        SqlTokenKind.UnterminatedQuotedIdentifier => "a quoted identifier has no end",
        SqlTokenKind.UnterminatedComment => "a comment has no end",
        SqlTokenKind.Unknown => "PostgreSQL knows no such character",
        _ => null,
    };

    private static DbMigrateException Invalid(string option, string why, string at)
    {
        var near = at.Length > 40 ? at[..39] + "…" : at;
        return new DbMigrateException(
            "InvalidBackfillSql",
            ErrorKind.InvalidArgument,
            $"-{option} (--{option.ToLowerInvariant()}) cannot be used: {why}{(near.Length == 0 ? "" : $", at {near}")}.",
            option == "Set" ? "Write what UPDATE has behind SET: status = 'active', checked = true" : "Write what UPDATE has behind WHERE: status IS NULL") { Subject = at };
    }

    /// <summary>The error for a parameter that is not as it should be.</summary>
    public static DbMigrateException Parameter(string message, string name) => new(
        "InvalidBackfillParameter", ErrorKind.InvalidArgument, message, "Give each @name of -Set and -Where one value in -Parameter (--parameter name=value).") { Subject = name };

    /// <summary>As the server reads a quoted literal (manual 8, the input forms of the types).</summary>
    private static string? ValueText(string name, object? value) => value switch
    {
        null or DBNull => null,
        string text => text,
        bool flag => flag ? "true" : "false",
        DateTime or DateTimeOffset or DateOnly or TimeOnly => ((IFormattable)value).ToString("O", CultureInfo.InvariantCulture),
        TimeSpan time => time.TotalSeconds.ToString(CultureInfo.InvariantCulture) + " seconds",
        byte[] bytes => @"\x" + Convert.ToHexString(bytes),
        IEnumerable => throw Parameter($"The value of {name} is a list or an object, not a single value.", name),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

    private void AddSql(string sql)
    {
        if (sql.Length > 0)
        {
            _parts.Add((sql, null, false));
        }
    }
}
