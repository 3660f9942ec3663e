namespace System.Management.Automation;

public class ErrorRecord(Exception exception, string errorId, ErrorCategory errorCategory, object? targetObject)
{
    public Exception Exception => exception;

    public string FullyQualifiedErrorId => errorId;

    public ErrorCategoryInfo CategoryInfo { get; } = new(errorCategory);

    public object? TargetObject => targetObject;

    public ErrorDetails? ErrorDetails { get; set; }
}
