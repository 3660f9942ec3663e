using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Sql;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>
/// A statement outside a transaction. What it leaves when it fails, and whether it took effect when an earlier run was killed at it, has to be asked of the
/// database.
/// </summary>
internal sealed class LoneStatement(DbSession session, MigrationStep step, ScriptStatement statement, IEngineObserver observer)
{
    private IReadOnlyList<SqlName> _invalidBefore = [];

    /// <summary>The index that CREATE INDEX CONCURRENTLY is to build: true for valid, false for invalid, null where there is none.</summary>
    public async Task<bool?> IndexValidityAsync(CancellationToken cancellationToken) =>
        statement.Kind == StatementKind.CreateIndexConcurrently && ConcurrentIndex.Parse(statement.Text) is { Index: { } index }
            ? await ValidityAsync(index, cancellationToken)
            : null;

    /// <summary>
    /// Drops an invalid index of that name on the same table: IF NOT EXISTS would pass over it as if it were there, and without that the name is taken.
    /// </summary>
    public async Task<bool> DropInvalidIndexAsync(CancellationToken cancellationToken)
    {
        if (ConcurrentIndex.Parse(statement.Text) is { Index: { } index, Table: { } table }
            && await IsOnAsync(index, table, cancellationToken) && !await IsAtWorkAsync(index, cancellationToken))
        {
            observer.Message(MessageLevel.Warning, $"{step}: the index {index} is invalid, left by somebody; it is dropped and built again.");
            await DropAsync(index, cancellationToken);
            return true;
        }

        return false;
    }

    /// <summary>Before a build of an index to which the server gives the name: only by what was there before can its remains be known.</summary>
    public async Task RememberInvalidIndexesAsync(CancellationToken cancellationToken) => _invalidBefore = await InvalidIndexesAsync(cancellationToken);

    /// <summary>Drops the remains of such a build.</summary>
    public async Task DropNewInvalidIndexesAsync(CancellationToken cancellationToken)
    {
        foreach (var index in (await InvalidIndexesAsync(cancellationToken)).Except(_invalidBefore))
        {
            observer.Message(MessageLevel.Warning, $"{step}: the index {index} could not be built, and is dropped.");
            await DropAsync(index, cancellationToken);
        }
    }

