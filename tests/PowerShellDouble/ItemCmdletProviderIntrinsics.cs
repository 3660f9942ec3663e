using System.Collections.ObjectModel;

namespace System.Management.Automation;

/// <summary>Knows files, by their literal paths.</summary>
public sealed class ItemCmdletProviderIntrinsics
{
    public Collection<PSObject> Get(string[] path, bool force, bool literalPath) =>
        literalPath ? new(path.Select(file => new PSObject(new FileInfo(file))).ToList()) : throw new NotSupportedException();
}
