using System.Management.Automation;

namespace DbMigrate.Commands;

/// <summary>
/// What all cmdlets share: waiting for the engine, being stopped, and turning the engine's errors into error records. Their properties,
/// fields and base types never mention a type of the engine: PowerShell looks at those at import, and the engine is not to be loaded then.
/// </summary>
public abstract class EngineCommand : PSCmdlet, IDisposable
{
    private protected const string FileSystem = "FileSystem";

    private readonly EnginePump _pump;

    /// <summary>Creates the cmdlet.</summary>
    protected EngineCommand() => _pump = new EnginePump(this);

    /// <summary>Where the engine reports to: verbose, debug, warning and progress stream.</summary>
    protected IEngineObserver Observer => _pump;

    /// <summary>Does the cmdlet's work for one input object.</summary>
    /// <exception cref="DbMigrateException">Becomes a terminating error.</exception>
    protected virtual void Process()
    {
    }

    /// <summary>Does the work that needs all input objects.</summary>
    /// <exception cref="DbMigrateException">Becomes a terminating error.</exception>
    protected virtual void Finish()
    {
    }

    /// <inheritdoc cref="EnginePump.Await"/>
    protected T Await<T>(Func<CancellationToken, Task<T>> work) => _pump.Await(work);

    /// <inheritdoc cref="EnginePump.Await"/>
    protected void Await(Func<CancellationToken, Task> work) => _pump.Await(async token =>
    {
        await work(token);
        return true;
    });

    /// <inheritdoc cref="EnginePump.ForEach"/>
    protected void ForEach<T>(Func<CancellationToken, IAsyncEnumerable<T>> source, Action<T> write) => _pump.ForEach(source, write);

    /// <summary>Disposes what the engine gave, also while the pipeline is being stopped.</summary>
    protected void Close(IAsyncDisposable resource) => Await(async _ =>
    {
        await resource.DisposeAsync();
        return true;
    });

    /// <summary>
    /// Asks for each item, right before what it is about is done, and returns those up to the first "no"; none with <c>-WhatIf</c>.
    /// </summary>
    protected IReadOnlyList<T> Accept<T>(IEnumerable<T> items, string target, Func<T, string> action)
    {
        var accepted = new List<T>();
        foreach (var item in items)
        {
            var description = $"Performing the operation \"{action(item)}\" on target \"{target}\".";
            if (ShouldProcess(description, description, "Confirm", out var reason))
            {
                accepted.Add(item);
            }
            else if (reason != ShouldProcessReason.WhatIf)
            {
                break;
            }
        }

        return accepted;
    }

    /// <summary>Does one of several pieces of work. Its failure is written as an error that does not end the others, unless the server cannot be reached.</summary>
    protected void GoOnAfterError(Action work)
    {
        try
        {
            work();
        }
        catch (DbMigrateException error) when (error.Kind is not (ErrorKind.Connection or ErrorKind.Authentication) && error.Id != "ConnectTimeout")
        {
            WriteError(ErrorRecords.From(error));
        }
    }

    /// <summary>The absolute path of what may be written relative to the current location.</summary>
    /// <exception cref="DbMigrateException"><c>NotFileSystemPath</c>.</exception>
    private protected string FileSystemPath(string path)
    {
        var literal = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
        return provider.Name == FileSystem ? literal : throw ErrorRecords.NotFileSystem(path);
    }

    /// <inheritdoc/>
    protected sealed override void ProcessRecord() => Guard(Process);

    /// <inheritdoc/>
    protected sealed override void EndProcessing() => Guard(Finish);

    /// <inheritdoc/>
    protected sealed override void StopProcessing() => _pump.Cancel();

    /// <inheritdoc/>
    public void Dispose()
    {
        _pump.Dispose();
        GC.SuppressFinalize(this);
    }

    // Everything else, PipelineStoppedException and FlowControlException above all, goes its way.
    private void Guard(Action step)
    {
        try
        {
            step();
        }
        catch (OperationCanceledException)
        {
            if (!_pump.Stopping)
            {
                // A signal tells the process to end. An error would be for this statement only, and the script's next line would still run.
                WriteWarning("Stopped before it was done, because PowerShell is to end.");
            }

            throw new PipelineStoppedException();
        }
        catch (DbMigrateException error)
        {
            ThrowTerminatingError(ErrorRecords.From(error));
        }
    }
}
