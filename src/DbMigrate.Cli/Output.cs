using System.Text;
using DbMigrate.Engine.Sql;

namespace DbMigrate.Cli;

/// <summary>
/// Everything that is printed passes through here. Results go to stdout, as lines or as JSON; messages, errors and progress go to stderr.
/// With JSON the last line on stdout is the error, if there was one.
/// </summary>
internal sealed class Output(TextWriter stdout, TextWriter stderr, bool showProgress) : IEngineObserver, IDisposable
{
    private readonly object _gate = new();
    private int _progressWidth;

    /// <summary>JSON instead of lines.</summary>
    public bool Json { get; set; }

    /// <summary>Why not all results could be written; null when they were. A reader that has gone is no reason.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Tell what is decided, too.</summary>
    public bool Verbose { get; set; }

    /// <summary>
    /// The process's own streams. A pipe or file gets UTF-8 whatever the console's code page is; progress shows on a terminal only.
    /// </summary>
    public static Output ToConsole() => new(
        Console.IsOutputRedirected ? Utf8(Console.OpenStandardOutput()) : Console.Out,
        Console.IsErrorRedirected ? Utf8(Console.OpenStandardError()) : Console.Error,
        showProgress: !Console.IsErrorRedirected);

    /// <summary>Prints a migration with its state.</summary>
    public void Status(MigrationStatus status) => Result(() => StatusLine.Of(status), () => JsonLine.Of(status));

    /// <summary>Prints what a run would do with a migration.</summary>
    public void Planned(MigrationStatus status, string would) =>
        Result(() => StatusLine.Planned(status, would), () => JsonLine.Planned(status, would));

    /// <summary>Prints what a run did with a migration.</summary>
    public void Outcome(MigrationResult result) => Result(() => StatusLine.Of(result), () => JsonLine.Of(result));

    /// <summary>Prints what a backfill would do.</summary>
    public void Planned(BackfillPlan plan) => Result(() => StatusLine.Of(plan), () => JsonLine.Of(plan));

    /// <summary>Prints what a backfill did.</summary>
    public void Outcome(BackfillResult result) => Result(() => StatusLine.Of(result), () => JsonLine.Of(result));

    /// <summary>Prints a file that was made, or would be.</summary>
    public void File(string path, bool created) =>
        Result(() => (created ? "Created " : "Would create ") + path, () => JsonLine.File(path, created));

    /// <summary>Prints who waits for whom.</summary>
    public void Wait(BlockingQuery wait) => Result(() => StatusLine.Of(wait), () => JsonLine.Of(wait));

    /// <summary>Prints what became of a session that was to be stopped.</summary>
    public void Stopped(StopResult result) => Result(() => StatusLine.Of(result), () => JsonLine.Of(result));

    /// <summary>Prints a statement of a script. There may be millions of them, so the stream is not flushed.</summary>
    public void Statement(string file, SqlStatement statement) =>
        Write(stdout, Json ? JsonLine.Of(file, statement) : PlainText.OneLine(StatusLine.Of(file, statement)), flush: false);

    /// <summary>Prints what goes on in a database.</summary>
    public void Activity(DbActivity activity)
    {
        foreach (var line in Json ? [JsonLine.Of(activity)] : ActivityLines.Of(activity).Select(PlainText.OneLine))
        {
            Write(stdout, line);
        }
    }

    /// <summary>Prints a table's size.</summary>
    public void Size(DbTableSize table) => Result(() => ActivityLines.Of(table), () => JsonLine.Of(table));

    /// <summary>Prints a sentence for people; nothing with JSON.</summary>
    public void Line(string text = "")
    {
        if (!Json)
        {
            Write(stdout, PlainText.OneLine(text));
        }
    }

    /// <summary>Prints an error, and with JSON also as the last object on stdout.</summary>
    public void Error(DbMigrateException error)
    {
        foreach (var line in FailureText.Lines(error))
        {
            Write(stderr, line);
        }

        if (Json)
        {
            Write(stdout, JsonLine.Of(error));
        }
    }

    /// <summary>Prints what is wrong with the arguments. They may hold an address, so passwords are taken out.</summary>
    public void UsageError(IEnumerable<string> errors, string next)
    {
        foreach (var error in errors)
        {
            Write(stderr, PlainText.OneLine("error: " + PlainText.WithoutPassword(error)));
        }

        Write(stderr, "Next: " + next);
    }

    /// <inheritdoc/>
    public void Message(MessageLevel level, string text)
    {
        if (level == MessageLevel.Warning || Verbose)
        {
            foreach (var line in text.Split('\n'))
            {
                Write(stderr, PlainText.OneLine((level == MessageLevel.Warning ? "warning: " : "") + line.TrimEnd('\r')));
            }
        }
    }

    /// <inheritdoc/>
    public void Progress(string activity, string status, int percent)
    {
        if (showProgress)
        {
            lock (_gate)
            {
                ClearProgress();
                var text = PlainText.OneLine(percent < 0 ? status : $"{percent} % {status}");
                text = text.Length > 78 ? text[..77] + "…" : text;
                Quietly(stderr, w =>
                {
                    w.Write(text);
                    w.Flush();
                });
                _progressWidth = text.Length;
            }
        }
    }

    /// <summary>Writes what is still held back.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            ClearProgress();
            Quietly(stdout, w => w.Flush());
            Quietly(stderr, w => w.Flush());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Flush();

    private static StreamWriter Utf8(Stream stream) => new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 16 * 1024);

    private void Result(Func<string> line, Func<string> json) => Write(stdout, Json ? json() : PlainText.OneLine(line()));

    private void Write(TextWriter writer, string line, bool flush = true)
    {
        lock (_gate)
        {
            ClearProgress();
            Quietly(writer, w =>
            {
                w.WriteLine(line);
                if (flush)
                {
                    w.Flush();
                }
            });
        }
    }

    // No reason to leave a migration half done. Where nobody reads on, the runtime swallows EPIPE by itself on Unix, on Windows it does not.
    private void Quietly(TextWriter writer, Action<TextWriter> write)
    {
        const int BrokenPipe = unchecked((int)0x8007006D);
        const int PipeClosing = unchecked((int)0x800700E8);
        try
        {
            write(writer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // A closed descriptor (>&-) is no right to write, for the runtime.
            if (writer == stdout && e.HResult is not (BrokenPipe or PipeClosing))
            {
                Failure ??= e;
            }
        }
    }

    private void ClearProgress()
    {
        if (_progressWidth > 0)
        {
            var blank = '\r' + new string(' ', _progressWidth) + '\r';
            Quietly(stderr, w => w.Write(blank));
            _progressWidth = 0;
        }
    }
}
