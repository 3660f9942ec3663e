using System.Management.Automation;
using DbMigrate.Aws.Rds;
using DbMigrate.Engine.Dumps;

namespace DbMigrate.Commands;

/// <summary>What there is to go back to: dumps in a folder, or snapshots in RDS.</summary>
[Cmdlet(VerbsCommon.Get, "DbSnapshot", DefaultParameterSetName = DumpSet)]
[OutputType(typeof(DbSnapshot))]
public sealed class GetDbSnapshotCommand : SnapshotCommand
{
    private const string DumpSet = "Dump";
    private const string RdsSet = "Rds";

    /// <summary>A folder with dumps, or one dump.</summary>
    [Parameter(Position = 0, ParameterSetName = DumpSet)]
    [Alias("Folder")]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Compare checksums, which reads all bytes.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    public SwitchParameter Verify { get; set; }

    /// <summary>The RDS instance or cluster; * for all of the account.</summary>
    [Parameter(Mandatory = true, ParameterSetName = RdsSet)]
    [Alias("ClusterId", "SourceId")]
    [ValidateNotNullOrEmpty]
    public string? InstanceId { get; set; }

    /// <summary>Only those whose name fits; wildcards are allowed.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[]? Id { get; set; }

    /// <summary>Only those that are younger, and whole.</summary>
    [Parameter]
    [AgeTransformation]
    public TimeSpan? NewerThan { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        var wanted = new NameFilter(Id);
        var since = NewerThan is { } age ? DateTimeOffset.UtcNow - age : default(DateTimeOffset?);
        foreach (var snapshot in Found())
        {
            if (wanted.Fits(snapshot.Id) && (since is null || (snapshot.CreatedAt >= since && snapshot is { Status: "available", IsPartial: false })))
            {
                WriteObject(snapshot);
            }
        }
    }

    private IEnumerable<DbSnapshot> Found()
    {
        // A target in RDS has its snapshots there, unless a folder is named.
        var source = InstanceId ?? (Path is null && Target is not null ? RdsHost.SourceId(Target.Host) : null);
        if (source is not null)
        {
            using var rds = new RdsSnapshots(Aws(source, Target is null ? null : RdsHost.Region(Target.Host)), Observer);

            // The oldest first, as of dumps: copies of unknown age at the start, those that are being taken at the end.
            return Await(token => rds.ListAsync(source == "*" ? null : source, token)).Reverse();
        }

        RefuseAwsParameters();
        var folder = FileSystemPath(Path ?? ".");
        return Await(token => Target is null ? DumpFolder.ListAsync(folder, Verify, Observer, token) : DumpFolder.ListOfAsync(folder, Verify, Target, Observer, token));
    }
}
