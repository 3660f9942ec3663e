using System.Collections.ObjectModel;

namespace System.Management.Automation;

/// <summary>Paths relative to the process's current folder, with <c>*</c> and <c>?</c> in the last part only.</summary>
public sealed class PathIntrinsics
{
    private static readonly ProviderInfo FileSystem = new("FileSystem");

    public PathInfo CurrentFileSystemLocation => new(Environment.CurrentDirectory);

    public string GetUnresolvedProviderPathFromPSPath(string path, out ProviderInfo provider, out PSDriveInfo? drive)
    {
        provider = path.StartsWith("Env:", StringComparison.OrdinalIgnoreCase) ? new ProviderInfo("Environment") : FileSystem;
        drive = null;
        return Path.GetFullPath(path);
    }

    public Collection<string> GetResolvedProviderPathFromPSPath(string path, out ProviderInfo provider)
    {
        provider = FileSystem;
        var full = Path.GetFullPath(path);
        var last = Path.GetFileName(full);
        if (last.Contains('[', StringComparison.Ordinal) || full.AsSpan(0, full.Length - last.Length).ContainsAny("*?["))
        {
            throw new NotSupportedException("The stand-in knows * and ? in the last part of a path only.");
        }

        var found = Directory.GetFileSystemEntries(Path.GetDirectoryName(full)!, last).Order(StringComparer.Ordinal).ToList();
        return found.Count > 0 || last.AsSpan().ContainsAny("*?") ? new Collection<string>(found) : throw new ItemNotFoundException(path);
    }
}
