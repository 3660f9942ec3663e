using DbMigrate.Engine.Formats;

namespace DbMigrate.Engine.Migrations;

/// <summary>A migration that the runner is to apply or undo.</summary>
/// <param name="Migration">The migration.</param>
/// <param name="Outline">Its script for this direction, read and found fit to run.</param>
/// <param name="Undo">Undo it.</param>
/// <param name="Progress">How far an earlier run got, when it stopped half-way.</param>
internal sealed record MigrationStep(Migration Migration, ScriptOutline Outline, bool Undo, MigrationProgress? Progress)
{
    /// <summary>It fits in one transaction, and nobody has begun it otherwise.</summary>
    public bool IsSingleTransaction => Outline.IsSingleTransaction && Progress is null;

    /// <summary>The journal's part in it.</summary>
    public JournalCommands Commands(IMigrationJournal journal, IReadOnlyList<JournalRow> rows) =>
        Undo ? journal.Undo(Migration.Version, rows) : journal.Apply(Migration, rows);

    /// <summary>For messages.</summary>
    public override string ToString() => MigrationStatus.Label(Migration.Version, Migration.Name);
}
