using DbMigrate.Commands;

namespace DbMigrate.PowerShell.Tests;

/// <summary>A cmdlet whose work is the test's.</summary>
internal sealed class StubCommand(Action<StubCommand> work) : EngineCommand
{
    public new IEngineObserver Observer => base.Observer;

    public new T Await<T>(Func<CancellationToken, Task<T>> action) => base.Await(action);

    public new void ForEach<T>(Func<CancellationToken, IAsyncEnumerable<T>> source, Action<T> write) => base.ForEach(source, write);

    protected override void Process() => work(this);
}
