namespace System.Management.Automation.Runspaces;

public static class RunspaceFactory
{
    public static Runspace CreateRunspace() => new();
}
