namespace System.Management.Automation;

public class CompletionResult;
