using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace DbMigrate.PowerShell.Tests;

/// <summary>Takes the place of a pipeline: records what a cmdlet writes, and answers its questions.</summary>
internal sealed class RecordingRuntime : ICommandRuntime
{
    private readonly int _pipelineThread = Environment.CurrentManagedThreadId;

    /// <summary>The objects written.</summary>
    public List<object?> Output { get; } = [];

    /// <summary>The non-terminating errors written.</summary>
    public List<ErrorRecord> Errors { get; } = [];

    /// <summary>The verbose messages written.</summary>
    public List<string> Verbose { get; } = [];

    /// <summary>The debug messages written.</summary>
    public List<string> Debug { get; } = [];

    /// <summary>The warnings written.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>The progress written: status, and whether it ended the activity.</summary>
    public List<(string Status, bool Completed)> Progress { get; } = [];

    /// <summary>What the cmdlet asked before it did it.</summary>
    public List<string> Questions { get; } = [];

    /// <summary>As with <c>-WhatIf</c>: the answer is "no", for that reason.</summary>
    public bool WhatIf { get; init; }

    /// <summary>How many questions are answered with "yes" before one is answered with "no".</summary>
    public int Yes { get; set; } = int.MaxValue;

    /// <summary>Called for each object written, on the pipeline's thread.</summary>
    public Action<object?>? OnObject { get; init; }

    /// <inheritdoc/>
    public PSHost Host => throw new NotSupportedException();

    /// <inheritdoc/>
    public PSTransactionContext CurrentPSTransaction => throw new NotSupportedException();

    /// <inheritdoc/>
    public void WriteObject(object sendToPipeline)
    {
        OnPipelineThread();
        Output.Add(sendToPipeline);
        OnObject?.Invoke(sendToPipeline);
    }

    /// <inheritdoc/>
    public void WriteObject(object sendToPipeline, bool enumerateCollection)
    {
        foreach (var item in enumerateCollection ? (IEnumerable)sendToPipeline : new[] { sendToPipeline })
        {
            WriteObject(item);
        }
    }

    /// <inheritdoc/>
    public void WriteError(ErrorRecord errorRecord) => Record(Errors, errorRecord);

    /// <inheritdoc/>
    public void WriteVerbose(string text) => Record(Verbose, text);

    /// <inheritdoc/>
    public void WriteDebug(string text) => Record(Debug, text);

    /// <inheritdoc/>
    public void WriteWarning(string text) => Record(Warnings, text);

    /// <inheritdoc/>
    public void WriteProgress(ProgressRecord progressRecord) =>
        Record(Progress, (progressRecord.StatusDescription, progressRecord.RecordType == ProgressRecordType.Completed));

    /// <inheritdoc/>
    public bool ShouldProcess(string target, string action) => Ask($"{action} on {target}");

    /// <inheritdoc/>
    public bool ShouldProcess(string verboseDescription, string verboseWarning, string caption, out ShouldProcessReason shouldProcessReason)
    {
        shouldProcessReason = WhatIf ? ShouldProcessReason.WhatIf : ShouldProcessReason.None;
        return Ask(verboseDescription);
    }

    /// <inheritdoc/>
    public void ThrowTerminatingError(ErrorRecord errorRecord) => throw new TerminatingErrorException(errorRecord);

    /// <inheritdoc/>
    public void WriteProgress(long sourceId, ProgressRecord progressRecord) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void WriteCommandDetail(string text) => throw new NotSupportedException();

    /// <inheritdoc/>
    public bool ShouldProcess(string target) => throw new NotSupportedException();

    /// <inheritdoc/>
    public bool ShouldProcess(string verboseDescription, string verboseWarning, string caption) => throw new NotSupportedException();

    /// <inheritdoc/>
    public bool ShouldContinue(string query, string caption) => throw new NotSupportedException();

    /// <inheritdoc/>
    public bool ShouldContinue(string query, string caption, ref bool yesToAll, ref bool noToAll) => throw new NotSupportedException();

    /// <inheritdoc/>
    public bool TransactionAvailable() => throw new NotSupportedException();

    private bool Ask(string question)
    {
        Record(Questions, question);
        return !WhatIf && Yes-- > 0;
    }

    private void Record<T>(List<T> stream, T item)
    {
        OnPipelineThread();
        stream.Add(item);
    }

    // As PowerShell does: it refuses a write that comes from anywhere but the pipeline's thread.
    private void OnPipelineThread() => Assert.Equal(_pipelineThread, Environment.CurrentManagedThreadId);
}
