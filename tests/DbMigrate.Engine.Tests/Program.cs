using DbMigrate;
using DbMigrate.Engine.Dumps;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;

// Run as a program, this assembly is a process that owns a sandbox, or takes a dump, for tests that end such a process in one way or another.
if (args is ["dump", var folder])
{
    var options = new DumpOptions { Folder = folder, Id = "killed" };
    var plan = await DatabaseDump.PlanAsync(TargetResolver.Resolve(null, Environment.GetEnvironmentVariable), options, new RecordingObserver(), CancellationToken.None);
    await DatabaseDump.RunAsync(plan, new RecordingObserver(), CancellationToken.None);
    return 0;
}

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
