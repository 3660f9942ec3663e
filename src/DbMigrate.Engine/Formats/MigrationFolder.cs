namespace DbMigrate.Engine.Formats;

/// <summary>What a migration folder holds.</summary>
public sealed record MigrationFolder
{
    /// <summary>The tool whose rules apply.</summary>
    public required MigrationFormat Format { get; init; }

    /// <summary>The folder, or the EF Core script: an absolute path.</summary>
    public required string Path { get; init; }

    /// <summary>The migrations, in the order in which the tool applies them.</summary>
    public required IReadOnlyList<Migration> Migrations { get; init; }

    /// <summary>The journal that the folder itself names (sqlx.toml, an EF Core script); null for the tool's default.</summary>
    public JournalTable? JournalTable { get; init; }

    /// <summary>Schemas to create before anything else (sqlx.toml's <c>create-schemas</c>), as SQL identifiers.</summary>
    public IReadOnlyList<string> CreateSchemas { get; init; } = [];

    /// <summary>What a person should know of the folder, for example files that the tool ignores.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
