using System.Text;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>
/// One block of an idempotent script: <c>DO $EF$</c>, <c>BEGIN</c>, <c>IF [NOT] EXISTS(...) THEN</c>, one command of EF Core with four blanks before
/// each line, <c>END IF;</c>, <c>END $EF$;</c>.
/// </summary>
/// <param name="Line">The line of <c>DO</c>, from 1.</param>
/// <param name="Start">The first byte of <c>DO</c>.</param>
/// <param name="BodyStart">The first byte of the command.</param>
/// <param name="BodyEnd">The first byte of the line <c>END IF;</c>.</param>
/// <param name="End">The byte after <c>END $EF$;</c>.</param>
/// <param name="Condition">What the block asks the history table.</param>
internal sealed partial record Guard(int Line, int Start, int BodyStart, int BodyEnd, int End, GuardCondition Condition)
{
    /// <summary>How many lines of wrapper precede the command.</summary>
    public const int HeadLines = 3;

    /// <summary>EF Core's indentation.</summary>
    public const int Indent = 4;

    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The line of the command's first line.</summary>
    public int BodyLine => Line + HeadLines;

    /// <summary>
    /// Finds the blocks by whole lines. Dollar quoting would be wrong: data that holds <c>$EF$</c> ends the quote for PostgreSQL, and EF Core does not
    /// see to it. Every line of a command has four blanks in front or is empty, so <c>END $EF$;</c> at the start of a line is a block's end.
    /// </summary>
    /// <param name="script">The file.</param>
    /// <param name="path">The file's name for error messages.</param>
    /// <exception cref="DbMigrateException"><c>TruncatedScript</c></exception>
    public static IReadOnlyList<Guard> FindAll(byte[] script, string path)
    {
        var guards = new List<Guard>();
        var lines = new Lines(script);
        while (lines.MoveNext())
        {
            if (!lines.Is("DO $EF$"u8))
            {
                continue;
            }

            var (line, start) = (lines.Number, lines.Start);
            if (!lines.MoveNext() || !lines.Is("BEGIN"u8) || !lines.MoveNext() || ReadCondition(lines.Current) is not { } condition)
            {
                continue;
            }

            var bodyStart = lines.Next;
            var (previousStart, previousIsEndIf) = (bodyStart, false);
            while (true)
            {
                if (!lines.MoveNext() || lines.Is("DO $EF$"u8))
                {
                    throw EfCoreError.At(
                        "TruncatedScript", path, line, $"the block that begins here has no END $EF$; the script is cut off or was edited.",
                        EfCoreError.Regenerate);
                }

                if (lines.Is("END $EF$;"u8))
                {
                    break;
                }

                (previousStart, previousIsEndIf) = (lines.Start, lines.Is("    END IF;"u8));
            }

            if (!previousIsEndIf)
            {
                throw EfCoreError.At(
                    "TruncatedScript", path, line, "the block that begins here has no END IF; before END $EF$; the script was edited.",
                    EfCoreError.Regenerate);
            }

            guards.Add(new Guard(line, start, bodyStart, previousStart, lines.End, condition));
        }

        return guards;
    }

    /// <summary>Whether a statement is such a block in another layout, for example after a formatter went over the script.</summary>
    public static bool LooksLike(string statement) => AnyLayout().IsMatch(statement);

    private static GuardCondition? ReadCondition(ReadOnlySpan<byte> line)
    {
        string text;
        try
        {
            text = s_strictUtf8.GetString(line);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }

        var match = ConditionLine().Match(text);
        if (!match.Success)
        {
            return null;
        }

        var table = HistoryTable.ParseName(match.Groups["table"].Value);
        return table.Name == "pg_namespace"
            ? null
            : new GuardCondition(
                table,
                HistoryTable.Unquote(match.Groups["column"].Value),
                match.Groups["id"].Value.Replace("''", "'", StringComparison.Ordinal),
                Undoes: !match.Groups["not"].Success);
    }

    [GeneratedRegex(
        @"\A    IF (?<not>NOT )?EXISTS\(SELECT 1 FROM (?<table>" + HistoryTable.Name + @") WHERE (?<column>" + HistoryTable.Identifier
        + @") = '(?<id>(?:[^']|'')*)'\) THEN\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex ConditionLine();

    [GeneratedRegex(
        @"\bIF\s+(?:NOT\s+)?EXISTS\s*\(\s*SELECT\s+1\s+FROM\s+" + HistoryTable.Name + @"\s+WHERE\s+""?migration_?id""?\s*=",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AnyLayout();

    /// <summary>The lines of a file, without line ends and without a BOM.</summary>
    private ref struct Lines(ReadOnlySpan<byte> script)
    {
        private readonly ReadOnlySpan<byte> _text = script;

        /// <summary>Of the current line, from 1.</summary>
        public int Number { get; private set; }

        public int Start { get; private set; }

        public int End { get; private set; }

        /// <summary>Where the next line starts.</summary>
        public int Next { get; private set; }

        public readonly ReadOnlySpan<byte> Current => _text[Start..End];

        public bool MoveNext()
        {
            if (Next >= _text.Length)
            {
                return false;
            }

            Start = Next;
            if (Number == 0 && _text.StartsWith("\uFEFF"u8))
            {
                Start = 3;
            }

            var length = _text[Start..].IndexOfAny((byte)'\n', (byte)'\r');
            End = length < 0 ? _text.Length : Start + length;
            Next = length < 0 ? End : _text[End..].StartsWith("\r\n"u8) ? End + 2 : End + 1;

            Number++;
            return true;
        }

        public readonly bool Is(ReadOnlySpan<byte> expected) => Current.SequenceEqual(expected);
    }
}
