namespace System.Management.Automation;

public class PSDriveInfo;
