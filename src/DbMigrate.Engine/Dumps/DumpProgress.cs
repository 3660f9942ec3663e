using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Dumps;

/// <summary>Tells how far <c>pg_dump</c> is: from its log, from the file that grows, and from the server.</summary>
internal sealed partial class DumpProgress(
    IEngineObserver observer, string activity, string path, string application, IReadOnlyList<DumpTable> tables, int jobs)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, DumpTable> _tables = tables.DistinctBy(t => t.LogName).ToDictionary(t => t.LogName, StringComparer.Ordinal);
    private readonly long _total = tables.Sum(t => t.Size);
    private readonly List<DumpTable> _started = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly object _lock = new();

    /// <summary>Takes a line of <c>pg_dump --verbose</c>.</summary>
    public void Take(string line)
    {
        if (Contents().Match(line) is { Success: true } match && _tables.TryGetValue(match.Groups["table"].Value, out var table))
        {
            lock (_lock)
            {
                _started.Add(table);
            }
        }
    }

    /// <summary>Tells until cancelled. What goes wrong here ends the telling, not the dump.</summary>
    public async Task ShowAsync(DbSession session, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(s_interval, cancellationToken);
                var (waits, copied) = await LookAsync(session, cancellationToken);
                Tell(waits, copied);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or NpgsqlException or DbMigrateException or IOException or UnauthorizedAccessException)
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                observer.Message(MessageLevel.Verbose, $"The progress of pg_dump is not shown any more: {e.Message}");
            }
        }
    }

    private void Tell(string? waits, long copied)
    {
        int started;
        long done;
        lock (_lock)
        {
            // Those that are still being read are the last ones to have started.
            started = _started.Count;
            done = _started.Take(Math.Max(0, started - jobs)).Sum(t => t.Size) + Math.Min(copied, _started.TakeLast(jobs).Sum(t => t.Size));
        }

        var size = Size();
        var percent = _total > 0 ? (int)Math.Min(99, 100 * done / _total) : -1;
        var left = percent >= 2 ? $", about {Ages.Text(_clock.Elapsed * ((100.0 - percent) / percent))} left" : "";
        observer.Progress(
            activity,
            waits ?? string.Create(CultureInfo.InvariantCulture, $"{started} of {tables.Count} tables, {ByteSize.Text(size)} written{left}"),
            percent);
    }

    // pg_dump may not have begun to write, or be just making another file.
    private long Size()
    {
        try
        {
            return DumpContent.Size(path);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Whom pg_dump waits for, and how much it has read of the tables that it is at.</summary>
    private async Task<(string? Waits, long Copied)> LookAsync(DbSession session, CancellationToken cancellationToken)
    {
        // pg_stat_progress_copy is there from PostgreSQL 14 on; a COPY of ours is one of the current database.
        var copied = session.ServerVersion.Major >= 14
            ? "(SELECT coalesce(sum(p.bytes_processed), 0)::bigint FROM pg_catalog.pg_stat_progress_copy p JOIN pg_catalog.pg_stat_activity a USING (pid) WHERE a.application_name = $1)"
            : "0::bigint";
        // Our transaction would see for ever what it saw first.
        await session.ExecuteAsync("SELECT pg_stat_clear_snapshot()", cancellationToken);
        await using var command = new NpgsqlCommand(
            $"""
            SELECT {copied}, {SessionColumns.Sql(fullQueries: false, "b")}
            FROM (VALUES (1)) AS one (n) LEFT JOIN pg_catalog.pg_stat_activity b ON b.pid IN (
                SELECT unnest(pg_catalog.pg_blocking_pids(a.pid)) FROM pg_catalog.pg_stat_activity a WHERE a.application_name = $1 AND a.wait_event_type = 'Lock')
            ORDER BY b.xact_start
            """,
            session.Connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = application });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var (holders, bytes) = (new List<ServerSession>(), 0L);
        while (await reader.ReadAsync(cancellationToken))
        {
            bytes = reader.GetInt64(0);
            holders.AddRange(SessionColumns.Read(reader, first: 1) is { } holder ? [holder] : []);
        }

        return (holders.Count == 0 ? null : $"waits for a lock that {LockHolders.Describe(holders)} holds", bytes);
    }

    // pg_dump: dumping contents of table "public.orders"
    [GeneratedRegex("dumping contents of table \"(?<table>.*)\"$")]
    private static partial Regex Contents();
}
