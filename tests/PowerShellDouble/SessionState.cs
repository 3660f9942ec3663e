namespace System.Management.Automation;

public sealed class SessionState
{
    public PathIntrinsics Path { get; } = new();
}
