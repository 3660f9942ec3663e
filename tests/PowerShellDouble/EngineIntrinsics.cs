namespace System.Management.Automation;

public class EngineIntrinsics;
