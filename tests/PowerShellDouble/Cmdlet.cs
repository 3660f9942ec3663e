using System.Management.Automation.Internal;

namespace System.Management.Automation;

public abstract class Cmdlet : InternalCommand
{
    public ICommandRuntime CommandRuntime { get; set; } = null!;

    protected virtual void BeginProcessing()
    {
    }

    protected virtual void ProcessRecord()
    {
    }

    protected virtual void EndProcessing()
    {
    }

    protected virtual void StopProcessing()
    {
    }

    public void WriteObject(object sendToPipeline) => CommandRuntime.WriteObject(sendToPipeline);

    public void WriteObject(object sendToPipeline, bool enumerateCollection) =>
        CommandRuntime.WriteObject(sendToPipeline, enumerateCollection);

    public void WriteError(ErrorRecord errorRecord) => CommandRuntime.WriteError(errorRecord);

    public void WriteVerbose(string text) => CommandRuntime.WriteVerbose(text);

    public void WriteDebug(string text) => CommandRuntime.WriteDebug(text);

    public void WriteWarning(string text) => CommandRuntime.WriteWarning(text);

    public void WriteProgress(ProgressRecord progressRecord) => CommandRuntime.WriteProgress(progressRecord);

    public bool ShouldProcess(string target, string action) => CommandRuntime.ShouldProcess(target, action);

    public bool ShouldProcess(string verboseDescription, string verboseWarning, string caption, out ShouldProcessReason reason) =>
        CommandRuntime.ShouldProcess(verboseDescription, verboseWarning, caption, out reason);

    public void ThrowTerminatingError(ErrorRecord errorRecord) => CommandRuntime.ThrowTerminatingError(errorRecord);
}
