namespace System.Management.Automation.Runspaces;

/// <summary>The default one flows with the test, over its awaits; in PowerShell it belongs to the pipeline's thread.</summary>
public class Runspace
{
    private static readonly AsyncLocal<Runspace?> Default = new();

    internal Runspace()
    {
    }

    public static Runspace? DefaultRunspace
    {
        get => Default.Value;
        set => Default.Value = value;
    }
}
