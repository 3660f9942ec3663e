using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Sql;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>
/// A statement outside a transaction that an earlier run had started when it was killed. Whether it took effect has to be asked of
/// the database.
/// </summary>
internal sealed class LoneStatement(DbSession session, MigrationStep step, ScriptStatement statement, IEngineObserver observer)
{
    /// <summary>Whether it took effect. Clears away what it left half-done, so that it can run again when it did not.</summary>
    /// <exception cref="DbMigrateException"><c>OutcomeUnknown</c> when the database cannot tell.</exception>
    public async Task<bool> IsDoneAsync(CancellationToken cancellationToken)
    {
        switch (statement.Kind)
        {
            case StatementKind.CreateIndexConcurrently when IndexStatement.Of(statement.Text) is { Name: { } name } index:
                switch (await ValidityAsync(index.SchemaHint, name, index.Table, cancellationToken))
                {
                    case true:
                        return true;
                    case false:
                        observer.Message(MessageLevel.Warning, $"{step}: an earlier run left the index {name} invalid; it is dropped and built again.");
                        await DropAsync(index, name, cancellationToken);
                        return false;
                    default:
                        return false;
                }

            case StatementKind.DropIndexConcurrently when IndexStatement.Of(statement.Text) is { Name: { } name } index:
                return await ValidityAsync(index.SchemaHint, name, null, cancellationToken) is null;

            case StatementKind.OutsideTransaction when IsRepeatable(statement.Text):
                return false;

            default:
                throw new DbMigrateException(
                    "OutcomeUnknown",
                    ErrorKind.InvalidState,
                    $"{step.Outline.Script!.Path}:{statement.Line}: an earlier run was cut off while this statement ran outside a transaction, "
                        + "so it may or may not have taken effect.",
                    $"Look at the database. Finish the migration by hand and run Resolve-Migration -Version '{step.Migration.Version}' -Applied, or take "
                        + "back what it did and use -RolledBack (dbmigrate resolve).") { Subject = step.Outline.Script.Path };
        }
    }

    /// <summary>Those that do the same when they run twice.</summary>
    private static bool IsRepeatable(string text)
    {
        var first = text.TrimStart().Split([' ', '\t', '\r', '\n', '('], 2)[0];
        return first.ToUpperInvariant() is "VACUUM" or "REINDEX" or "CLUSTER" or "DISCARD"
            || text.StartsWith("ALTER SYSTEM", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>True for a valid index, false for an invalid one, null where there is none.</summary>
    private async Task<bool?> ValidityAsync(string? schema, string name, string? table, CancellationToken cancellationToken)
    {
        // An index lies in its table's schema, which search_path may find in another place than the first.
        await using var command = new NpgsqlCommand(
            """
            SELECT i.indisvalid FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = $1 AND CASE
                WHEN $3 <> '' THEN i.indrelid = to_regclass($3)
                WHEN $2 <> '' THEN n.nspname = $2
                ELSE pg_table_is_visible(c.oid) END
            """,
            session.Connection);
        command.Parameters.Add(new NpgsqlParameter { Value = name });
        command.Parameters.Add(new NpgsqlParameter { Value = schema ?? "" });
        command.Parameters.Add(new NpgsqlParameter { Value = table ?? "" });
        return await command.ExecuteScalarAsync(cancellationToken) as bool?;
    }

    private async Task DropAsync(IndexStatement index, string name, CancellationToken cancellationToken)
    {
        await using var find = new NpgsqlCommand(
            "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname = $1 AND indrelid = to_regclass($2)",
            session.Connection);
        find.Parameters.Add(new NpgsqlParameter { Value = name });
        find.Parameters.Add(new NpgsqlParameter { Value = index.Table });
        if (await find.ExecuteScalarAsync(cancellationToken) is string qualified)
        {
            await using var drop = new NpgsqlCommand($"DROP INDEX CONCURRENTLY {qualified}", session.Connection);
            await drop.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
