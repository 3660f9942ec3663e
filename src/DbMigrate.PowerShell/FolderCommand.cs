using System.Management.Automation;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Commands;

/// <summary>A cmdlet that works on migration folders.</summary>
public abstract class FolderCommand : EngineCommand
{
    private protected const string PathSet = "Path";
    private protected const string LiteralPathSet = "LiteralPath";

    /// <summary>Folders, or EF Core scripts; wildcards are allowed.</summary>
    [Parameter(Position = 0, ParameterSetName = PathSet, ValueFromPipeline = true)]
    [PathTransformation]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[]? Path { get; set; }

    /// <summary>Folders, or EF Core scripts, exactly as written.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    /// <summary>The tool whose rules the folder follows.</summary>
    [Parameter]
    public MigrationFormat? Format { get; set; }

    /// <summary>The folders to work on: absolute paths.</summary>
    private protected IEnumerable<string> Folders() => Paths.SelectMany(Folders);

    /// <summary>Works on each folder; one that is no good is an error of its own, and the next one has its turn.</summary>
    private protected void ForEachFolder(Action<string> work)
    {
        foreach (var path in Paths)
        {
            GoOnAfterError(() =>
            {
                foreach (var folder in Folders(path))
                {
                    GoOnAfterError(() => work(folder));
                }
            });
        }
    }

    /// <summary>Opens a folder and a database, uses them, and closes them whatever happens.</summary>
    private protected void Use(MigrationSource source, DbTarget target, Action<MigrationProject> use)
    {
        var project = Await(token => MigrationProject.OpenAsync(source, target, Observer, token));
        try
        {
            use(project);
        }
        finally
        {
            Close(project);
        }
    }

    private IEnumerable<string?> Paths => (IEnumerable<string?>?)(LiteralPath ?? Path) ?? [null];

    private IEnumerable<string> Folders(string? path) =>
        path is null ? [CurrentFolder()] : LiteralPath is not null ? [FileSystemPath(path)] : Expand(path);

    private string CurrentFolder()
    {
        var current = SessionState.Path.CurrentFileSystemLocation.ProviderPath;
        return FolderLocator.Usual(current) ?? current;
    }

    private IEnumerable<string> Expand(string path)
    {
        if (!WildcardPattern.ContainsWildcardCharacters(path))
        {
            // Completion writes `[ for a bracket that is part of the name.
            return [FileSystemPath(WildcardPattern.Unescape(path))];
        }

        try
        {
            var found = SessionState.Path.GetResolvedProviderPathFromPSPath(path, out var provider);
            return provider.Name != FileSystem ? throw ErrorRecords.NotFileSystem(path)
                : found.Count == 0 ? throw ErrorRecords.NoMatch(path)
                : found;
        }
        catch (ItemNotFoundException)
        {
            throw ErrorRecords.NoMatch(path);
        }
    }
}
