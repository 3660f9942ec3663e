namespace System.Management.Automation.Host;

public abstract class PSHost;
