using System.Diagnostics;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>VACUUM and ANALYZE of one table, with their progress and what came of them.</summary>
public static class Vacuum
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(5);

    /// <summary>Looks whether it can be done. Writes nothing.</summary>
    /// <param name="session">The session.</param>
    /// <param name="table">The table's name as in SQL: <c>orders</c>, <c>shop.orders</c>, <c>"Order"</c>.</param>
    /// <param name="options">What to do.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    /// <exception cref="DbMigrateException">
    /// <c>Standby</c>, <c>TableNotFound</c>, <c>NotATable</c>, <c>NoVacuumPrivilege</c>, <c>LockTimeout</c>, <c>ConnectionLost</c>, <c>SqlError</c>.
    /// </exception>
    public static async Task<VacuumPlan> PlanAsync(
        DbSession session, string table, VacuumOptions options, CancellationToken cancellationToken)
    {
        var found = await ServerFailure.GuardAsync(() => FindAsync(session, table, cancellationToken));
        var measure = await MeasureAsync(session, found.Oid, found.Name, options.LockTimeout, cancellationToken);
        return new VacuumPlan(found.Oid, found.Name, measure.Size, options);
    }

    /// <summary>Does it, on this session; a second one looks at the progress meanwhile.</summary>
    /// <param name="session">The session.</param>
    /// <param name="plan">What to do.</param>
    /// <param name="observer">Told of the progress, and warned when the look at the table afterwards fails.</param>
    /// <param name="cancellationToken">Cancels on the server. What VACUUM has done by then mostly stays done; VACUUM FULL leaves the table as it was.</param>
    /// <exception cref="DbMigrateException">
    /// <c>LockTimeout</c>, <c>NoVacuumPrivilege</c>, <c>SqlError</c>, <c>SqlPermission</c>, <c>ConnectionLost</c>.
    /// </exception>
    public static async Task<DbVacuumResult> RunAsync(
        DbSession session, VacuumPlan plan, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var options = plan.Options;
        var before = await MeasureAsync(session, plan.Oid, plan.Table, options.LockTimeout, cancellationToken);
        var messages = new List<string>();
        var skipped = default(string);
        var isReported = false;
        void Take(object sender, NpgsqlNoticeEventArgs e)
        {
            // A VACUUM that it may not do, PostgreSQL skips with a warning, and then there is no report.
            skipped ??= e.Notice.InvariantSeverity == "WARNING" ? e.Notice.MessageText : null;
            isReported |= e.Notice.InvariantSeverity == "INFO";
            messages.AddRange($"{e.Notice.MessageText}\n{e.Notice.Detail}".Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0));
        }

        await ServerFailure.GuardAsync(() => session.IdentifyAsync(cancellationToken));
        var startedAt = DateTimeOffset.UtcNow;
        var time = Stopwatch.StartNew();
        session.Connection.Notice += Take;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var showing = VacuumProgress.ShowAsync(session, observer, ended.Token);
        try
        {
            await ServerFailure.GuardAsync(() => ExecuteAsync(session, plan, cancellationToken));
        }
        finally
        {
            session.Connection.Notice -= Take;
            await ended.CancelAsync();
            await showing;
        }

        time.Stop();
        if (skipped is not null && !isReported)
        {
            throw NoPrivilege(session, plan.Table, skipped);
        }

        var after = default(TableMeasure);
        try
        {
            after = await AfterAsync(session, plan, before, cancellationToken);
        }
        catch (DbMigrateException e)
        {
            // For example an ALTER TABLE that waited behind VACUUM FULL has the table now. The work is done all the same.
            observer.Message(MessageLevel.Warning, $"{plan.Command} of {plan.Table} is done, but its size and dead rows afterwards are not known: {e.Message}");
        }

        return new DbVacuumResult
        {
            Table = plan.Table,
            Command = plan.Command,
            StartedAt = startedAt,
            Duration = time.Elapsed,
            SizeBefore = before.Size,
            SizeAfter = after?.Size,
            DeadRowsBefore = before.DeadRows,
            DeadRowsAfter = options.Full && !options.Analyze ? null : after?.DeadRows,
            PagesRemoved = before.Pages - after?.Pages,
            Messages = messages,
            Target = session.Target,
        };
    }

    private static async Task<(long Oid, string Name)> FindAsync(DbSession session, string table, CancellationToken cancellationToken)
    {
        // The database's owner may vacuum all of its tables; since PostgreSQL 17 the privilege MAINTAIN does, too (manual, VACUUM, Notes).
        var maintain = session.ServerVersion.Major >= 17 ? "has_table_privilege(c.oid, 'MAINTAIN') OR" : "";
        await using var command = new NpgsqlCommand(
            $"""
            SELECT pg_is_in_recovery(), c.oid::bigint, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind::text,
                {maintain} pg_has_role(c.relowner, 'USAGE') OR pg_has_role(d.datdba, 'USAGE') AND NOT c.relisshared, current_user::text
            FROM pg_database d LEFT JOIN pg_class c ON c.oid = to_regclass($1) LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE d.datname = current_database()
            """,
            session.Connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table });
        await using var reader = await ReadAsync(command, table, cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (reader.GetBoolean(0))
        {
            throw new DbMigrateException(
                "Standby",
                ErrorKind.Permission,
                $"{session.Target} is a standby: it only replays what its primary writes.",
                "Use the primary's address (for Aurora the writer endpoint); its VACUUM cleans the standby's tables as well.") { Subject = session.Target };
        }

        if (reader.IsDBNull(1))
        {
            throw NotFound(table);
        }

        var name = reader.GetString(2);
        if (reader.GetString(3) is not ("r" or "m" or "p" or "t"))
        {
            throw new DbMigrateException(
                "NotATable",
                ErrorKind.InvalidArgument,
                $"{name} is a view, an index or a sequence: there is nothing to vacuum.",
                "Name a table or a materialised view; Get-DbTableSize (dbmigrate sizes) lists them.") { Subject = table };
        }

        return reader.GetBoolean(4) ? (reader.GetInt64(1), name) : throw NoPrivilege(session, name, $"the role {reader.GetString(5)} may not vacuum it");
    }

    private static async Task<NpgsqlDataReader> ReadAsync(NpgsqlCommand command, string table, CancellationToken cancellationToken)
    {
        try
        {
            return await command.ExecuteReaderAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InvalidName or PostgresErrorCodes.SyntaxError or PostgresErrorCodes.FeatureNotSupported)
        {
            throw NotFound(table, e);
        }
    }

    private static DbMigrateException NotFound(string table, Exception? cause = null) => new(
        "TableNotFound",
        ErrorKind.NotFound,
        $"There is no table '{table}'.",
        "Write the name as in SQL: table or schema.table, in double quotes where it has capitals or blanks. Get-DbTableSize (dbmigrate sizes) lists them.",
        cause) { Subject = table };

    private static DbMigrateException NoPrivilege(DbSession session, string table, string why) => new(
        "NoVacuumPrivilege",
        ErrorKind.Permission,
        $"{table} was not vacuumed: {why}.",
        session.ServerVersion.Major >= 17
            ? $"Let the owner run: GRANT MAINTAIN ON {table} TO the role; or use the role that owns the table or the database."
            : "Use the role that owns the table or the database; PostgreSQL 17 and newer have a privilege for it, MAINTAIN.") { Subject = table };

    /// <summary>Sizes want a lock, too, if only for a moment.</summary>
    private static async Task<TableMeasure> MeasureAsync(
        DbSession session, long oid, string table, TimeSpan lockTimeout, CancellationToken cancellationToken) =>
        await ServerFailure.GuardAsync(async () =>
        {
            await SetAsync(session, lockTimeout, cancellationToken);
            try
            {
                return await TableMeasure.ReadAsync(session.Connection, oid, cancellationToken) ?? throw NotFound(table);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                throw await LockedAsync(session, table, lockTimeout, "AccessShareLock", e, cancellationToken);
            }
        });

    // A role's statement_timeout is meant for its application's queries, not for this.
    private static async Task SetAsync(DbSession session, TimeSpan lockTimeout, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "SELECT set_config('lock_timeout', $1, false), set_config('statement_timeout', '0', false)", session.Connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = FormattableString.Invariant($"{(long)lockTimeout.TotalMilliseconds}ms") });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task ExecuteAsync(DbSession session, VacuumPlan plan, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(plan.Options.Statement(plan.Table), session.Connection);
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw await LockedAsync(session, plan.Table, plan.Options.LockTimeout, plan.Options.Full ? "AccessExclusiveLock" : "ShareUpdateExclusiveLock", e, cancellationToken);
        }
    }

    private static async Task<DbMigrateException> LockedAsync(
        DbSession session, string table, TimeSpan lockTimeout, string mode, Exception cause, CancellationToken cancellationToken)
    {
        var holders = LockHolders.Describe(await LockHolders.ReadAsync(session, table, mode, lockTimeout, cancellationToken));
        var by = holders.Length == 0 ? "" : $" by {holders}";
        return new DbMigrateException(
            "LockTimeout",
            ErrorKind.Timeout,
            $"{table} stayed locked for {Ages.Text(lockTimeout)}{by}.",
            "Try again when that session has ended, or wait longer with -LockTimeout.",
            cause) { Subject = table };
    }

    /// <summary>Nobody waits long for a size when the work is done. Before PostgreSQL 15 the statistics come a moment after the statement they are of.</summary>
    private static async Task<TableMeasure> AfterAsync(DbSession session, VacuumPlan plan, TableMeasure before, CancellationToken cancellationToken)
    {
        var isShort = plan.Options.LockTimeout > TimeSpan.Zero && plan.Options.LockTimeout < s_look;
        var limit = Stopwatch.StartNew();
        while (true)
        {
            var after = await MeasureAsync(session, plan.Oid, plan.Table, isShort ? plan.Options.LockTimeout : s_look, cancellationToken);
            var isCounted = after.Vacuums != before.Vacuums || (plan.Options.Full && !plan.Options.Analyze);
            if (isCounted || session.ServerVersion.Major >= 15 || limit.Elapsed > TimeSpan.FromSeconds(2))
            {
                return after;
            }

            await Task.Delay(100, cancellationToken);
        }
    }
}
