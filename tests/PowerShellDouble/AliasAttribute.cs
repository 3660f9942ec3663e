namespace System.Management.Automation;

[AttributeUsage(AttributeTargets.All)]
public sealed class AliasAttribute(params string[] aliasNames) : Attribute
{
    public IList<string> AliasNames => aliasNames;
}
