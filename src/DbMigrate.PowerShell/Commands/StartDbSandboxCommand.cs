using System.Management.Automation;
using DbMigrate.Engine.Sandbox;

namespace DbMigrate.Commands;

/// <summary>Starts a private, throw-away PostgreSQL server, which ends with this process at the latest.</summary>
[Cmdlet(VerbsLifecycle.Start, "DbSandbox", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(SandboxInfo))]
public sealed class StartDbSandboxCommand : EngineCommand
{
    /// <summary>Fetch PostgreSQL with npm into the user's cache when none is installed.</summary>
    [Parameter]
    public SwitchParameter Install { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        if (ShouldProcess(Environment.MachineName, "Start a throw-away PostgreSQL server"))
        {
            WriteObject(Await(token => DbSandbox.StartAsync(Install, Observer, token)).Info);
        }
    }
}
