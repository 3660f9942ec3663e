namespace System.Management.Automation;

[AttributeUsage(AttributeTargets.All, AllowMultiple = true)]
public sealed class ParameterAttribute : Attribute
{
    public bool Mandatory { get; set; }

    public int Position { get; set; }

    public string? ParameterSetName { get; set; }

    public bool ValueFromPipeline { get; set; }

    public bool ValueFromPipelineByPropertyName { get; set; }
}
