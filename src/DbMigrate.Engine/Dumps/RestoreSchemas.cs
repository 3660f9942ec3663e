using System.Security.Cryptography;
using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Dumps;

/// <summary>
/// The schemas that a dump of tables alone does not make, and the schema public, which a dump of it makes although every database has it. This cannot be in the
/// transaction of <c>pg_restore</c>, so that it is undone by hand where all or nothing was asked for.
/// </summary>
internal sealed class RestoreSchemas(RestorePlan plan, IEngineObserver observer)
{
    private readonly string _aside = JournalTable.Quote($"public before the restore {RandomNumberGenerator.GetHexString(6, lowercase: true)}");
    private readonly Stack<string> _undo = new();

    // A database that was made for it is dropped instead.
    private readonly bool _isUndone = plan is { Creates: false, Options.SingleTransaction: true };
    private bool _isAside;

    /// <summary>Makes them, and puts public aside.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string> needed = plan.Facts?.SchemasOfTables ?? [];
        var isPublicInDump = plan.Facts is { OnlyTables: null, OnlySchemas: { } only } && only.Contains("public", StringComparer.Ordinal);
        if (needed.Count == 0 && !isPublicInDump)
        {
            return;
        }

        await using var session = await DbSession.OpenAsync(plan.Target, observer, cancellationToken);
        await ServerFailure.GuardAsync(async () =>
        {
            var there = await ReadAsync(session, cancellationToken);
            foreach (var schema in needed.Where(schema => !there.Contains(schema)))
            {
                await session.ExecuteAsync($"CREATE SCHEMA {JournalTable.Quote(schema)}", cancellationToken);
                _undo.Push($"DROP SCHEMA {JournalTable.Quote(schema)}");
            }

            if (isPublicInDump && _isUndone && there.Contains("public"))
            {
                // Its owner, privileges and comment come back with its name.
                await session.ExecuteAsync($"ALTER SCHEMA public RENAME TO {_aside}", cancellationToken);
                _undo.Push($"ALTER SCHEMA {_aside} RENAME TO public");
                _isAside = true;
            }
            else if (isPublicInDump)
            {
                await session.ExecuteAsync("DROP SCHEMA IF EXISTS public", cancellationToken);
            }
        });
    }

    /// <summary>After the restore: what was put aside is not needed any more.</summary>
    public Task CompleteAsync() => _isAside ? TryAsync([$"DROP SCHEMA {_aside}"], "The schema public of before could not be dropped") : Task.CompletedTask;

    /// <summary>After a failure: as it was, where all or nothing was asked for.</summary>
    public Task UndoAsync() => _isUndone && _undo.Count > 0 ? TryAsync(_undo, "The schemas could not be put back as they were") : Task.CompletedTask;

    private async Task TryAsync(IEnumerable<string> statements, string failure)
    {
        try
        {
            await using var session = await DbSession.OpenAsync(plan.Target, observer, CancellationToken.None);
            foreach (var statement in statements)
            {
                await ServerFailure.GuardAsync(() => session.ExecuteAsync(statement, CancellationToken.None));
            }
        }
        catch (DbMigrateException e)
        {
            observer.Message(MessageLevel.Warning, $"{failure} in {plan.Target}: {e.Message}");
        }
    }

    private static async Task<HashSet<string>> ReadAsync(DbSession session, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT nspname::text FROM pg_catalog.pg_namespace", session.Connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }
}
