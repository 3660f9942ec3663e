using System.Text;

namespace DbMigrate.Engine.Formats;

/// <summary>The files of a migration that is being made.</summary>
internal static class NewMigrationFiles
{
    // What Windows forbids in file names is refused everywhere: the folder is shared through version control.
    private static readonly System.Buffers.SearchValues<char> Forbidden = System.Buffers.SearchValues.Create("/\\:*?\"<>|");

    /// <summary>Checks what a person typed as the name of a migration, and trims it.</summary>
    /// <exception cref="DbMigrateException"><c>InvalidName</c>.</exception>
    public static string CheckName(string name)
    {
        var trimmed = name.Trim();
        if (trimmed.Length == 0)
        {
            throw InvalidName(name, "it is empty");
        }

        if (trimmed.AsSpan().IndexOfAny(Forbidden) is var at and >= 0)
        {
            throw InvalidName(name, $"not every system allows '{trimmed[at]}' in a file name");
        }

        return trimmed.Any(char.IsControl) ? throw InvalidName(name, "it has a control character") : trimmed;
    }

    /// <summary>The error for a name that cannot become a file name.</summary>
    public static DbMigrateException InvalidName(string name, string why) =>
        new(
            "InvalidName",
            ErrorKind.InvalidArgument,
            $"'{name}' cannot be the name of a migration: {why}.",
            "Say in a few plain words what it does.")
        {
            Subject = name,
        };

    /// <summary>Writes the files, and the folders they need, and never over something that is there.</summary>
    /// <param name="files">Paths and contents.</param>
    /// <param name="write">False to only check and tell the paths.</param>
    /// <exception cref="DbMigrateException"><c>FileExists</c>, <c>InvalidName</c> when it is too long, <c>UnwritableFolder</c>.</exception>
    public static IReadOnlyList<string> Create(IReadOnlyList<(string Path, string Content)> files, bool write)
    {
        foreach (var (path, _) in files)
        {
            // The longest name that the file systems in use allow.
            if (Encoding.UTF8.GetByteCount(Path.GetFileName(path)) > 255)
            {
                throw InvalidName(Path.GetFileName(path), "it is longer than 255 bytes");
            }

            if (Path.Exists(path))
            {
                throw Exists(path);
            }
        }

        foreach (var (path, content) in write ? files : [])
        {
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
                file.Write(Encoding.UTF8.GetBytes(content));
            }
            catch (IOException e) when (Path.Exists(path))
            {
                throw Exists(path, e);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new DbMigrateException(
                    "UnwritableFolder",
                    ErrorKind.Permission,
                    $"{path} cannot be written: {e.Message}",
                    "Give your user the right to write there.",
                    e)
                {
                    Subject = path,
                };
            }
        }

        return files.Select(f => f.Path).ToList();
    }

    /// <summary>The error for a file or directory that is there.</summary>
    public static DbMigrateException Exists(string path, Exception? inner = null) =>
        new("FileExists", ErrorKind.Exists, $"{path} is there already.", "Take another name, or edit that migration.", inner)
        {
            Subject = path,
        };
}
