using DbMigrate.Testing;

namespace DbMigrate.Engine.Tests.Backfill;

/// <summary>Does something once, when the first batch is committed; the backfill waits until it is done.</summary>
internal sealed class ActingObserver(Func<Task> act) : IEngineObserver, IDisposable
{
    private readonly RecordingObserver _recorded = new();
    private readonly SemaphoreSlim _once = new(1);

    public IReadOnlyList<string> Texts(MessageLevel level) => _recorded.Texts(level);

    public void Message(MessageLevel level, string text) => _recorded.Message(level, text);

    public void Progress(string activity, string status, int percent)
    {
        if (_once.Wait(0))
        {
            Task.Run(act).GetAwaiter().GetResult();
        }
    }

    public void Dispose() => _once.Dispose();
}
