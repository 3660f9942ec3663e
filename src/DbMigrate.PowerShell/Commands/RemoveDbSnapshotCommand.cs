using System.Management.Automation;
using DbMigrate.Aws.Rds;
using DbMigrate.Engine.Dumps;

namespace DbMigrate.Commands;

/// <summary>Removes what nobody will go back to any more.</summary>
[Cmdlet(VerbsCommon.Remove, "DbSnapshot", DefaultParameterSetName = InputSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
public sealed class RemoveDbSnapshotCommand : SnapshotCommand
{
    private const string InputSet = "InputObject";
    private const string PathSet = "Path";

    /// <summary>What <c>Get-DbSnapshot</c> gave.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputSet, ValueFromPipeline = true)]
    [ValidateNotNull]
    public DbSnapshot[]? InputObject { get; set; }

    /// <summary>A dump, or with <see cref="OlderThan"/> a folder of dumps.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Only those that are older.</summary>
    [Parameter]
    [AgeTransformation]
    public TimeSpan? OlderThan { get; set; }

    /// <summary>Also one that is not ours, or is to be kept.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (var snapshot in InputObject ?? InFolder())
        {
            if (OlderThan is { } age && !(snapshot.CreatedAt < DateTimeOffset.UtcNow - age))
            {
                WriteVerbose($"{snapshot.Id} is not old enough.");
                continue;
            }

            GoOnAfterError(() => Remove(snapshot));
        }
    }

    private IReadOnlyList<DbSnapshot> InFolder()
    {
        RefuseAwsParameters();
        var path = FileSystemPath(Path!);
        var dumps = Await(token => DumpFolder.ListAsync(path, verify: false, Observer, token));
        var isFolder = dumps is not [{ Path: { } only }] || only != System.IO.Path.TrimEndingDirectorySeparator(path);
        if (isFolder && OlderThan is null)
        {
            throw ErrorRecords.SnapshotsNotNamed(path);
        }

        // Out of a folder come only those that may go; a dump that is named and may not is an error.
        return isFolder && !Force ? [.. dumps.Where(d => d.IsOurs && !(d.KeepUntil > DateTimeOffset.UtcNow))] : dumps;
    }

    private void Remove(DbSnapshot snapshot)
    {
        var isDump = snapshot.Kind == DbSnapshotKind.Dump;
        if (isDump)
        {
            // What is piped in may have lost a property on its way, as with Select-Object.
            DumpFolder.CheckRemovable(snapshot.Path ?? snapshot.Id, Force);
        }
        else
        {
            snapshot.CheckRemovable(Force);
        }

        var size = snapshot.Size is { } bytes ? $", {ByteSize.Text(bytes)}" : "";
        if (!ShouldProcess(snapshot.Path ?? snapshot.Id, $"Remove the {(isDump ? "dump" : "snapshot")} of {snapshot.Source} taken at {snapshot.CreatedAt:u}{size}"))
        {
            return;
        }

        if (isDump)
        {
            DumpFolder.Remove(snapshot.Path ?? snapshot.Id, Force);
            return;
        }

        using var rds = new RdsSnapshots(Aws(snapshot.Id, snapshot.Region), Observer);
        Await(async token =>
        {
            await rds.RemoveAsync(snapshot, Force, token);
            return true;
        });
    }
}
