namespace DbMigrate.Cli;

/// <summary>How an error is printed: what is wrong, where, the line with a caret, what the server adds, and the next step.</summary>
internal static class FailureText
{
    /// <summary>The lines, each safe to print.</summary>
    public static IEnumerable<string> Lines(DbMigrateException error)
    {
        // The message of a failed run ends with the failure as text; here it is shown in its parts.
        var failure = (error as MigrationFailedException)?.Failed?.Error;
        var message = failure is null
            ? error.Message
            : error.Message.Replace(failure.ToString(), failure.Message, StringComparison.Ordinal);
        foreach (var line in Indented("error: ", message))
        {
            yield return line;
        }

        if (failure is not null)
        {
            foreach (var line in Where(failure, message))
            {
                yield return line;
            }
        }

        foreach (var line in Indented("Next: ", error.NextStep))
        {
            yield return line;
        }
    }

    private static IEnumerable<string> Where(SqlFailure failure, string said)
    {
        if (failure.File is not null && failure.Line > 0)
        {
            var state = failure.SqlState is null ? "" : $" ({failure.SqlState})";
            yield return PlainText.OneLine($"  at {failure.File}:{failure.Line}:{failure.Column}{state}");
        }

        if (failure.SourceLine is not null)
        {
            yield return "   | " + PlainText.SameWidth(failure.SourceLine);
            yield return "   | " + failure.Caret;
        }

        if (!said.Contains(failure.Message, StringComparison.Ordinal))
        {
            foreach (var line in Indented("  server: ", failure.Message))
            {
                yield return line;
            }
        }

        foreach (var line in Indented("  detail: ", failure.Detail).Concat(Indented("  hint: ", failure.Hint)))
        {
            yield return line;
        }
    }

    private static IEnumerable<string> Indented(string label, string? text)
    {
        var first = true;
        foreach (var line in text is null ? [] : text.Split('\n'))
        {
            yield return PlainText.OneLine((first ? label : new string(' ', label.Length)) + line.TrimEnd('\r'));
            first = false;
        }
    }
}
