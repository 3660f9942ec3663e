namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>The statements of one direction of one migration, lifted out of a script that may hold many.</summary>
/// <param name="path">The script; an absolute path.</param>
/// <param name="statements">The statements, in the script's order.</param>
/// <param name="history">The history table that the script writes.</param>
internal sealed class EfCoreMigrationScript(string path, IReadOnlyList<ScriptStatement> statements, HistoryTable history) : MigrationScript(path)
{
    /// <summary>The history table that the script writes.</summary>
    public HistoryTable History { get; } = history;

    /// <inheritdoc/>
    public override IEnumerable<ScriptStatement> ReadStatements() => statements;
}
