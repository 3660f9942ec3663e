namespace DbMigrate.Engine.Formats;

/// <summary>One migration as a folder holds it.</summary>
public sealed record Migration
{
    /// <inheritdoc cref="MigrationStatus.Version"/>
    public required string Version { get; init; }

    /// <inheritdoc cref="MigrationStatus.Name"/>
    public required string Name { get; init; }

    /// <summary>The SQL that applies it; null where golang-migrate has only a down file.</summary>
    public MigrationScript? Up { get; init; }

    /// <summary>The SQL that undoes it, if there is any.</summary>
    public MigrationScript? Down { get; init; }

    /// <summary>The checksum to record, in lower-case hexadecimal; null where the tool has none.</summary>
    public string? Checksum { get; init; }

    /// <summary>EF Core's version that wrote the script; null elsewhere.</summary>
    public string? ProductVersion { get; init; }
}
