using DbMigrate.Testing;

namespace DbMigrate.Engine.Tests.Backfill;

/// <summary>Does something once, when the first batch is committed, or at a message; the backfill waits until it is done.</summary>
/// <param name="act">What to do.</param>
/// <param name="message">A part of the message to do it at; null for the first batch.</param>
internal sealed class ActingObserver(Func<Task> act, string? message = null) : IEngineObserver, IDisposable
{
    private readonly RecordingObserver _recorded = new();
    private readonly SemaphoreSlim _once = new(1);

    public IReadOnlyList<string> Texts(MessageLevel level) => _recorded.Texts(level);

    public IReadOnlyList<(string Activity, string Status, int Percent)> ProgressReports => _recorded.ProgressReports;

    public void Message(MessageLevel level, string text)
    {
        _recorded.Message(level, text);
        if (message is not null && text.Contains(message, StringComparison.Ordinal))
        {
            Act();
        }
    }

    public void Progress(string activity, string status, int percent)
    {
        _recorded.Progress(activity, status, percent);
        if (message is null)
        {
            Act();
        }
    }

    public void Dispose() => _once.Dispose();

    private void Act()
    {
        if (_once.Wait(0))
        {
            Task.Run(act).GetAwaiter().GetResult();
        }
    }
}
