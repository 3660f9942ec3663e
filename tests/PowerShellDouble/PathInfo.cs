namespace System.Management.Automation;

public sealed class PathInfo(string providerPath)
{
    public string ProviderPath => providerPath;
}
