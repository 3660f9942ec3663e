namespace System.Management.Automation;

[AttributeUsage(AttributeTargets.Class)]
public sealed class OutputTypeAttribute(params Type[] type) : Attribute
{
    public Type[] Type => type;
}
