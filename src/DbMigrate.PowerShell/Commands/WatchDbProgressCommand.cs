using System.Management.Automation;
using DbMigrate.Engine.Activity;

namespace DbMigrate.Commands;

/// <summary>How far index builds, VACUUM, CLUSTER, ANALYZE, COPY and base backups are, again and again.</summary>
[Cmdlet(VerbsCommon.Watch, "DbProgress")]
[OutputType(typeof(DbProgress))]
public sealed class WatchDbProgressCommand : TargetCommand
{
    /// <summary>Only what this process of the server does.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Pid")]
    [NumberTransformation]
    [ValidateRange(1, int.MaxValue)]
    public int? ProcessId { get; set; }

    /// <summary>The time between two looks.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long to watch at most; 0 for as long as there is something to see.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan Timeout { get; set; }

    /// <summary>Look a single time.</summary>
    [Parameter]
    public SwitchParameter Once { get; set; }

    /// <inheritdoc/>
    protected override void Process() => Use(TargetOrDefault(), session =>
    {
        var options = new ProgressWatchOptions { ProcessId = ProcessId, Interval = Interval, Timeout = Timeout, Once = Once };
        ForEach(token => ProgressWatch.WatchAsync(session, options, Observer, token), WriteObject);
    });
}
