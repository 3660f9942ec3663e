namespace DbMigrate.Engine.Formats;

/// <summary>
/// The journal's part in applying or undoing one migration. A migration that fits in one transaction uses <see cref="Before"/> and
/// <see cref="After"/>; any other uses <see cref="Started"/> and <see cref="Finished"/>, each in a transaction of its own.
/// </summary>
public sealed record JournalCommands
{
    /// <summary>
    /// First in the migration's transaction. Fails with 23505 if another runner was quicker: an error, not a count of rows, because
    /// the whole transaction travels in one round trip.
    /// </summary>
    public IReadOnlyList<SqlCommandText> Before { get; init; } = [];

    /// <summary>Last in the migration's transaction.</summary>
    public IReadOnlyList<SqlCommandText> After { get; init; } = [];

    /// <summary>Before a migration that runs outside a transaction. Must be repeatable: a resumed migration sends it again.</summary>
    public IReadOnlyList<SqlCommandText> Started { get; init; } = [];

    /// <summary>After a migration that ran outside a transaction.</summary>
    public IReadOnlyList<SqlCommandText> Finished { get; init; } = [];

    /// <summary>After a migration failed outside a transaction; takes the error's text.</summary>
    public Func<string, IReadOnlyList<SqlCommandText>> Failed { get; init; } = static _ => [];
}
