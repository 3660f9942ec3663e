namespace System.Management.Automation;

public class MetadataException : RuntimeException
{
    public MetadataException(string message)
        : base(message)
    {
    }

    public MetadataException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
