using System.Management.Automation;

namespace DbMigrate.Commands;

/// <summary>Forgets the database that <c>Connect-DbTarget</c> set, and its password with it.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "DbTarget")]
public sealed class DisconnectDbTargetCommand : EngineCommand
{
    /// <inheritdoc/>
    protected override void Process() => Session.Current.Set(null);
}
