using System.Collections.Concurrent;
using System.Management.Automation;

namespace DbMigrate.Commands;

/// <summary>
/// The one place where the pipeline's thread waits for the engine. The engine works on tasks of its own; what it reports is queued and
/// written here, because PowerShell lets only the pipeline's thread write.
/// </summary>
internal sealed class EnginePump(Cmdlet cmdlet) : IEngineObserver, IDisposable
{
    private const int ProgressId = 0x4442;
    private const int ProgressMilliseconds = 200;

    private readonly CancellationTokenSource _stop = new();

    // Null marks the end of the work that is waited for.
    private readonly BlockingCollection<Action?> _writes = [];
    private long _lastProgress;
    private ProgressRecord? _progress;

    /// <summary>Whether the pipeline is being stopped.</summary>
    public bool Stopping => _stop.IsCancellationRequested;

    /// <summary>Cancels the work. Called from any thread.</summary>
    public void Cancel()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The cmdlet ended while the pipeline was being stopped: nothing is left to cancel.
        }
    }

    /// <summary>Does the work, writing what it reports meanwhile, and returns its result when it has ended.</summary>
    public T Await<T>(Func<CancellationToken, Task<T>> work)
    {
        var task = Task.Run(() => work(_stop.Token));
        task.ContinueWith(
            _ => _writes.Add(null), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            Write();
        }
        catch
        {
            // A write throws when the pipeline is stopping or a preference variable makes an error of it. No work may go on behind that.
            Cancel();
            while (_writes.Take() is not null)
            {
            }

            throw;
        }
        finally
        {
            CompleteProgress();
        }

        return task.GetAwaiter().GetResult();
    }

    /// <summary>Hands each item to <paramref name="write"/> on the pipeline's thread as soon as it is there.</summary>
    public void ForEach<T>(Func<CancellationToken, IAsyncEnumerable<T>> source, Action<T> write) => Await(async token =>
    {
        await foreach (var item in source(token).WithCancellation(token))
        {
            Post(() => write(item));
        }

        return true;
    });

    /// <inheritdoc/>
    public void Message(MessageLevel level, string text) => Post(level switch
    {
        MessageLevel.Debug => () => cmdlet.WriteDebug(text),
        MessageLevel.Verbose => () => cmdlet.WriteVerbose(text),
        _ => () => Warn(text),
    });

    /// <inheritdoc/>
    public void Progress(string activity, string status, int percent)
    {
        var last = Interlocked.Read(ref _lastProgress);
        var now = Environment.TickCount64;
        if (now - last < ProgressMilliseconds || Interlocked.CompareExchange(ref _lastProgress, now, last) != last)
        {
            return;
        }

        Post(() =>
        {
            _progress = new ProgressRecord(ProgressId, activity, status.Length == 0 ? " " : status) { PercentComplete = percent };
            cmdlet.WriteProgress(_progress);
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Dispose();
        _writes.Dispose();
    }

    private void Write()
    {
        while (_writes.Take() is { } write)
        {
            write();
        }
    }

    /// <summary>A pipeline that is being stopped takes no warnings any more, and what goes on behind it must be said all the same.</summary>
    private void Warn(string text)
    {
        try
        {
            cmdlet.WriteWarning(text);
        }
        catch (PipelineStoppedException) when (Stopping)
        {
            cmdlet.CommandRuntime.Host?.UI?.WriteWarningLine(text);
            throw;
        }
    }

    private void Post(Action write)
    {
        try
        {
            _writes.Add(write);
        }
        catch (ObjectDisposedException)
        {
            // A report that comes after the cmdlet has ended has no reader.
        }
    }

    private void CompleteProgress()
    {
        if (_progress is not null)
        {
            _progress.RecordType = ProgressRecordType.Completed;
            cmdlet.WriteProgress(_progress);
            _progress = null;
        }
    }
}
