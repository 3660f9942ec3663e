namespace DbMigrate.Engine.Formats;

/// <summary>What lies directly in a migration folder; nothing is opened.</summary>
/// <param name="Name">The name in the folder.</param>
/// <param name="Path">The absolute path.</param>
/// <param name="Kind">What it is.</param>
internal readonly record struct FolderEntry(string Name, string Path, FolderEntryKind Kind)
{
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0 };

    /// <summary>Lists a folder in the byte-like order of names, hidden ones too.</summary>
    /// <exception cref="DbMigrateException"><c>FolderNotFound</c>, <c>NotAFolder</c>, <c>UnreadableFolder</c>.</exception>
    public static IReadOnlyList<FolderEntry> List(string folder)
    {
        if (File.Exists(folder))
        {
            throw new DbMigrateException(
                "NotAFolder",
                ErrorKind.InvalidArgument,
                $"{folder} is a file, not a migration folder.",
                "Name the folder that holds the migrations.")
            {
                Subject = folder,
            };
        }

        try
        {
            return new DirectoryInfo(folder).EnumerateFileSystemInfos("*", Everything)
                .Select(i => new FolderEntry(i.Name, i.FullName, KindOf(i)))
                .OrderBy(e => e.Name, StringComparer.Ordinal)
                .ToList();
        }
        catch (DirectoryNotFoundException e)
        {
            throw new DbMigrateException(
                "FolderNotFound",
                ErrorKind.NotFound,
                $"There is no folder {folder}.",
                "Check the path; a relative one starts at the current directory.",
                e)
            {
                Subject = folder,
            };
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new DbMigrateException(
                "UnreadableFolder",
                ErrorKind.Permission,
                $"The folder {folder} cannot be read: {e.Message}",
                "Give your user the right to read it.",
                e)
            {
                Subject = folder,
            };
        }
    }

    private static FolderEntryKind KindOf(FileSystemInfo info)
    {
        // Cloud placeholders on Windows are reparse points too, but no links.
        var target = info.Attributes.HasFlag(FileAttributes.ReparsePoint) && info.LinkTarget is not null ? TargetOf(info) : info;
        return target switch
        {
            null => FolderEntryKind.BrokenLink,
            DirectoryInfo => ReferenceEquals(target, info) ? FolderEntryKind.Folder : FolderEntryKind.LinkToFolder,
            _ => FolderEntryKind.File,
        };
    }

    private static FileSystemInfo? TargetOf(FileSystemInfo link)
    {
        try
        {
            return link.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true } target ? target : null;
        }
        catch (IOException)
        {
            // A link that leads back to itself.
            return null;
        }
    }
}
