using System.Globalization;
using System.Management.Automation;
using DbMigrate.Engine.Dumps;

namespace DbMigrate.Commands;

/// <summary>Restores what was saved, beside what there is.</summary>
[Cmdlet(VerbsData.Restore, "DbSnapshot", DefaultParameterSetName = InputSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(RestoreResult))]
public sealed class RestoreDbSnapshotCommand : TargetCommand
{
    private const string InputSet = "InputObject";
    private const string PathSet = "Path";

    /// <summary>What <c>New-DbSnapshot</c> or <c>Get-DbSnapshot</c> gave.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputSet, ValueFromPipeline = true)]
    [ValidateNotNull]
    public DbSnapshot? InputObject { get; set; }

    /// <summary>The dump: a file or a folder.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>The database to make, or an empty one; without it the target itself.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Database { get; set; }

    /// <summary>How many sessions write at once.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int Jobs { get; set; } = 1;

    /// <summary>All or nothing.</summary>
    [Parameter]
    public SwitchParameter SingleTransaction { get; set; }

    /// <summary>Everything is to belong to the role that restores.</summary>
    [Parameter]
    public SwitchParameter NoOwner { get; set; }

    /// <summary>Grant nothing.</summary>
    [Parameter]
    public SwitchParameter NoPrivileges { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        var server = TargetOrDefault();
        var path = InputObject is { } dump ? dump.Path ?? dump.Id : FileSystemPath(Path!);
        var options = new RestoreOptions
        {
            Database = Database, Jobs = Jobs, SingleTransaction = SingleTransaction, NoOwner = NoOwner, NoPrivileges = NoPrivileges,
        };
        var plan = Await(token => DumpRestore.PlanAsync(path, server, options, Observer, token));
        var action = string.Create(
            CultureInfo.InvariantCulture, $"{(plan.Creates ? "Create the database and restore" : "Restore")} {plan.Tables} tables from {plan.Path}");
        if (ShouldProcess(plan.Target.ToString(), action))
        {
            WriteObject(Await(token => DumpRestore.RunAsync(plan, Observer, token)));
        }
    }
}
