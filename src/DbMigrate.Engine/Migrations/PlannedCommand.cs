using DbMigrate.Engine.Formats;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>What a command is for.</summary>
internal enum CommandRole
{
    /// <summary>BEGIN, settings, book-keeping of ours.</summary>
    Frame,

    /// <summary>The tool's journal, first in a transaction: 23505 means that another runner was quicker.</summary>
    Claim,

    /// <summary>A statement of the script.</summary>
    Script,

    /// <summary>The COMMIT with which the step is done, whatever becomes of what follows it.</summary>
    Commit,
}

/// <summary>A command on its way to the server, and whose it is.</summary>
/// <param name="Command">The command.</param>
/// <param name="Role">What it is for.</param>
/// <param name="Step">The step that it belongs to.</param>
/// <param name="Statement">The statement of the script, if it is one.</param>
internal sealed record PlannedCommand(NpgsqlBatchCommand Command, CommandRole Role, MigrationStep Step, ScriptStatement? Statement = null)
{
    /// <summary>A command of ours with its positional parameters.</summary>
    public static PlannedCommand Of(SqlCommandText text, CommandRole role, MigrationStep step) => new(text.ToBatchCommand(), role, step);

    /// <summary>Book-keeping of ours.</summary>
    public static PlannedCommand Frame(string text, MigrationStep step) => new(new NpgsqlBatchCommand(text), CommandRole.Frame, step);

    /// <inheritdoc cref="Frame(string, MigrationStep)"/>
    public static PlannedCommand Frame(SqlCommandText text, MigrationStep step) => Of(text, CommandRole.Frame, step);

    /// <summary>The COMMIT with which the step is done.</summary>
    public static PlannedCommand Commit(MigrationStep step) => new(new NpgsqlBatchCommand("COMMIT"), CommandRole.Commit, step);

    /// <summary>A statement of the script, sent as it stands.</summary>
    public static PlannedCommand Of(ScriptStatement statement, MigrationStep step) =>
        new(new NpgsqlBatchCommand(statement.Text), CommandRole.Script, step, statement);
}
