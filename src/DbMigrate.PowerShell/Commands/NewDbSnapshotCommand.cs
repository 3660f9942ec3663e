using System.Globalization;
using System.Management.Automation;
using DbMigrate.Engine.Dumps;

namespace DbMigrate.Commands;

/// <summary>Saves a database before something is done to it.</summary>
[Cmdlet(VerbsCommon.New, "DbSnapshot", DefaultParameterSetName = DumpSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(DbSnapshot))]
public sealed class NewDbSnapshotCommand : TargetCommand
{
    private const string DumpSet = "Dump";

    /// <summary>How: with the real <c>pg_dump</c>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = DumpSet)]
    [ValidateSet("Dump")]
    public string Method { get; set; } = "";

    /// <summary>The folder for the dump; made when it is not there.</summary>
    [Parameter(Position = 0, ParameterSetName = DumpSet)]
    [Alias("Folder")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = ".";

    /// <summary>Its name.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    [ValidateNotNullOrEmpty]
    public string? Id { get; set; }

    /// <summary>One file, or a folder.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    public DumpFormat Format { get; set; }

    /// <summary>How many sessions read at once.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    [ValidateRange(1, 64)]
    public int Jobs { get; set; } = 1;

    /// <summary>Only these tables.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[]? Table { get; set; }

    /// <summary>Only these schemas.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    [ValidateNotNullOrEmpty]
    public string[]? Schema { get; set; }

    /// <summary>How long a table may stay locked by somebody else; 0 for ever.</summary>
    [Parameter(ParameterSetName = DumpSet)]
    [DurationTransformation]
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Why it is taken.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Reason { get; set; }

    /// <summary>Until when it is not to be removed.</summary>
    [Parameter]
    public DateTimeOffset? KeepUntil { get; set; }

    /// <summary>How long it is not to be removed; wins over <see cref="KeepUntil"/>.</summary>
    [Parameter]
    [AgeTransformation]
    public TimeSpan? KeepFor { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        var target = TargetOrDefault();
        var options = new DumpOptions
        {
            Folder = FileSystemPath(Path),
            Id = Id,
            Format = Format,
            Jobs = Jobs,
            Tables = Table ?? [],
            Schemas = Schema ?? [],
            LockTimeout = LockTimeout,
            Reason = Reason,
            KeepUntil = KeepFor is { } time ? DateTimeOffset.UtcNow + time : KeepUntil,
        };
        var plan = Await(token => DatabaseDump.PlanAsync(target, options, Observer, token));
        var size = plan.DatabaseSize is { } bytes ? $" of {ByteSize.Text(bytes)}" : "";
        if (ShouldProcess(target.ToString(), string.Create(CultureInfo.InvariantCulture, $"Dump {plan.Tables} tables{size} to {plan.Path}")))
        {
            WriteObject(Await(token => DatabaseDump.RunAsync(plan, Observer, token)));
        }
    }
}
