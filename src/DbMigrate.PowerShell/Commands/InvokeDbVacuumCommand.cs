using System.Management.Automation;
using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Commands;

/// <summary>VACUUM and ANALYZE, with progress and a result.</summary>
[Cmdlet(
    VerbsLifecycle.Invoke,
    "DbVacuum",
    DefaultParameterSetName = VacuumSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(DbVacuumResult))]
public sealed class InvokeDbVacuumCommand : TargetCommand
{
    private const string VacuumSet = "Vacuum";
    private const string AnalyzeOnlySet = "AnalyzeOnly";
    private const string FullSet = "Full";

    /// <summary>The tables, named as in SQL, or as <c>Get-DbTableSize</c> gives them.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] Table { get; set; } = [];

    /// <summary>Gather the planner's statistics as well.</summary>
    [Parameter(ParameterSetName = VacuumSet)]
    [Parameter(ParameterSetName = FullSet)]
    public SwitchParameter Analyze { get; set; }

    /// <summary>Gather the planner's statistics and remove nothing.</summary>
    [Parameter(Mandatory = true, ParameterSetName = AnalyzeOnlySet)]
    public SwitchParameter AnalyzeOnly { get; set; }

    /// <summary>Write the table anew and give the room back to the disk. Nobody can use the table meanwhile.</summary>
    [Parameter(Mandatory = true, ParameterSetName = FullSet)]
    public SwitchParameter Full { get; set; }

    /// <summary>The longest to wait for a lock; 0 for ever.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override void Process() => Use(TargetOrDefault(), session =>
    {
        foreach (var table in Table)
        {
            // One table that is locked, or not ours, keeps nobody from the others.
            GoOnAfterError(() => Run(session, table));
        }
    });

    private void Run(DbSession session, string table)
    {
        var options = new VacuumOptions { Vacuum = !AnalyzeOnly, Analyze = Analyze || AnalyzeOnly, Full = Full, LockTimeout = LockTimeout };
        var plan = Await(token => Vacuum.PlanAsync(session, table, options, token));
        var cost = Full ? $", which keeps everybody out of it and needs up to {ByteSize.Text(plan.Size)} of free disk for the copy" : "";
        if (!ShouldProcess(session.Target.ToString(), $"{plan.Command} {plan.Table}{cost}"))
        {
            return;
        }

        if (Full && !HasDecided())
        {
            throw ErrorRecords.FullNotConfirmed(plan.Table, plan.Size);
        }

        WriteObject(Await(token => Vacuum.RunAsync(session, plan, Observer, token)));
    }

    // ConfirmImpact is one for all of a cmdlet's uses; this one of them is High. Without an answer from -Confirm or $ConfirmPreference it stops,
    // at a prompt as on a build server.
    private bool HasDecided() =>
        MyInvocation.BoundParameters.ContainsKey("Confirm") ||
        (Enum.TryParse<ConfirmImpact>(GetVariableValue("ConfirmPreference")?.ToString(), out var preference) && preference != ConfirmImpact.High);
}
