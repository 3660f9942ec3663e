namespace System.Management.Automation;

[AttributeUsage(AttributeTargets.All)]
public sealed class ValidateRangeAttribute(object minRange, object maxRange) : Attribute
{
    public object MinRange => minRange;

    public object MaxRange => maxRange;
}
