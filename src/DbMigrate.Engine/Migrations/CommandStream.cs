using System.Data;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>
/// Sends commands in as few round trips as possible, with one Sync at the end of each batch: after an error the server skips the rest
/// of the batch (manual 55.2.4 Pipelining), so that nothing runs behind a statement that failed.
/// </summary>
/// <param name="connection">The connection.</param>
/// <param name="tellsLsn">The server tells its place in the write-ahead log.</param>
internal sealed class CommandStream(NpgsqlConnection connection, bool tellsLsn)
{
    /// <summary>A batch ends here, so that a script of any size needs little memory.</summary>
    private const int MaxCharacters = 1024 * 1024;

    private const int MaxCommands = 2000;

    private const string MarkerColumn = "dbmigrate_marker";

    /// <summary>How long a person who stops a run waits at most for the record of what is done.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly List<PlannedCommand> _commits = [];

    /// <summary>A command that marks a step's end in the replies, and reports the server's clock and its place in the write-ahead log there.</summary>
    public string Marker { get; } = $"SELECT clock_timestamp() AS {MarkerColumn}" + (tellsLsn ? ", pg_current_wal_insert_lsn()::text" : "");

    /// <summary>The command that failed in the last call.</summary>
    public PlannedCommand? Failed { get; set; }

    /// <summary>Whether the server has said in the last call that the step is committed. What fails after that does not undo it.</summary>
    public bool IsCommitted(MigrationStep step) => _commits.Any(c => ReferenceEquals(c.Step, step) && c.Command.StatementType != Npgsql.StatementType.Unknown);

    /// <summary>Statements of scripts that ran to their end since the last marker.</summary>
    public int Statements { get; private set; }

    /// <summary>Rows that they changed.</summary>
    public long Rows { get; private set; }

    /// <summary>Sends the commands, and yields what is known at each marker.</summary>
    public async IAsyncEnumerable<Reply> SendAsync(
        IEnumerable<PlannedCommand> commands, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Failed = null;
        Statements = 0;
        Rows = 0;
        _commits.Clear();
        using var source = commands.GetEnumerator();
        var more = true;
        while (more)
        {
            var chunk = new List<PlannedCommand>();
            var characters = 0;
            while (chunk.Count < MaxCommands && characters < MaxCharacters && (more = source.MoveNext()))
            {
                chunk.Add(source.Current);
                characters += source.Current.Command.CommandText.Length;
            }

            if (chunk.Count == 0)
            {
                yield break;
            }

            await using var batch = new NpgsqlBatch(connection);
            foreach (var planned in chunk)
            {
                batch.BatchCommands.Add(planned.Command);
            }

            _commits.AddRange(chunk.Where(c => c.Role == CommandRole.Commit));

            var counted = 0;
            await using var reader = await StartAsync(batch, chunk, cancellationToken);
            do
            {
                if (reader.FieldCount > 0 && reader.GetName(0) == MarkerColumn)
                {
                    await reader.ReadAsync(cancellationToken);
                    var at = new DateTimeOffset(reader.GetDateTime(0), TimeSpan.Zero);
                    counted = Count(chunk, counted);
                    yield return new Reply(new RestorePoint { At = at, Lsn = tellsLsn ? reader.GetString(1) : null }, Statements, Rows);
                    Statements = 0;
                    Rows = 0;
                }
            }
            while (await NextAsync(reader, chunk, cancellationToken));

            Count(chunk, counted, toEnd: true);
        }
    }

    /// <summary>Sends the commands and waits for the end.</summary>
    public async Task RunAsync(IEnumerable<PlannedCommand> commands, CancellationToken cancellationToken)
    {
        await foreach (var _ in SendAsync(commands, cancellationToken))
        {
            // A step's commands carry no marker here.
        }
    }

    /// <summary>
    /// Sends commands that record what is already so: once more after a cancel that came late, and with <see cref="Patience"/> when a person wants to stop.
    /// </summary>
    public async Task InsistAsync(IReadOnlyList<PlannedCommand> commands, CancellationToken cancellationToken)
    {
        try
        {
            await LateCancel.RepeatAsync(() => RunAsync(commands, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            using var patience = new CancellationTokenSource(Patience);
            await RunAsync(commands, patience.Token);
            throw;
        }
    }

    private async Task<NpgsqlDataReader> StartAsync(NpgsqlBatch batch, List<PlannedCommand> chunk, CancellationToken cancellationToken)
    {
        try
        {
            return await batch.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken);
        }
        catch (PostgresException e)
        {
            Fail(e, chunk);
            throw;
        }
    }

    private async Task<bool> NextAsync(NpgsqlDataReader reader, List<PlannedCommand> chunk, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.NextResultAsync(cancellationToken);
        }
        catch (PostgresException e)
        {
            Fail(e, chunk);
            throw;
        }
    }

    private void Fail(PostgresException exception, List<PlannedCommand> chunk)
    {
        Failed = chunk.Find(c => ReferenceEquals(c.Command, exception.BatchCommand));
        var end = Failed is null ? 0 : chunk.IndexOf(Failed);
        var start = chunk.FindLastIndex(Math.Max(end - 1, 0), c => c.Command.CommandText == Marker) + 1;
        Add(chunk, Math.Min(start, end), end);
    }

    private int Count(List<PlannedCommand> chunk, int from, bool toEnd = false)
    {
        var marker = toEnd ? chunk.Count : chunk.FindIndex(from, c => c.Command.CommandText == Marker);
        Add(chunk, from, marker);
        return Math.Min(marker + 1, chunk.Count);
    }

    private void Add(List<PlannedCommand> chunk, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            if (chunk[i].Role == CommandRole.Script)
            {
                Statements++;
                Rows += Math.Max(chunk[i].Command.RecordsAffected, 0);
            }
        }
    }

    /// <summary>What has been counted up to a marker.</summary>
    /// <param name="Point">The server's clock and its place in the log.</param>
    /// <param name="Statements">Statements of scripts since the marker before.</param>
    /// <param name="Rows">Rows that they changed.</param>
    internal readonly record struct Reply(RestorePoint Point, int Statements, long Rows);
}
