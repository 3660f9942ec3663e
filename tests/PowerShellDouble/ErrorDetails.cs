namespace System.Management.Automation;

public class ErrorDetails(string message)
{
    public string Message => message;

    public string RecommendedAction { get; set; } = "";
}
