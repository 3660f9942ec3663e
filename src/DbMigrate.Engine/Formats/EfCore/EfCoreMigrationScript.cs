namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>The statements of one direction of one migration, lifted out of a script that may hold many.</summary>
internal sealed class EfCoreMigrationScript : MigrationScript
{
    private readonly IReadOnlyList<ScriptStatement> statements;

    /// <param name="path">The script; an absolute path.</param>
    /// <param name="line">The line of the script at which the migration begins, from 1.</param>
    /// <param name="statements">The statements, in the script's order.</param>
    /// <param name="history">The history table that the script writes.</param>
    public EfCoreMigrationScript(string path, int line, IReadOnlyList<ScriptStatement> statements, HistoryTable history)
        : base(path)
    {
        Line = line;
        History = history;
        this.statements = statements;
    }

    /// <summary>The line of the script at which the migration begins, from 1.</summary>
    public int Line { get; }

    /// <summary>The history table that the script writes.</summary>
    public HistoryTable History { get; }

    /// <inheritdoc/>
    public override IEnumerable<ScriptStatement> ReadStatements() => statements;
}
