namespace System.Management.Automation;

public class PipelineStoppedException : RuntimeException;
