namespace System.Management.Automation;

[AttributeUsage(AttributeTargets.All)]
public sealed class AllowNullAttribute : Attribute;
