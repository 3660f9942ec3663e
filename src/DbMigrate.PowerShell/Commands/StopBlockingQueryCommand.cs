using System.Management.Automation;
using DbMigrate.Engine.Activity;

namespace DbMigrate.Commands;

/// <summary>Stops the sessions at the root of waits: cancels their statements, or ends them.</summary>
[Cmdlet(
    VerbsLifecycle.Stop,
    "BlockingQuery",
    DefaultParameterSetName = InputSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(StopResult))]
public sealed class StopBlockingQueryCommand : TargetCommand
{
    private const string InputSet = "InputObject";
    private const string ProcessIdSet = "ProcessId";

    private readonly List<(DbTarget Target, BlockingQuery Wait)> _waits = [];

    /// <summary>Waits as <c>Find-BlockingQuery</c> gives them.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputSet, ValueFromPipeline = true)]
    [ValidateNotNull]
    public BlockingQuery[]? InputObject { get; set; }

    /// <summary>The pids of the sessions to stop.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ProcessIdSet, ValueFromPipelineByPropertyName = true)]
    [Alias("Pid")]
    [NumberTransformation]
    [ValidateNotNullOrEmpty]
    public int[]? ProcessId { get; set; }

    /// <summary>When the session's process was started; another one of the same pid is left alone.</summary>
    [Parameter(ParameterSetName = ProcessIdSet, ValueFromPipelineByPropertyName = true)]
    public DateTimeOffset? BackendStart { get; set; }

    /// <summary>End the session when cancelling its statement is not enough.</summary>
    [Parameter]
    public SwitchParameter Terminate { get; set; }

    /// <summary>How long a session may take to react; 0 not to wait.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Stop also a session that itself waits for a lock.</summary>
    [Parameter]
    public SwitchParameter AllowWaiting { get; set; }

    /// <summary>Stop also sessions of other runs of DbMigrate, which may be migrating.</summary>
    [Parameter]
    public SwitchParameter AllowMigration { get; set; }

    /// <summary>Roll prepared transactions of the database back.</summary>
    [Parameter]
    public SwitchParameter RollBackPrepared { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        // A root is stopped once for all who wait for it, so the waits are gathered first.
        if (InputObject is not null)
        {
            _waits.AddRange(InputObject.Select(wait => (Target ?? wait.Target ?? TargetOrDefault(), wait)));
            return;
        }

        // Anything with a ProcessId binds: the result of a migration, or a process of this machine.
        if (MyInvocation.ExpectingInput && BackendStart is null && !ProcessId!.Contains(0))
        {
            WriteError(ErrorRecords.From(ErrorRecords.BackendStartMissing(ProcessId!)));
            return;
        }

        Use(TargetOrDefault(), session =>
        {
            foreach (var pid in ProcessId!.Distinct())
            {
                Stop(Await(token => SessionStop.LookAsync(session, pid, BackendStart, Options(), token)));
            }
        });
    }

    /// <inheritdoc/>
    protected override void Finish()
    {
        foreach (var group in _waits.GroupBy(w => w.Target, w => w.Wait))
        {
            if (group.Any(wait => wait.Roots.Count == 0))
            {
                WriteWarning("Sessions wait for each other in a ring. The server ends one of them after deadlock_timeout; there is no root to stop.");
            }

            Use(group.Key, session =>
            {
                foreach (var root in SessionStop.RootsOf(group))
                {
                    Stop(Await(token => SessionStop.LookAsync(session, root, group, Options(), token)));
                }
            });
        }
    }

    private StopOptions Options() => new()
    {
        Terminate = Terminate,
        GracePeriod = GracePeriod,
        AllowWaiting = AllowWaiting,
        AllowMigration = AllowMigration,
        RollBackPrepared = RollBackPrepared,
    };

    private void Stop(SessionStop stop)
    {
        if (stop.Action is not null && !ShouldProcess(stop.Subject, stop.Action))
        {
            return;
        }

        var result = Await(token => stop.RunAsync(Observer, token));
        WriteObject(result);
        if (SessionStop.Failure(result) is { } error)
        {
            WriteError(ErrorRecords.From(error));
        }
    }
}
