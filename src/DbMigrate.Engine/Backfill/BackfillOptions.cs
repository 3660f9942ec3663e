namespace DbMigrate.Engine.Backfill;

/// <summary>What to change, and how gently.</summary>
public sealed record BackfillOptions
{
    /// <summary>The table as SQL writes it, <c>table</c> or <c>schema.table</c>; with <see cref="Schema"/> its exact name.</summary>
    public required string Table { get; init; }

    /// <summary>The table's schema, its exact name; null when <see cref="Table"/> says it, or <c>search_path</c>.</summary>
    public string? Schema { get; init; }

    /// <summary>What UPDATE has behind SET: <c>status = 'active', checked = now()</c>. This or <see cref="Values"/>.</summary>
    public string? Set { get; init; }

    /// <summary>Columns, by their exact names, with their new values.</summary>
    public IReadOnlyDictionary<string, object?> Values { get; init; } = new Dictionary<string, object?>();

    /// <summary>Which rows: what UPDATE has behind WHERE; null for all.</summary>
    public string? Where { get; init; }

    /// <summary>Values for what <see cref="Set"/> and <see cref="Where"/> call <c>@name</c>.</summary>
    public IReadOnlyDictionary<string, object?> Parameters { get; init; } = new Dictionary<string, object?>();

    /// <summary>How long a batch should take. Another session waits about so long for a row, and twice as long at most.</summary>
    public TimeSpan BatchDuration { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The rest between two batches.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>Wait while a standby is behind by more than this. Zero: do not look.</summary>
    public TimeSpan MaxReplicaLag { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Rest so that the whole server writes no more WAL than so many bytes a second on average. Zero: no limit.</summary>
    public long MaxWalRate { get; init; }

    /// <summary>How many sessions work, each on rows of its own.</summary>
    public int Parallel { get; init; } = 1;

    /// <summary>How often a batch is tried again, smaller each time, before the run gives up.</summary>
    public int LockRetries { get; init; } = 30;

    /// <summary>The longest to wait for another run of the same backfill.</summary>
    public TimeSpan RunnerWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A column to make NOT NULL when all is done; its exact name.</summary>
    public string? ThenSetNotNull { get; init; }

    /// <summary>Forget how far an interrupted run got, and start from the first row.</summary>
    public bool Restart { get; init; }

    /// <summary>Forget how far other backfills of the table got, unless they are running.</summary>
    public bool DiscardOthers { get; init; }
}