    /// <summary>Drops what an earlier REINDEX CONCURRENTLY of the same index or table left behind (manual, REINDEX, Rebuilding Indexes Concurrently).</summary>
    public async Task DropReindexLeftoversAsync(CancellationToken cancellationToken)
    {
        if (ConcurrentReindex.Parse(statement.Text) is not { Name: var name, Schema: var schema })
        {
            return;
        }

        IReadOnlyList<SqlName> leftovers;
        await using (var command = new NpgsqlCommand(
            $"""
            SELECT n.nspname::text, x.relname::text
            FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace
            WHERE NOT i.indisvalid AND x.relname ~ '_cc(new|old)[0-9]*$' AND n.nspname <> 'pg_toast'
                AND ($2::text IS NULL OR n.nspname = $2) AND ($1::text IS NULL OR i.indrelid = to_regclass($1)
                    OR i.indrelid = (SELECT named.indrelid FROM pg_index named WHERE named.indexrelid = to_regclass($1)))
                AND NOT EXISTS ({AtWork("i.indrelid")})
            """,
            session.Connection))
        {
            command.Parameters.Add(new NpgsqlParameter { Value = name is null ? DBNull.Value : Quoted(name), NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
            command.Parameters.Add(new NpgsqlParameter { Value = (object?)schema ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
            leftovers = await NamesAsync(command, cancellationToken);
        }

        foreach (var index in leftovers)
        {
            observer.Message(MessageLevel.Warning, $"{step}: an earlier REINDEX CONCURRENTLY left the invalid index {index}; it is dropped.");
            await DropAsync(index, cancellationToken);
        }
    }

    /// <summary>What may be left of it when the server refuses it; null for nothing, or what the index tells.</summary>
    public KeptWork? MayKeep => statement.Kind switch
    {
        StatementKind.Call or StatementKind.Do => KeptWork.OfProcedure,
        StatementKind.DropIndexConcurrently => KeptWork.OfRepeatable,
        StatementKind.OutsideTransaction when IsRepeatable(statement.Text) || ConcurrentDetach.Parse(statement.Text) is not null => KeptWork.OfRepeatable,
        _ => null,
    };

    /// <summary>What to send: what is left to do of a DETACH PARTITION CONCURRENTLY that has committed its first half, otherwise the statement itself.</summary>
    public async Task<ScriptStatement> NowAsync(CancellationToken cancellationToken)
    {
        if (ConcurrentDetach.Parse(statement.Text) is not { } detach || await IsDetachPendingAsync(detach, cancellationToken) is not true)
        {
            return statement;
        }

        observer.Message(MessageLevel.Verbose, $"{step}: {detach.Partition} is half detached from {detach.Table}; what is left is done.");
        return statement with { Text = $"ALTER TABLE {Quoted(detach.Table)} DETACH PARTITION {Quoted(detach.Partition)} FINALIZE" };
    }

    /// <summary>Whether it took effect. Clears away what it left half-done, so that it can run again when it did not.</summary>
    /// <exception cref="DbMigrateException"><c>OutcomeUnknown</c> when the database cannot tell.</exception>
    public async Task<bool> IsDoneAsync(CancellationToken cancellationToken)
    {
        switch (statement.Kind)
        {
            case StatementKind.CreateIndexConcurrently when ConcurrentIndex.Parse(statement.Text) is { Index: { } index }:
                switch (await ValidityAsync(index, cancellationToken))
                {
                    case true:
                        return true;
                    case false:
                        observer.Message(MessageLevel.Warning, $"{step}: an earlier run left the index {index} invalid; it is dropped and built again.");
                        await DropAsync(index, cancellationToken);
                        return false;
                    default:
                        return false;
                }

            case StatementKind.DropIndexConcurrently when ConcurrentIndex.Parse(statement.Text) is { Index: { } index }:
                return await ValidityAsync(index, cancellationToken) is null;

            case StatementKind.OutsideTransaction when ConcurrentDetach.Parse(statement.Text) is { } detach:
                return await IsDetachPendingAsync(detach, cancellationToken) is null;

            case StatementKind.OutsideTransaction when IsRepeatable(statement.Text):
                return false;

            default:
                throw new DbMigrateException(
                    "OutcomeUnknown",
                    ErrorKind.InvalidState,
                    $"{step.Outline.Script!.Path}:{statement.Line}: an earlier run was cut off while this statement ran outside a transaction, "
                        + "so it may or may not have taken effect.",
                    $"Look at the database. Finish the migration by hand and run Resolve-Migration -Name '{step.Migration.Version}' -As Applied, or take "
                        + "back what it did and use -As RolledBack (dbmigrate resolve).") { Subject = step.Outline.Script.Path };
        }
    }

    /// <summary>Those that do the same when they run twice.</summary>
    private static bool IsRepeatable(string text)
    {
        var first = text.TrimStart().Split([' ', '\t', '\r', '\n', '('], 2)[0];
        return first.ToUpperInvariant() is "VACUUM" or "REINDEX" or "CLUSTER" or "DISCARD"
            || text.StartsWith("ALTER SYSTEM", StringComparison.OrdinalIgnoreCase);
    }

    // Those at which nobody is at work; none for any other statement.
    private async Task<IReadOnlyList<SqlName>> InvalidIndexesAsync(CancellationToken cancellationToken)
    {
        if (statement.Kind != StatementKind.CreateIndexConcurrently || ConcurrentIndex.Parse(statement.Text) is not { Index: null, Table: { } table })
        {
            return [];
        }

        await using var command = new NpgsqlCommand(
            $"""
            SELECT n.nspname::text, x.relname::text
            FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace
            WHERE NOT i.indisvalid AND i.indrelid = to_regclass($1) AND NOT EXISTS ({AtWork("i.indrelid")})
            """,
            session.Connection);
        command.Parameters.Add(new NpgsqlParameter { Value = Quoted(table) });
        return await NamesAsync(command, cancellationToken);
    }

    private static async Task<IReadOnlyList<SqlName>> NamesAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var names = new List<SqlName>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            names.Add(new SqlName(reader.GetString(0), reader.GetString(1)));
        }

        return names;
    }

    /// <summary>True when the first half is committed, false when the partition is attached, null when it is not.</summary>
    private async Task<bool?> IsDetachPendingAsync(ConcurrentDetach detach, CancellationToken cancellationToken)
    {
        if (session.ServerVersion.Major < 14)
        {
            return false;  // it is a syntax error there
        }

        await using var command = new NpgsqlCommand(
            "SELECT inhdetachpending FROM pg_inherits WHERE inhparent = to_regclass($1) AND inhrelid = to_regclass($2)", session.Connection);
        command.Parameters.Add(new NpgsqlParameter { Value = Quoted(detach.Table) });
        command.Parameters.Add(new NpgsqlParameter { Value = Quoted(detach.Partition) });
        return await command.ExecuteScalarAsync(cancellationToken) as bool?;
    }

    /// <summary>True for a valid index, false for an invalid one, null where there is none.</summary>
    private async Task<bool?> ValidityAsync(SqlName index, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)", session.Connection);
        command.Parameters.Add(new NpgsqlParameter { Value = Quoted(index) });
        return await command.ExecuteScalarAsync(cancellationToken) as bool?;
    }

    private async Task<bool> IsOnAsync(SqlName index, SqlName table, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND indrelid = to_regclass($2))", session.Connection);
        command.Parameters.Add(new NpgsqlParameter { Value = Quoted(index) });
        command.Parameters.Add(new NpgsqlParameter { Value = Quoted(table) });
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    /// <summary>
    /// Whether somebody else works on the index's table: an invalid index may be on its way to be a good one. The lock of a concurrent build is there
    /// for all to see; pg_stat_progress_create_index hides its table from some roles.
    /// </summary>
    private async Task<bool> IsAtWorkAsync(SqlName index, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT EXISTS ({AtWork("(SELECT indrelid FROM pg_index WHERE indexrelid = to_regclass($1))")})", session.Connection);
        command.Parameters.Add(new NpgsqlParameter { Value = Quoted(index) });
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static string AtWork(string table) =>
        "SELECT FROM pg_locks l WHERE l.locktype = 'relation' AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid() "
            + $"AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.relation = {table}";

    private async Task DropAsync(SqlName index, CancellationToken cancellationToken)
    {
        await using var drop = new NpgsqlCommand($"DROP INDEX CONCURRENTLY {Quoted(index)}", session.Connection);
        await drop.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Quoted(SqlName name) => new JournalTable(name.Schema, name.Name).ToString();
}
