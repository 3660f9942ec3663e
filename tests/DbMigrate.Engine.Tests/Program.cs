using DbMigrate;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;

// Run as a program, this assembly is a process that owns a sandbox, for tests that end such a process in one way or another.
using var cancel = new CancellationTokenSource();
IEngineObserver observer = args is ["cancelled"] ? new CancellingObserver(cancel) : new RecordingObserver();
try
{
    var sandbox = await DbSandbox.StartAsync(install: true, observer, cancel.Token);
    Console.WriteLine(sandbox.Directory);
    Console.WriteLine(sandbox.ProcessId);
    await Console.In.ReadLineAsync();
    return 0;
}
catch (OperationCanceledException)
{
    return 3;
}

/// <summary>Cancels as soon as the server is about to be made.</summary>
internal sealed class CancellingObserver(CancellationTokenSource cancel) : IEngineObserver
{
    public void Message(MessageLevel level, string text)
    {
        if (text.StartsWith("Starting PostgreSQL", StringComparison.Ordinal))
        {
            cancel.CancelAfter(TimeSpan.FromMilliseconds(200));
        }
    }

    public void Progress(string activity, string status, int percent)
    {
    }
}
