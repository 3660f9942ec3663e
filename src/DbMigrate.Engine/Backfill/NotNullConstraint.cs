using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Backfill;

/// <summary>
/// Makes a column NOT NULL without reading the table under a lock that keeps others out. Before PostgreSQL 18: a CHECK that is not valid yet, which is validated
/// beside readers and writers, lets SET NOT NULL skip its scan (manual, ALTER TABLE, SET NOT NULL). From 18 the NOT NULL constraint itself can be added NOT VALID.
/// </summary>
internal sealed class NotNullConstraint
{
    private readonly string _table;
    private readonly string _displayName;
    private readonly string _column;
    private readonly int _number;
    private readonly bool _isNative;
    private readonly bool _isSet;
    private string _constraint;

    private NotNullConstraint(BackfillTable table, string column, int number, bool isNative, bool isSet)
    {
        (_table, _displayName) = (table.Name, table.DisplayName);
        _column = JournalTable.Quote(column);
        _number = number;
        _constraint = FormattableString.Invariant($"dbmigrate_not_null_{number}");
        (_isNative, _isSet) = (isNative, isSet);
    }

    /// <summary>Looks the column up.</summary>
    /// <exception cref="DbMigrateException"><c>ColumnNotFound</c>, <c>NotOwner</c>.</exception>
    public static async Task<NotNullConstraint> ReadAsync(DbSession session, BackfillTable table, string column, CancellationToken cancellationToken)
    {
        var isNative = session.ServerVersion.Major >= 18;
        var valid = isNative
            ? "NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = attrelid AND contype = 'n' AND conkey = ARRAY[attnum] AND NOT convalidated)"
            : "true";
        var rows = await new SqlBuilder().Add($"SELECT attnum::int, attnotnull AND {valid} FROM pg_attribute WHERE attrelid = ").Value(table.Oid)
            .Add("::oid AND attnum > 0 AND NOT attisdropped AND attname = ").Value(column).QueryAsync(session.Connection, cancellationToken);
        if (rows is not [[int number, bool isSet]])
        {
            throw new DbMigrateException(
                "ColumnNotFound",
                ErrorKind.NotFound,
                $"{table.DisplayName} has no column '{column}' to make NOT NULL.",
                "Give -ThenSetNotNull (--then-set-not-null) the exact name, capitals included.") { Subject = column };
        }

        return table.IsOwner
            ? new NotNullConstraint(table, column, number, isNative, isSet)
            : throw new DbMigrateException(
                "NotOwner",
                ErrorKind.Permission,
                $"Only the owner of {table.DisplayName} can make a column NOT NULL.",
                "Use the owner's role, or leave -ThenSetNotNull (--then-set-not-null) out.") { Subject = table.DisplayName };
    }

    /// <summary>Does it; what an interrupted run has left is used.</summary>
    /// <returns>False when the column was NOT NULL already.</returns>
    /// <exception cref="DbMigrateException"><c>NullsLeft</c>, <c>LockTimeout</c>.</exception>
    public async Task<bool> SetAsync(DbSession session, BackfillOptions options, IEngineObserver observer, CancellationToken cancellationToken)
    {
        if (_isSet)
        {
            observer.Message(MessageLevel.Verbose, $"{_displayName}.{_column} is NOT NULL already.");
            return false;
        }

        var alter = $"ALTER TABLE {_table} ";
        var exists = (await new SqlBuilder().Add("SELECT conname::text FROM pg_constraint WHERE conrelid = ").Value(_table).Add("::regclass AND ")
            .Add(_isNative
                ? FormattableString.Invariant($"contype = 'n' AND conkey = ARRAY[{_number}::int2]")
                : $"conname = '{_constraint}'").QueryAsync(session.Connection, cancellationToken)).Select(row => (string)row[0]!).FirstOrDefault();
        if (exists is null)
        {
            await TryAsync(session, options, observer, "AccessExclusiveLock", cancellationToken, _isNative
                ? $"{alter}ADD CONSTRAINT {_constraint} NOT NULL {_column} NOT VALID"
                : $"{alter}ADD CONSTRAINT {_constraint} CHECK ({_column} IS NOT NULL) NOT VALID");
        }

        _constraint = exists ?? _constraint;
        await TryAsync(session, options, observer, "ShareUpdateExclusiveLock", cancellationToken, $"{alter}VALIDATE CONSTRAINT {JournalTable.Quote(_constraint)}");
        if (!_isNative)
        {
            await TryAsync(session, options, observer, "AccessExclusiveLock", cancellationToken, $"{alter}ALTER COLUMN {_column} SET NOT NULL", $"{alter}DROP CONSTRAINT {_constraint}");
        }

        return true;
    }

