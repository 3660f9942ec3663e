using System.Collections.Concurrent;

namespace DbMigrate.Testing;

/// <summary>Remembers everything that it is told.</summary>
public sealed class RecordingObserver : IEngineObserver
{
    private readonly ConcurrentQueue<(MessageLevel Level, string Text)> _messages = new();
    private readonly ConcurrentQueue<(string Activity, string Status, int Percent)> _progress = new();

    /// <summary>The messages so far, in order.</summary>
    public IReadOnlyList<(MessageLevel Level, string Text)> Messages => [.. _messages];

    /// <summary>The reports of progress so far, in order.</summary>
    public IReadOnlyList<(string Activity, string Status, int Percent)> ProgressReports => [.. _progress];

    /// <summary>The texts of one level so far, in order.</summary>
    public IReadOnlyList<string> Texts(MessageLevel level) => [.. _messages.Where(m => m.Level == level).Select(m => m.Text)];

    /// <inheritdoc/>
    public void Message(MessageLevel level, string text) => _messages.Enqueue((level, text));

    /// <inheritdoc/>
    public void Progress(string activity, string status, int percent) => _progress.Enqueue((activity, status, percent));
}
