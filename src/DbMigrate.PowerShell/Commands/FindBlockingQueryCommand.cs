using System.Management.Automation;
using DbMigrate.Engine.Activity;

namespace DbMigrate.Commands;

/// <summary>Shows who waits for a lock, for whom, since when, and what would end the wait.</summary>
[Cmdlet(VerbsCommon.Find, "BlockingQuery")]
[OutputType(typeof(BlockingQuery), typeof(BlockingTreeNode))]
public sealed class FindBlockingQueryCommand : TargetCommand
{
    /// <summary>Only what these sessions wait for: pids, or results of migrations.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("ProcessId", "Pid")]
    [ProcessIdTransformation]
    public int[]? For { get; set; }

    /// <summary>Sessions of all databases of the server, and not only of this one.</summary>
    [Parameter]
    public SwitchParameter AllDatabases { get; set; }

    /// <summary>The queries uncut.</summary>
    [Parameter]
    public SwitchParameter Full { get; set; }

    /// <summary>Show the waits as a tree below their roots.</summary>
    [Parameter]
    public SwitchParameter Tree { get; set; }

    /// <summary>Keep looking, and show new waits as they begin.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>How long to keep looking; 0 with -Wait until stopped.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan Timeout { get; set; } = TimeSpan.Zero;

    /// <summary>The time between two looks.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override void Process() => Use(TargetOrDefault(), session =>
    {
        var options = new LockTreeOptions { ForPids = For, OnlyThisDatabase = !AllDatabases, FullQueries = Full };
        if (Wait || Timeout > TimeSpan.Zero)
        {
            ForEach(token => LockWatch.ReadAsync(session, options, Interval, Timeout, token), change => Show(Tree ? change.Tree : change.Added));
        }
        else
        {
            Show(Await(token => LockTree.ReadAsync(session, options, token)));
        }
    });

    private void Show(IReadOnlyList<BlockingQuery> waits) => WriteObject(Tree ? BlockingTree.Arrange(waits) : waits, enumerateCollection: true);
}
