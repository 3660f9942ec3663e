namespace System.Management.Automation;

[AttributeUsage(AttributeTargets.Class)]
public sealed class CmdletAttribute(string verbName, string nounName) : Attribute
{
    public string VerbName => verbName;

    public string NounName => nounName;

    public string? DefaultParameterSetName { get; set; }

    public bool SupportsShouldProcess { get; set; }

    public ConfirmImpact ConfirmImpact { get; set; }
}
