using System.Management.Automation;

namespace DbMigrate.Commands;

/// <summary>The database that the other cmdlets work on when they are given none.</summary>
[Cmdlet(VerbsCommon.Get, "DbTarget")]
[OutputType(typeof(DbTarget))]
public sealed class GetDbTargetCommand : EngineCommand
{
    /// <inheritdoc/>
    protected override void Process() => WriteObject(Session.Current.DefaultTarget());
}
