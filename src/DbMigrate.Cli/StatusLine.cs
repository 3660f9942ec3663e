using System.Globalization;
using DbMigrate.Engine.Sql;

namespace DbMigrate.Cli;

/// <summary>
/// The line forms for people and <c>grep</c>: <c>VERSION/WORD: NAME (MARK)</c>. The word says what a run makes of the migration, the mark
/// what is special about it. Documented in docs/command-line.md.
/// </summary>
internal static class StatusLine
{
    /// <summary>For example <c>20240201000000/pending: 003_new_feature (NEW)</c>.</summary>
    public static string Of(MigrationStatus status)
    {
        var (word, mark) = status.State switch
        {
            MigrationState.Applied => ("installed", ""),
            MigrationState.Pending => ("pending", " (NEW)"),
            MigrationState.OutOfOrder => ("pending", " (OUT OF ORDER)"),
            MigrationState.RolledBack => ("pending", " (ROLLED BACK)"),
            MigrationState.Modified => ("installed", " (MODIFIED)"),
            MigrationState.Missing => ("installed", " (MISSING FILE)"),
            _ => ("failed", " (NOT FINISHED)"),
        };
        var note = string.IsNullOrEmpty(status.Note) ? "" : " - " + status.Note;
        return Line(status.Version, word, status.Name) + mark + note;
    }

    /// <summary>For example <c>20240201000000/would apply: 003_new_feature</c>.</summary>
    public static string Planned(MigrationStatus status, string would) => Line(status.Version, "would " + would, status.Name);

    /// <summary>For example <c>20240201000000/installed: 003_new_feature (12 ms, 3 statements, 40 rows)</c>.</summary>
    public static string Of(MigrationResult result)
    {
        var line = Line(result.Version, Word(result.Outcome), result.Name);
        return result.Outcome switch
        {
            MigrationOutcome.Applied or MigrationOutcome.Undone => $"{line} ({Work(result)})",
            MigrationOutcome.AlreadyApplied => line + " (BY ANOTHER RUNNER)",
            _ => line,
        };
    }

    /// <summary>For example <c>a.sql:3:1: create, 120 bytes at 14: CREATE TABLE a (</c>.</summary>
    public static string Of(string file, SqlStatement statement)
    {
        var end = statement.Text.AsSpan().IndexOfAny('\r', '\n');
        var text = end < 0 ? statement.Text : statement.Text[..end];
        text = text.Length > 80 ? text[..79] + "…" : text;
        var place = string.Create(CultureInfo.InvariantCulture, $"{file}:{statement.Line}:{statement.Column}");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{place}: {JsonLine.Name(statement.Kind)}, {statement.Length} bytes at {statement.Offset}: {text}");
    }

    /// <summary>Who waits for whom, and what would end it; in a tree, the line of the tree.</summary>
    public static string Of(BlockingQuery wait) =>
        wait is BlockingTreeNode || !wait.IsRoot ? wait.ToString() : $"{wait}. {wait.Advice}: {wait.Blocking.AdviceReason}";

    /// <summary>For example <c>ended: pid 123 (user app, …). It has ended, and its transaction was rolled back.</c></summary>
    public static string Of(StopResult result) => $"{JsonLine.Name(result.Outcome)}: {result.Session}. {result.Reason}";

    /// <summary>For example <c>public.users/would backfill: about 5000 rows by primary key (id)</c>.</summary>
    public static string Of(BackfillPlan plan)
    {
        var about = plan.EstimatedRows is { } rows ? $"about {Counted(rows, "row")}" : "rows";
        var before = plan.Resumes ? $", going on behind {Counted(plan.RowsBefore, "row")}" : "";
        return $"{plan.Table}/would backfill: {about} by {plan.Walk}{before}";
    }

    /// <summary>For example <c>public.users/backfilled: 5000 rows (1.2 s, 4 batches, 4166 rows/s)</c>.</summary>
    public static string Of(BackfillResult result)
    {
        var line = $"{result.Table}/backfilled: {Counted(result.Rows, "row")} ({Elapsed(result.Duration)}, {Counted(result.Batches, "batch", "batches")}";
        line += string.Create(CultureInfo.InvariantCulture, $", {result.RowsPerSecond:0} rows/s");
        line += result.RowsBefore == 0 ? ")" : $", {Counted(result.RowsBefore, "row")} by earlier runs)";
        return result.NotNullColumn is null ? line : $"{line}, {result.NotNullColumn} is NOT NULL";
    }

    private static string Word(MigrationOutcome outcome) => outcome switch
    {
        MigrationOutcome.Undone => "undone",
        MigrationOutcome.Failed => "failed",
        MigrationOutcome.NotRun => "not run",
        _ => "installed",
    };

    // A name is one word, as it is in the file's name, also where the tool's table has blanks (SQLx).
    private static string Line(string version, string word, string name) =>
        name.Length == 0 ? $"{version}/{word}" : $"{version}/{word}: {name.Replace(' ', '_')}";

    private static string Work(MigrationResult result)
    {
        var text = $"{Elapsed(result.Duration)}, {Counted(result.Statements, "statement")}";
        text += result.Rows == 0 ? "" : ", " + Counted(result.Rows, "row");
        return result.Attempts <= 1 ? text : text + ", " + Counted(result.Attempts, "attempt");
    }

    /// <summary><c>12 ms</c>, <c>3.4 s</c>, <c>2 min 5 s</c>.</summary>
    public static string Elapsed(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms"),
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalMinutes} min {time.Seconds} s"),
    };

    /// <summary><c>1 row</c>, <c>2 rows</c>.</summary>
    public static string Counted(long number, string noun, string? several = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{number} {(number == 1 ? noun : several ?? noun + "s")}");
}