    /// <summary>
    /// One transaction, tried again while somebody holds the table. Whoever comes later queues behind a try, so the tries are as short as batches. Only an autovacuum,
    /// which a backfill provokes, is told by the server to give way, when somebody has waited for it for deadlock_timeout: a wait that ends by then never gets past it.
    /// </summary>
    private async Task TryAsync(
        DbSession session, BackfillOptions options, IEngineObserver observer, string mode, CancellationToken cancellationToken, params string[] statements)
    {
        observer.Message(MessageLevel.Verbose, string.Join("; ", statements));
        var schedule = new LockSchedule(options.BatchDuration, options.LockRetries);
        for (var attempt = 1; ; attempt++)
        {
            var wait = schedule.Wait(attempt);
            if ((await LockHolders.ReadAsync(session, _table, mode, waited: null, cancellationToken)).Any(GivesWay))
            {
                wait = await UntilGivenWayAsync(session, cancellationToken);
            }

            try
            {
                // The setting ends with the transaction.
                await using var batch = new NpgsqlBatch(session.Connection);
                batch.BatchCommands.Add(new SqlBuilder().Add("SELECT set_config('lock_timeout', ").Value(SessionSettings.Milliseconds(wait)).Add(", true)").ToBatchCommand());
                foreach (var statement in statements)
                {
                    batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
                }

                await batch.ExecuteNonQueryAsync(cancellationToken);
                return;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
            {
                var holders = LockHolders.Describe(await LockHolders.ReadAsync(session, _table, mode, wait, cancellationToken));
                var by = holders.Length == 0 ? "" : $", which is held by {holders}";
                if (attempt >= schedule.Tries)
                {
                    throw new DbMigrateException(
                        "LockTimeout",
                        ErrorKind.Timeout,
                        $"{_column} was not made NOT NULL: after {attempt} tries there is no lock on {_displayName}{by}.",
                        "All rows are done. Run the same command again when that session has ended: it goes on with the constraint.",
                        e) { Subject = _displayName };
                }

                observer.Message(attempt == 1 ? MessageLevel.Verbose : MessageLevel.Warning, $"{_column} waits for a lock on {_displayName}{by}.");
                await Task.Delay(LockSchedule.Jitter(LockSchedule.Pause(attempt)), cancellationToken);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.CheckViolation or PostgresErrorCodes.NotNullViolation)
            {
                throw new DbMigrateException(
                    "NullsLeft",
                    ErrorKind.InvalidState,
                    $"{_displayName} still has rows with NULL in {_column}. New ones are refused from now on, by the constraint {_constraint}.",
                    $"Run a backfill of the rows where {_column} IS NULL, then this again; or drop the constraint.",
                    e) { Subject = _column };
            }
        }
    }

    // The kind of a process without a role of its own is hidden from most roles; those of a table's database are autovacuum's.
    private static bool GivesWay(ServerSession holder) => holder.Kind == SessionKind.Autovacuum || holder is { Kind: SessionKind.Hidden, User: null };

    // pg_settings has milliseconds.
    private static async Task<TimeSpan> UntilGivenWayAsync(DbSession session, CancellationToken cancellationToken) =>
        TimeSpan.FromSeconds(1) + TimeSpan.FromMilliseconds((long)(await new SqlBuilder()
            .Add("SELECT coalesce((SELECT setting::bigint FROM pg_settings WHERE name = 'deadlock_timeout'), 1000)").QueryAsync(session.Connection, cancellationToken))[0][0]!);
}
