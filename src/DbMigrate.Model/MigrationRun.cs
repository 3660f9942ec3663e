namespace DbMigrate;

/// <summary>A run of <c>Invoke-Migration</c> or <c>Undo-Migration</c>, as its record tells it.</summary>
public sealed record MigrationRun
{
    /// <summary>Its name: when it began, in UTC, and six random digits, such as <c>20241231T235959-3f9a2c</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The moment right before it, by the server's clock: what to go back to.</summary>
    public required RestorePoint RestorePoint { get; init; }

    /// <summary>Whether it undid migrations.</summary>
    public bool IsUndo { get; init; }

    /// <summary>The database, without password: <c>app@db1:5432/orders</c>.</summary>
    public required string Database { get; init; }

    /// <summary>The migration folder; an absolute path on the machine that ran it.</summary>
    public required string Folder { get; init; }

    /// <summary>The folder's format.</summary>
    public required MigrationFormat Format { get; init; }

    /// <summary>Who ran it: <c>user@machine</c>.</summary>
    public required string RunBy { get; init; }

    /// <summary>Whether it came to its own end, good or bad; false while it is at work, and when it was killed.</summary>
    public bool IsFinished { get; init; }

    /// <summary>What it did, in order; a migration that a run was killed at is missing.</summary>
    public IReadOnlyList<MigrationRunStep> Migrations { get; init; } = [];

    /// <summary>The record's file; an absolute path.</summary>
    public string? Path { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Id;
}
