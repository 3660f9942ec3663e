using DbMigrate.Engine.Formats;
using DbMigrate.Testing;
using Npgsql;

namespace DbMigrate.Engine.Tests.Formats;

/// <summary>A journal in a database of a test's own, and as little of a runner as it takes to move it.</summary>
internal sealed class JournalDatabase
{
    private JournalDatabase(DbTarget target, IMigrationJournal journal)
    {
        Target = target;
        Journal = journal;
    }

    public DbTarget Target { get; }

    public IMigrationJournal Journal { get; }

    /// <summary>Makes a database and the journal in it.</summary>
    public static async Task<JournalDatabase> NewAsync(
        MigrationFolder folder, JournalTable? table = null, string? schema = null, string? setUp = null)
    {
        var server = await SandboxFixture.NewDatabaseAsync();
        if (setUp is not null)
        {
            await server.RunAsync(setUp);
        }

        var target = new DbTarget(server.ConnectionString)
        {
            Host = server.Host,
            Port = server.Port,
            Database = server.Database,
            Source = "test",
            Schema = schema,
        };
        var journal = MigrationFormats.Of(folder.Format).Journal(folder, table, target);
        var database = new JournalDatabase(target, journal.Table.Schema is null ? journal.Resolved("public") : journal);
        await database.SendAsync(database.Journal.Create);
        return database;
    }

    public async Task<IReadOnlyList<JournalRow>> ReadAsync()
    {
        await using var connection = await Target.ConnectAsync();
        return await Journal.ReadAsync(connection, CancellationToken.None);
    }

    /// <summary>Sends commands in one transaction.</summary>
    public async Task SendAsync(IEnumerable<SqlCommandText> commands)
    {
        await using var connection = await Target.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await SendAsync(connection, commands);
        await transaction.CommitAsync();
    }

    public static async Task SendAsync(NpgsqlConnection connection, IEnumerable<SqlCommandText> commands)
    {
        foreach (var text in commands)
        {
            await using var command = new NpgsqlCommand(text.Text, connection);
            foreach (var value in text.Parameters)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
            }

            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>Applies a migration in one transaction with its journal row.</summary>
    public async Task ApplyAsync(Migration migration) =>
        await SendAsync(InTransaction(Journal.Apply(migration, await ReadAsync()), migration.Up));

    /// <summary>Undoes a migration in one transaction with its journal row.</summary>
    public async Task UndoAsync(Migration migration) =>
        await SendAsync(InTransaction(Journal.Undo(migration.Version, await ReadAsync()), migration.Down));

    /// <summary>Moves the journal as around a migration that runs outside a transaction.</summary>
    /// <param name="commands">What the journal says.</param>
    /// <param name="started">Called while the migration would run.</param>
    /// <param name="error">The error that it fails with; null for success.</param>
    public async Task OutsideAsync(JournalCommands commands, Func<Task> started, string? error = null)
    {
        await SendAsync(commands.Started);
        await SendAsync(commands.Started);
        await started();
        await SendAsync(error is null ? commands.Finished : commands.Failed(error));
    }

    /// <summary>Two sessions start the same move; the second must fail with 23505 when the first commits.</summary>
    public async Task<string> RaceAsync(Func<JournalCommands> move)
    {
        await using var first = await Target.ConnectAsync();
        await using var second = await Target.ConnectAsync();
        await using var secondTransaction = await second.BeginTransactionAsync();
        await using var firstTransaction = await first.BeginTransactionAsync();
        var (quick, slow) = (move(), move());
        await SendAsync(first, quick.Before);
        var waiting = SendAsync(second, slow.Before);
        await Eventually.IsTrueAsync(async () => await Target.ScalarAsync<int>($"SELECT cardinality(pg_blocking_pids({second.ProcessID}))") > 0, waiting);
        await SendAsync(first, quick.After);
        await firstTransaction.CommitAsync();
        return (await Xunit.Assert.ThrowsAsync<PostgresException>(() => waiting)).SqlState;
    }

    /// <summary>A move that another runner has done already.</summary>
    public async Task<string> LateAsync(JournalCommands move) =>
        (await Xunit.Assert.ThrowsAsync<PostgresException>(() => SendAsync(move.Before))).SqlState;

    private static IEnumerable<SqlCommandText> InTransaction(JournalCommands commands, MigrationScript? script) =>
        commands.Before.Concat((script?.ReadStatements() ?? []).Select(s => new SqlCommandText(s.Text))).Concat(commands.After);
}
