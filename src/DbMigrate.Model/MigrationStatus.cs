namespace DbMigrate;

/// <summary>One migration of a folder, or one that only the database remembers, with its state.</summary>
public sealed record MigrationStatus
{
    /// <summary>
    /// What identifies the migration in its tool: the number of SQLx and golang-migrate, the directory name of Prisma,
    /// the migration id of EF Core.
    /// </summary>
    public required string Version { get; init; }

    /// <summary>The readable part of the name; empty where the tool keeps none.</summary>
    public required string Name { get; init; }

    /// <summary>The migration's state in the database.</summary>
    public required MigrationState State { get; init; }

    /// <summary>The tool whose rules apply.</summary>
    public required MigrationFormat Format { get; init; }

    /// <summary>The folder, or the EF Core script, that was read: an absolute path.</summary>
    public required string Folder { get; init; }

    /// <summary>The file with the SQL that applies the migration; null when it is <see cref="MigrationState.Missing"/>.</summary>
    public string? Path { get; init; }

    /// <summary>The file with the SQL that undoes the migration, if there is one.</summary>
    public string? DownPath { get; init; }

    /// <summary>When the database says it was applied; null where the tool records no time.</summary>
    public DateTimeOffset? AppliedAt { get; init; }

    /// <summary>How long applying took, where the tool records it.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The file's checksum as the tool computes it, in lower-case hexadecimal; null where the tool has none.</summary>
    public string? Checksum { get; init; }

    /// <summary>The checksum that the database holds, in lower-case hexadecimal.</summary>
    public string? AppliedChecksum { get; init; }

    /// <summary>What needs to be known beside the state, for example why a migration failed or whether its tool would run it.</summary>
    public string? Note { get; init; }

    /// <summary>The database that was asked.</summary>
    public DbTarget? Target { get; init; }

    /// <summary>The table that records the folder's migrations, when it was named explicitly.</summary>
    public string? JournalTable { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Label(Version, Name);

    /// <summary>Version and name for people; once where the version says the name already (Prisma, EF Core).</summary>
    internal static string Label(string version, string name) =>
        name.Length == 0 || version.EndsWith(name, StringComparison.Ordinal) ? version : $"{version} {name}";
}
