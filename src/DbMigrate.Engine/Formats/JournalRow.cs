namespace DbMigrate.Engine.Formats;

/// <summary>What the database knows of one migration, in terms that all tools share.</summary>
public sealed record JournalRow
{
    /// <summary>The migration's version as <see cref="Migration.Version"/> writes it.</summary>
    public required string Version { get; init; }

    /// <summary>Applied, Failed or RolledBack.</summary>
    public required MigrationState State { get; init; }

    /// <summary>The name that the table holds, where it holds one.</summary>
    public string? Name { get; init; }

    /// <summary>The recorded checksum in lower-case hexadecimal, where the table holds one.</summary>
    public string? Checksum { get; init; }

    /// <summary>When it was applied.</summary>
    public DateTimeOffset? AppliedAt { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>More to tell, for example the recorded error.</summary>
    public string? Note { get; init; }
}
