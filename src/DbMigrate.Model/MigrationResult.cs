namespace DbMigrate;

/// <summary>What happened to one migration in a run of <c>Invoke-Migration</c> or <c>Undo-Migration</c>.</summary>
public sealed record MigrationResult
{
    /// <inheritdoc cref="MigrationStatus.Version"/>
    public required string Version { get; init; }

    /// <inheritdoc cref="MigrationStatus.Name"/>
    public required string Name { get; init; }

    /// <summary>What the run did with it.</summary>
    public required MigrationOutcome Outcome { get; init; }

    /// <inheritdoc cref="MigrationStatus.Format"/>
    public required MigrationFormat Format { get; init; }

    /// <summary>The file that was run; an absolute path.</summary>
    public string? Path { get; init; }

    /// <summary>The run that it was part of: names its record.</summary>
    public string RunId { get; init; } = "";

    /// <summary>The moment right before it, to go back to; null when it was not run, or the connection broke before.</summary>
    public RestorePoint? RestorePoint { get; init; }

    /// <summary>When its first statement was sent (UTC); null when it was not run.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>From its first statement to its commit.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>How many statements of the file ran to their end.</summary>
    public int Statements { get; init; }

    /// <summary>How many rows its INSERT, UPDATE, DELETE, MERGE and COPY statements changed.</summary>
    public long Rows { get; init; }

    /// <summary>How many times it was tried; more than 1 after lock time-outs.</summary>
    public int Attempts { get; init; } = 1;

    /// <summary>The sessions that held it up while it waited for locks, those that did most often first; empty when none was seen.</summary>
    public IReadOnlyList<ServerSession> Blockers { get; init; } = [];

    /// <summary>Why it failed; null otherwise.</summary>
    public SqlFailure? Error { get; init; }

    /// <summary>The server's process that ran it, as in <c>pg_stat_activity.pid</c>; null when it was not run.</summary>
    public int? ProcessId { get; init; }

    /// <summary>The database it ran on.</summary>
    public DbTarget? Target { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Outcome} {MigrationStatus.Label(Version, Name)}";
}
