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
        result.StartedAt,
        DurationMs = result.Duration.TotalMilliseconds,
        result.Statements,
        result.Rows,
        result.Attempts,
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

    /// <summary>How a statement's kind is written: <c>createIndexConcurrently</c>.</summary>
    public static string Name(StatementKind kind) => JsonNamingPolicy.CamelCase.ConvertName(kind.ToString());

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
