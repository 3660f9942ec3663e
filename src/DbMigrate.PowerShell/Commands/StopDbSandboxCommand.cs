using System.Management.Automation;
using DbMigrate.Engine.Sandbox;

namespace DbMigrate.Commands;

/// <summary>Stops throw-away servers and removes their data: those given, else all that this process started.</summary>
[Cmdlet(VerbsLifecycle.Stop, "DbSandbox", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
public sealed class StopDbSandboxCommand : EngineCommand
{
    /// <summary>What <c>Start-DbSandbox</c> gave.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    public SandboxInfo[]? Sandbox { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (var sandbox in Sandbox ?? DbSandbox.List().Where(s => s.OwnerProcessId == Environment.ProcessId))
        {
            if (!ShouldProcess(sandbox.ToString(), "Stop the server and remove its folder"))
            {
                continue;
            }

            Await(async token =>
            {
                await DbSandbox.StopAsync(sandbox.Directory, token);
                return true;
            });

            var session = Session.Current;
            if (session.Target is { } current && current.Host == sandbox.Target.Host && current.Port == sandbox.Target.Port)
            {
                session.Lose("The sandbox that this session worked on was stopped.");
            }
        }
    }
}
