namespace System.Management.Automation;

public abstract class PSCmdlet : Cmdlet
{
    public SessionState SessionState { get; } = new();

    public ProviderIntrinsics InvokeProvider { get; } = new();
}
