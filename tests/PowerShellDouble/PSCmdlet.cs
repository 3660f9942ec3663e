namespace System.Management.Automation;

public abstract class PSCmdlet : Cmdlet
{
    public SessionState SessionState { get; } = new();

    public InvocationInfo MyInvocation { get; } = new();

    public ProviderIntrinsics InvokeProvider { get; } = new();

    public object? GetVariableValue(string name) => name == "ConfirmPreference"
        ? ConfirmImpact.High
        : throw new NotSupportedException($"The double has no variable {name}.");
}
