using System.Management.Automation;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Commands;

/// <summary>Creates the files of a new migration in the folder's own numbering and format.</summary>
[Cmdlet(VerbsCommon.New, "Migration", DefaultParameterSetName = PathSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(FileInfo))]
public sealed class NewMigrationCommand : FolderCommand
{
    private bool? _reversible;

    /// <summary>What the migration does, in words.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    /// <summary>Create a file that undoes the migration as well; without it, what the folder does so far.</summary>
    [Parameter]
    public SwitchParameter Reversible
    {
        get => _reversible ?? false;
        set => _reversible = value;
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (var folder in Folders())
        {
            var source = new MigrationSource(folder, Format);
            var files = NewMigration.Create(source, Name, _reversible, write: false);
            if (ShouldProcess(folder, "Create " + string.Join(", ", files.Select(file => System.IO.Path.GetRelativePath(folder, file)))))
            {
                // As the file system's provider gives them, so that they bind to -LiteralPath of whatever comes next.
                var created = NewMigration.Create(source, Name, _reversible, write: true);
                WriteObject(InvokeProvider.Item.Get([.. created], force: true, literalPath: true), enumerateCollection: true);
            }
        }
    }
}
