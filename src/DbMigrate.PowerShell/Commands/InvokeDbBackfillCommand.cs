using System.Collections;
using System.Globalization;
using System.Management.Automation;
using DbMigrate.Engine.Backfill;

namespace DbMigrate.Commands;

/// <summary>Changes many rows of a live table in short batches.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "DbBackfill", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(BackfillResult), typeof(BackfillPlan))]
public sealed class InvokeDbBackfillCommand : TargetCommand
{
    /// <summary>The table: <c>table</c> or <c>schema.table</c> as in SQL; its exact name where <see cref="Schema"/> is given.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [ValidateNotNullOrEmpty]
    public string Table { get; set; } = "";

    /// <summary>The table's schema, its exact name.</summary>
    [Parameter] // not from the pipeline: Get-DbTableSize gives a Schema beside a Table that is SQL already
    [ValidateNotNullOrEmpty]
    public string? Schema { get; set; }

    /// <summary>What UPDATE has behind SET; or a hashtable of columns and values.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public object Set { get; set; } = "";

    /// <summary>Which rows: what UPDATE has behind WHERE.</summary>
    [Parameter(Position = 2)]
    [ValidateNotNullOrEmpty]
    public string? Where { get; set; }

    /// <summary>Values for what the SQL calls <c>@name</c>.</summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable? Parameter { get; set; }

    /// <summary>How long a batch should take.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan BatchDuration { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The rest between two batches.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan Pause { get; set; } = TimeSpan.Zero;

    /// <summary>Wait while a standby is behind by more than this; 0 not to look.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan MaxReplicaLag { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The most WAL that the server should write, in bytes a second on average; 0 for no limit.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long MaxWalRate { get; set; }

    /// <summary>How many sessions work, each on rows of its own.</summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int Parallel { get; set; } = 1;

    /// <summary>How often a batch is tried again, smaller each time.</summary>
    [Parameter]
    [ValidateRange(0, 1000)]
    public int LockRetries { get; set; } = 30;

    /// <summary>A column to make NOT NULL when all is done; its exact name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ThenSetNotNull { get; set; }

    /// <summary>Forget how far an interrupted run got, and start from the first row.</summary>
    [Parameter]
    public SwitchParameter Restart { get; set; }

    /// <summary>Forget how far other backfills of the table got, unless they are running.</summary>
    [Parameter]
    public SwitchParameter DiscardOthers { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        var target = TargetOrDefault();

        // One table that is locked, or not ours, keeps nobody from the others.
        GoOnAfterError(() => Run(target));
    }

    private void Run(DbTarget target)
    {
        var job = Await(token => BackfillJob.OpenAsync(Options(), target, Observer, token));
        try
        {
            var plan = job.Plan;
            var about = plan.EstimatedRows is { } rows ? string.Create(CultureInfo.InvariantCulture, $"about {rows:N0} rows: ") : "";
            var action = $"{(plan.Resumes ? "Go on with the backfill of" : "Backfill")} {plan}, {about}{plan.Statement}";
            var description = $"Performing the operation \"{action}\" on target \"{target}\".";
            if (ShouldProcess(description, description, "Confirm", out var reason))
            {
                WriteObject(Await(job.RunAsync));
            }
            else if (reason == ShouldProcessReason.WhatIf)
            {
                WriteObject(plan);
            }
        }
        finally
        {
            Close(job);
        }
    }

    private BackfillOptions Options() => new()
    {
        Table = Table,
        Schema = Schema,
        Set = ParameterTable.Plain(Set) is IDictionary ? null : Convert.ToString(ParameterTable.Plain(Set), CultureInfo.InvariantCulture),
        Values = ParameterTable.Objects(ParameterTable.Plain(Set) as IDictionary),
        Where = Where,
        Parameters = ParameterTable.Objects(Parameter),
        BatchDuration = BatchDuration,
        Pause = Pause,
        MaxReplicaLag = MaxReplicaLag,
        MaxWalRate = MaxWalRate,
        Parallel = Parallel,
        LockRetries = LockRetries,
        ThenSetNotNull = ThenSetNotNull,
        Restart = Restart,
        DiscardOthers = DiscardOthers,
    };
}
