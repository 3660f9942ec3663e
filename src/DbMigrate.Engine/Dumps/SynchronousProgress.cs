namespace DbMigrate.Engine.Dumps;

/// <summary>Tells on the thread that works; <see cref="Progress{T}"/> would queue reports elsewhere.</summary>
internal sealed class SynchronousProgress(Action<long> report) : IProgress<long>
{
    public void Report(long value) => report(value);
}
