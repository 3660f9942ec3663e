using System.Text.Json;
using System.Text.Json.Serialization;
using DbMigrate.Engine.Sql;

namespace DbMigrate.Cli;

/// <summary>The JSON forms, one object a line; fields without a value are left out. Documented in docs/command-line.md.</summary>
internal static class JsonLine
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static string Of(MigrationStatus status) => Write(new
    {
        status.Version,
        status.Name,
        status.State,
        status.Format,
        status.Path,
        status.DownPath,
        status.AppliedAt,
        DurationMs = status.Duration?.TotalMilliseconds,
        status.Checksum,
        status.AppliedChecksum,
        status.Note,
        Database = status.Target?.ToString(),
    });

    public static string Planned(MigrationStatus status, string would) => Write(new
    {
        status.Version,
        status.Name,
        status.State,
        WhatIf = would,
        status.Format,
        Path = would == "undo" ? status.DownPath : status.Path,
        Database = status.Target?.ToString(),
    });

    public static string Of(MigrationResult result) => Write(new
    {
        result.Version,
        result.Name,
        State = result.Outcome,
        result.Format,
        result.Path,
        result.RunId,
        RestorePoint = result.RestorePoint is { } point ? new { point.At, point.Lsn, point.SnapshotId, point.SystemId, point.Database } : null,
        result.StartedAt,
        DurationMs = result.Duration.TotalMilliseconds,
        result.Statements,
        result.Rows,
        result.Attempts,
        Blockers = result.Blockers.Count == 0 ? null : result.Blockers.Select(Session),
        Error = result.Error is { } error ? Failure(error) : null,
        Database = result.Target?.ToString(),
    });

    public static string Of(BackfillPlan plan) => Write(new
    {
        plan.Table,
        WhatIf = "backfill",
        plan.Walk,
        plan.EstimatedRows,
        plan.Resumes,
        plan.RowsBefore,
        plan.Statement,
        plan.QueryPlan,
        Database = plan.Target?.ToString(),
    });

    public static string Of(BackfillResult result) => Write(new
    {
        result.Table,
        result.Rows,
        result.RowsBefore,
        result.Batches,
        result.Retries,
        LongestBatchMs = result.LongestBatch.TotalMilliseconds,
        result.StartedAt,
        DurationMs = result.Duration.TotalMilliseconds,
        result.RowsPerSecond,
        result.Verified,
        result.NotNullColumn,
        Database = result.Target?.ToString(),
    });

    public static string File(string path, bool created) => Write(new { State = created ? "created" : "wouldCreate", Path = path });

    public static string Of(string file, SqlStatement statement) => Write(new
    {
        File = file,
        statement.Offset,
        statement.Length,
        statement.Line,
        statement.Column,
        statement.Kind,
    });

    public static string Of(DbActivity activity) => Write(new
    {
        activity.At,
        activity.Database,
        activity.ServerVersion,
        SizeBytes = activity.DatabaseSize,
        activity.Connections,
        LongStatements = activity.LongStatements.Select(Session),
        IdleInTransaction = activity.IdleInTransaction.Select(Session),
        OldestXmin = activity.OldestXmin is { } xmin ? new { xmin.Kind, xmin.Name, xmin.Age, xmin.Backend?.ProcessId } : null,
        activity.TransactionIdAge,
        activity.FreezeMaxAge,
        activity.MultixactIdAge,
        activity.MultixactFreezeMaxAge,
        Standbys = activity.Standbys.Select(s => new
        {
            s.Name, s.Client, s.ProcessId, s.State, s.SyncState, ReplayLagMs = s.ReplayLag?.TotalMilliseconds, s.BytesBehind,
        }),
        activity.ReplicationSlots,
        activity.IsStandby,
        ReplayDelayMs = activity.ReplayDelay?.TotalMilliseconds,
        activity.NotVisible,
    });

    public static string Of(DbTableSize table) => Write(new
    {
        table.Schema,
        table.Name,
        table.Table,
        table.Kind,
        table.Partitions,
        TotalBytes = table.TotalSize,
        TableBytes = table.TableSize,
        IndexBytes = table.IndexSize,
        ToastBytes = table.ToastSize,
        table.Rows,
        table.DeadRows,
        BloatBytes = table.BloatSize,
        table.LastVacuum,
        table.LastAutovacuum,
        table.LastAnalyze,
        table.LastAutoanalyze,
        table.IsLocked,
    });

    public static string Of(DbMigrateException error) => Write(new
    {
        Error = new
        {
            error.Id,
            error.Kind,
            error.Message,
            error.NextStep,
            Failure = (error as MigrationFailedException)?.Failed?.Error is { } failure ? Failure(failure) : null,
        },
    });

    public static string Of(BlockingQuery wait) => Write(new
    {
        Blocked = Session(wait.Blocked),
        Blocking = Session(wait.Blocking),
        BlockedForMs = wait.BlockedFor.TotalMilliseconds,
        wait.LockType,
        wait.LockedObject,
        wait.Relation,
        wait.WantedMode,
        wait.HeldMode,
        wait.IsHard,
        wait.IsRoot,
        wait.IsDeadlock,
        wait.BlockedCount,
        wait.Depth,
        Roots = wait.Roots.Select(r => r.ProcessId),
        wait.Advice,
        wait.Blocking.AdviceReason,
        (wait as BlockingTreeNode)?.Tree,
        Database = wait.Target?.ToString(),
    });

    public static string Of(StopResult result) => Write(new
    {
        result.Outcome,
        result.Reason,
        Session = Session(result.Session),
        result.BlockedCount,
        DurationMs = result.Duration.TotalMilliseconds,
        Database = result.Target?.ToString(),
    });

    /// <summary>How an outcome is written: <c>stillThere</c>.</summary>
    public static string Name(StopOutcome outcome) => JsonNamingPolicy.CamelCase.ConvertName(outcome.ToString());

    /// <summary>How a statement's kind is written: <c>createIndexConcurrently</c>.</summary>
    public static string Name(StatementKind kind) => JsonNamingPolicy.CamelCase.ConvertName(kind.ToString());

    private static object Session(ServerSession session) => new
    {
        session.ProcessId,
        session.BackendStart,
        session.PreparedTransaction,
        session.Kind,
        session.User,
        session.Application,
        session.Client,
        session.Database,
        session.State,
        StateAgeMs = session.StateAge?.TotalMilliseconds,
        TransactionAgeMs = session.TransactionAge?.TotalMilliseconds,
        session.Query,
        session.QueryStart,
        session.WaitEvent,
        session.MaySignal,
    };

    private static object Failure(SqlFailure failure) => new
    {
        failure.SqlState,
        failure.Message,
        failure.Detail,
        failure.Hint,
        failure.File,
        failure.Line,
        failure.Column,
        failure.SourceLine,
    };

    // Azure Pipelines looks for "##vso[" and "##[" anywhere in a line. Inside a JSON string the second # may be written as an escape.
    private static string Write<T>(T value) =>
        JsonSerializer.Serialize(value, Options).Replace("##", "#\\u0023", StringComparison.Ordinal);
}
