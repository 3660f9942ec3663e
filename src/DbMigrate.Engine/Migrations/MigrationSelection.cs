namespace DbMigrate.Engine.Migrations;

/// <summary>Which migrations to apply or undo; with nothing set, all (apply) or the newest one (undo).</summary>
public sealed record MigrationSelection
{
    /// <summary>Up to and with this version or name (apply), or down to and without it (undo; <c>0</c> for all).</summary>
    public string? To { get; init; }

    /// <summary>How many.</summary>
    public int? Count { get; init; }

    /// <summary>Exactly these versions.</summary>
    public IReadOnlyList<string>? Versions { get; init; }
}
