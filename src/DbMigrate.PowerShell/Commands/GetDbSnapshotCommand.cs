using System.Management.Automation;
using DbMigrate.Engine.Dumps;

namespace DbMigrate.Commands;

/// <summary>What there is to go back to.</summary>
[Cmdlet(VerbsCommon.Get, "DbSnapshot", DefaultParameterSetName = DumpSet)]
[OutputType(typeof(DbSnapshot))]
public sealed class GetDbSnapshotCommand : EngineCommand
{
    private const string DumpSet = "Dump";

    /// <summary>A folder with dumps, or one dump.</summary>
    [Parameter(Position = 0, ParameterSetName = DumpSet)]
    [Alias("Folder")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = ".";

    /// <summary>Only those of this database.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    [TargetTransformation]
    [ValidateNotNull]
    public DbTarget? Target { get; set; }

    /// <summary>Compare checksums, which reads all bytes.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    public SwitchParameter Verify { get; set; }

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
        var wanted = Id?.Select(id => WildcardPattern.Get(id, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant)).ToList();
        var since = NewerThan is { } age ? DateTimeOffset.UtcNow - age : default(DateTimeOffset?);
        var folder = FileSystemPath(Path);
        foreach (var dump in Await(token => DumpFolder.ListAsync(folder, Verify, Observer, token)).Where(Fits))
        {
            WriteObject(dump);
        }

        bool Fits(DbSnapshot dump) =>
            (wanted is null || wanted.Exists(pattern => pattern.IsMatch(dump.Id)))
            && (since is null || (dump.CreatedAt >= since && dump.Status == "available"))
            && (Target is null || DumpFolder.IsOf(dump, Target));
    }
}
