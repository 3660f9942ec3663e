using System.Management.Automation;
using DbMigrate.Engine.Activity;

namespace DbMigrate.Commands;

/// <summary>The tables of a database, the biggest first, with what is dead in them.</summary>
[Cmdlet(VerbsCommon.Get, "DbTableSize")]
[OutputType(typeof(DbTableSize))]
public sealed class GetDbTableSizeCommand : TargetCommand
{
    /// <summary>Only tables whose name, or schema and name, fits one of these; wildcards are allowed.</summary>
    [Parameter(Position = 0)]
    [Alias("Table")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[]? Name { get; set; }

    /// <summary>How many at most.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int First { get; set; } = int.MaxValue;

    /// <summary>Each partition instead of each partitioned table.</summary>
    [Parameter]
    public SwitchParameter Partition { get; set; }

    /// <inheritdoc/>
    protected override void Process() => Use(TargetOrDefault(), session =>
    {
        var wanted = new NameFilter(Name);
        var tables = Await(token => TableSizes.ReadAsync(session, Partition, token));
        foreach (var table in tables.Where(t => wanted.Fits(t.Name, $"{t.Schema}.{t.Name}", t.Table)).Take(First))
        {
            WriteObject(table);
        }
    });
}
