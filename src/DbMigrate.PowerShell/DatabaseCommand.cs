using System.Management.Automation;

namespace DbMigrate.Commands;

/// <summary>A cmdlet that compares migration folders with a database.</summary>
public abstract class DatabaseCommand : FolderCommand
{
    /// <summary>The database; else the session's, else the environment's.</summary>
    [Parameter]
    [TargetTransformation]
    [ValidateNotNull]
    public DbTarget? Target { get; set; }

    /// <summary>The tracking table, when it is not the tool's usual one.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? JournalTable { get; set; }

    /// <summary>The database to work on.</summary>
    private protected DbTarget TargetOrDefault() => Target ?? Session.Current.DefaultTarget();
}
