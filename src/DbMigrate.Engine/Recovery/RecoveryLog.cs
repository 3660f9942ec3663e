using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Recovery;

/// <summary>Follows the log of a server that recovers; it tells all that there is to know, and nobody can log in yet.</summary>
internal sealed partial class RecoveryLog(string path)
{
    private const int TailLines = 12;

    private readonly StringBuilder _rest = new();
    private readonly Queue<string> _tail = new();
    private long _position;

    /// <summary>The last file that came out of the archive.</summary>
    public string? Segment { get; private set; }

    /// <summary>How far the replay is, as the server says it every ten seconds from PostgreSQL 15 on.</summary>
    public string? Position { get; private set; }

    /// <summary>When the last transaction that was replayed was committed.</summary>
    public DateTimeOffset? LastCommit { get; private set; }

    /// <summary>Where it stopped, in the server's words; null while it has not come to what was asked for.</summary>
    public string? Stop { get; private set; }

    /// <summary>Whether it waits there.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Whether it takes connections and changes.</summary>
    public bool IsReady { get; private set; }

    /// <summary>What ended the server, in its words.</summary>
    public string? Fatal { get; private set; }

    /// <summary>The last lines.</summary>
    public string Tail => string.Join('\n', _tail);

    /// <summary>Reads what has been written since.</summary>
    public void Read()
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Position = _position;
        using var reader = new StreamReader(file, Encoding.UTF8, detectEncodingFromByteOrderMarks: false);
        var text = reader.ReadToEnd();
        _position = file.Position;
        _rest.Append(text);
        var lines = _rest.ToString().Split('\n');
        _rest.Clear().Append(lines[^1]);
        foreach (var line in lines[..^1])
        {
            Take(line.TrimEnd('\r'));
        }
    }

    private void Take(string line)
    {
        _tail.Enqueue(line.Length > 500 ? line[..500] + " …" : line);
        if (_tail.Count > TailLines)
        {
            _tail.Dequeue();
        }

        if (Restored().Match(line) is { Success: true } restored)
        {
            Segment = restored.Groups[1].Value;
        }
        else if (InProgress().Match(line) is { Success: true } progress)
        {
            Position = progress.Groups[1].Value;
        }
        else if (LastTime().Match(line) is { Success: true } last)
        {
            LastCommit = Time(last.Groups[1].Value) ?? LastCommit;
        }
        else if (Stopping().Match(line) is { Success: true } stop)
        {
            Stop = stop.Groups[1].Value;
        }
        else if (line.Contains("LOG:  pausing at the end of recovery", StringComparison.Ordinal) || line.Contains("LOG:  recovery has paused", StringComparison.Ordinal))
        {
            IsPaused = true;
        }
        else if (line.EndsWith("LOG:  database system is ready to accept connections", StringComparison.Ordinal))
        {
            IsReady = true;
        }
        else if (Failure().Match(line) is { Success: true } failure && !line.Contains("not yet accepting connections", StringComparison.Ordinal)
            && !line.Contains("the database system is", StringComparison.Ordinal))
        {
            Fatal ??= failure.Groups[1].Value;
        }
    }

    // Our settings have the server write its log in UTC: 2026-11-21 22:55:01.123456+00.
    private static DateTimeOffset? Time(string text) =>
        text.EndsWith("+00", StringComparison.Ordinal) && DateTimeOffset.TryParse(text[..^3] + "Z", CultureInfo.InvariantCulture, out var time) ? time.ToUniversalTime() : null;

    [GeneratedRegex("restored log file \"([0-9A-F]{24})\" from archive")]
    private static partial Regex Restored();

    [GeneratedRegex("redo in progress, .* current LSN: ([0-9A-F]+/[0-9A-F]+)")]
    private static partial Regex InProgress();

    [GeneratedRegex("last completed transaction was at log time (.*)$")]
    private static partial Regex LastTime();

    [GeneratedRegex("LOG:  (recovery stopping (?:before|after|at) .*)$")]
    private static partial Regex Stopping();

    [GeneratedRegex("(?:FATAL|PANIC):  (.*)$")]
    private static partial Regex Failure();
}
