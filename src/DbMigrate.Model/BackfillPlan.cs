namespace DbMigrate;

/// <summary>What a backfill would do; what <c>Invoke-DbBackfill -WhatIf</c> gives.</summary>
public sealed record BackfillPlan
{
    /// <summary>The table with its schema, quoted where needed.</summary>
    public required string Table { get; init; }

    /// <summary>How the table is walked: <c>primary key (id)</c>, <c>unique index (tenant, number)</c> or <c>pages</c>.</summary>
    public required string Walk { get; init; }

    /// <summary>The rows of the table by the server's statistics; null when it has none.</summary>
    public long? EstimatedRows { get; init; }

    /// <summary>An earlier run of the same backfill was interrupted, and this one goes on from there.</summary>
    public required bool Resumes { get; init; }

    /// <summary>The rows that the earlier runs changed.</summary>
    public long RowsBefore { get; init; }

    /// <summary>The statement of the first batch; what is given as parameter is written <c>$1</c>.</summary>
    public required string Statement { get; init; }

    /// <summary>How the server would run that statement (EXPLAIN), several lines.</summary>
    public required string QueryPlan { get; init; }

    /// <summary>The database.</summary>
    public DbTarget? Target { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Table} by {Walk}";
}
