using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>Records of runs in the database itself, in the schema that is ours alone, for those who ask for it: whoever runs next, from whichever host, finds them.</summary>
public static class RunTable
{
    private const string Table = OwnSchema.Name + ".runs";

    /// <summary>The runs that are recorded in a database, the newest first; none where nobody has asked for records.</summary>
    /// <exception cref="DbMigrateException"><c>SqlPermission</c>, <c>SqlError</c>, <c>ConnectionLost</c>.</exception>
    public static Task<IReadOnlyList<MigrationRun>> ReadAsync(DbSession session, CancellationToken cancellationToken) => ServerFailure.GuardAsync(async () =>
    {
        var runs = new List<MigrationRun>();
        await using var exists = new NpgsqlCommand($"SELECT to_regclass('{Table}') IS NOT NULL", session.Connection);
        if (await exists.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return (IReadOnlyList<MigrationRun>)runs;
        }

        await using var command = new NpgsqlCommand(
            $"""
            SELECT run_id, undo, database, folder, format, run_by, run_at, run_lsn, snapshot_id, version, name, outcome, milliseconds, sql_state, at, lsn,
                system_id, database_name
            FROM {Table} ORDER BY run_id DESC, number
            """,
            session.Connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var id = reader.GetString(0);
            var step = new MigrationRunStep
            {
                Version = reader.GetString(9),
                Name = reader.GetString(10),
                Outcome = Enum.Parse<MigrationOutcome>(reader.GetString(11)),
                Duration = TimeSpan.FromMilliseconds(reader.GetDouble(12)),
                SqlState = Text(13),
                RestorePoint = reader.IsDBNull(14) ? null : Point(14),
            };
            if (runs is [.., var last] && last.Id == id)
            {
                runs[^1] = last with { Migrations = [.. last.Migrations, step] };
                continue;
            }

            runs.Add(new MigrationRun
            {
                Id = id,
                IsUndo = reader.GetBoolean(1),
                Database = reader.GetString(2),
                Folder = reader.GetString(3),
                Format = Enum.Parse<MigrationFormat>(reader.GetString(4)),
                RunBy = reader.GetString(5),
                RestorePoint = Point(6),
                Migrations = [step],
                IsFinished = true,
            });
        }

        return runs;

        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
        RestorePoint Point(int column) => new()
        {
            At = new DateTimeOffset(reader.GetDateTime(column), TimeSpan.Zero),
            Lsn = Text(column + 1),
            SystemId = Text(16),
            Database = Text(17),
            SnapshotId = Text(8),
        };
    });

    /// <summary>What records a run that has ended; for one transaction.</summary>
    internal static IEnumerable<SqlCommandText> Record(MigrationRun run, IReadOnlyList<MigrationResult> results)
    {
        yield return new SqlCommandText(OwnSchema.Lock);
        yield return new SqlCommandText(OwnSchema.Create(
            Table,
            """
            (run_id text NOT NULL, number integer NOT NULL, undo boolean NOT NULL, database text NOT NULL, folder text NOT NULL, format text NOT NULL,
                run_by text NOT NULL, run_at timestamptz NOT NULL, run_lsn text, snapshot_id text, version text NOT NULL, name text NOT NULL, outcome text NOT NULL,
                milliseconds float8 NOT NULL, sql_state text, at timestamptz, lsn text, system_id text, database_name text, PRIMARY KEY (run_id, number))
            """,
            "runs of migrations, with the moment before each. May be dropped."));
        for (var i = 0; i < results.Count; i++)
        {
            var result = results[i];
            yield return new SqlCommandText(
                $"INSERT INTO {Table} VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::text::float8, $15, $16::timestamptz, $17, $18, $19)",
                run.Id, i + 1, run.IsUndo, run.Database, run.Folder, run.Format.ToString(), run.RunBy, run.RestorePoint.At, run.RestorePoint.Lsn, run.RestorePoint.SnapshotId,
                result.Version, result.Name, result.Outcome.ToString(), FormattableString.Invariant($"{result.Duration.TotalMilliseconds}"), result.Error?.SqlState,
                result.RestorePoint?.At, result.RestorePoint?.Lsn, run.RestorePoint.SystemId, run.RestorePoint.Database);
        }
    }
}
