namespace System.Management.Automation;

public sealed class PSTransactionContext
{
    internal PSTransactionContext()
    {
    }
}
