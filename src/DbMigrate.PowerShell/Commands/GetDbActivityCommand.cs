using System.Management.Automation;
using DbMigrate.Engine.Activity;

namespace DbMigrate.Commands;

/// <summary>What goes on in a database: size, connections, long statements, forgotten transactions, replication.</summary>
[Cmdlet(VerbsCommon.Get, "DbActivity")]
[OutputType(typeof(DbActivity))]
public sealed class GetDbActivityCommand : TargetCommand
{
    /// <summary>How long a statement has to run, or a transaction to do nothing, to be listed.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan OlderThan { get; set; } = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    protected override void Process() =>
        Use(TargetOrDefault(), session => WriteObject(Await(token => ActivityReader.ReadAsync(session, OlderThan, token))));
}
