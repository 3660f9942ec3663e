namespace System.Management.Automation;

public class ItemNotFoundException(string message) : RuntimeException(message);
