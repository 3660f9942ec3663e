using DbMigrate.Engine.Sql;

namespace DbMigrate.Engine.Formats;

/// <summary>The SQL of one direction of a migration.</summary>
public abstract class MigrationScript
{
    /// <param name="path">The file; an absolute path.</param>
    protected MigrationScript(string path) => Path = path;

    /// <summary>The file; an absolute path.</summary>
    public string Path { get; }

    /// <summary>
    /// Whether the file itself asks to run outside a transaction (SQLx's <c>-- no-transaction</c>, golang-migrate's <c>x-multi-statement</c>).
    /// Statements that cannot run inside one never do, whatever this says.
    /// </summary>
    public bool NoTransaction { get; init; }

    /// <summary>Reads the statements in order. Large files are streamed, so each call reads the file again.</summary>
    /// <exception cref="DbMigrateException">What <see cref="ScriptSplitter"/> throws.</exception>
    public abstract IEnumerable<ScriptStatement> ReadStatements();
}
