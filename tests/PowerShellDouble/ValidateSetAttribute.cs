namespace System.Management.Automation;

[AttributeUsage(AttributeTargets.All)]
public sealed class ValidateSetAttribute(params string[] validValues) : Attribute
{
    public IList<string> ValidValues => validValues;
}
