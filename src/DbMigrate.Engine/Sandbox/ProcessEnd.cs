using System.Runtime.InteropServices;

namespace DbMigrate.Engine.Sandbox;

/// <summary>
/// Cancels a piece of work when this process is to end (SIGTERM as from a build server's abort or systemd, SIGHUP, a regular exit), and keeps the process until the
/// work has cleared up behind itself, half a minute at most. Ctrl-C is not among them: it cancels in its own way, and PowerShell lives on after it.
/// </summary>
internal sealed class ProcessEnd : IDisposable
{
    // What ends processes kills them some time later: Docker after 10 s, Kubernetes after 30, systemd after 90.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _source;
    private readonly ManualResetEventSlim _done = new();
    private readonly EventHandler _atExit;
    private readonly PosixSignalRegistration[] _atSignals;

    /// <param name="cancellationToken">Cancels the work as well.</param>
    public ProcessEnd(CancellationToken cancellationToken)
    {
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _atExit = (_, _) => End();
        AppDomain.CurrentDomain.ProcessExit += _atExit;

        // Since .NET 10 a process that a signal ends has no exit event.
        _atSignals = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => End()), PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => End())];
    }

    /// <summary>For the work.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Says that the work is done, and all cleared up.</summary>
    public void Dispose()
    {
        _done.Set();
        AppDomain.CurrentDomain.ProcessExit -= _atExit;
        foreach (var registration in _atSignals)
        {
            registration.Dispose();
        }
    }

    private void End()
    {
        // The work's own clearing up must not run here, on the thread that waits for it.
        _ = _source.CancelAsync();
        _done.Wait(s_patience);
    }
}
