namespace System.Management.Automation;

[AttributeUsage(AttributeTargets.All)]
public class ArgumentCompleterAttribute(Type type) : Attribute
{
    public Type Type => type;
}
