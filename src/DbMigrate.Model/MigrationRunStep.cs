namespace DbMigrate;

/// <summary>One migration of a <see cref="MigrationRun"/>.</summary>
public sealed record MigrationRunStep
{
    /// <inheritdoc cref="MigrationStatus.Version"/>
    public required string Version { get; init; }

    /// <inheritdoc cref="MigrationStatus.Name"/>
    public required string Name { get; init; }

    /// <summary>What the run did with it.</summary>
    public required MigrationOutcome Outcome { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The server's code for what went wrong (SQLSTATE); null otherwise.</summary>
    public string? SqlState { get; init; }

    /// <summary>The moment right before it; null when it was not run.</summary>
    public RestorePoint? RestorePoint { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Outcome} {MigrationStatus.Label(Version, Name)}";
}
