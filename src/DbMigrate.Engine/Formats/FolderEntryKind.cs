namespace DbMigrate.Engine.Formats;

/// <summary>What a name in a folder stands for.</summary>
internal enum FolderEntryKind
{
    /// <summary>A file, or a link to one.</summary>
    File,

    /// <summary>A directory.</summary>
    Folder,

    /// <summary>A link to a directory; Prisma passes over it.</summary>
    LinkToFolder,

    /// <summary>A link whose target is not there.</summary>
    BrokenLink,
}
