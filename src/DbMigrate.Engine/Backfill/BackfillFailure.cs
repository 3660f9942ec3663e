using Npgsql;

namespace DbMigrate.Engine.Backfill;

/// <summary>Says in our words why the server stopped a backfill.</summary>
internal static class BackfillFailure
{
    /// <summary>Runs work that talks to the server.</summary>
    /// <param name="table">The table.</param>
    /// <param name="doing">What it does, with a preposition.</param>
    /// <param name="work">The work.</param>
    /// <param name="isLook">It writes nothing, and nothing was written before.</param>
    /// <exception cref="DbMigrateException">
    /// <c>LockTimeout</c>, <c>SqlPermission</c>, <c>SqlError</c>, <c>BackfillRowsMove</c>, <c>ConnectionLost</c>.
    /// </exception>
    public static async Task<T> GuardAsync<T>(string table, string doing, Func<Task<T>> work, bool isLook = false)
    {
        try
        {
            return await work();
        }
        catch (NpgsqlException e)
        {
            throw Explain(e, table, doing, isLook);
        }
    }

    /// <summary>Another try, of less, may succeed: a time limit ran out, or the server broke a deadlock or a serialization conflict.</summary>
    public static bool IsPassing(PostgresException exception) => exception.SqlState is PostgresErrorCodes.LockNotAvailable
        or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure;

    /// <summary>The error to show.</summary>
    public static DbMigrateException Explain(NpgsqlException exception, string table, string doing, bool isLook = false)
    {
        var goOn = isLook ? "Nothing was changed." : "What is committed is kept: the same command goes on from there.";
        var (id, kind, why, next) = exception switch
        {
            PostgresException { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: BackfillState.OnceConstraint } => (
                "BackfillRowsMove",
                ErrorKind.InvalidArgument,
                "rows that it changed would come up again and be changed twice: they have another place in the table now, and no condition leaves them out",
                "Add a condition that a changed row does not fit any more. Rows keep their place in a table that has a primary key, as long as it is not changed."),
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } e => (
                "SqlPermission", ErrorKind.Permission, $"the server refused: {e.MessageText}", "Let an owner grant the privilege, or use another role."),
            PostgresException e when IsPassing(e) => (
                "LockTimeout", ErrorKind.Timeout, e.MessageText, $"End the session that is in the way (Find-BlockingQuery), then run again. {goOn}"),
            PostgresException e when e.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown => (
                "ConnectionLost", ErrorKind.Connection, e.MessageText, $"Run again when the server is back. {goOn}"),
            PostgresException e => ("SqlError", ErrorKind.Sql, $"the server refused: {e.SqlState}: {e.MessageText}", $"Mend the cause and run again. {goOn}"),
            _ => ("ConnectionLost", ErrorKind.Connection, $"the connection broke: {exception.Message}", $"Run again. {goOn}"),
        };
        return new DbMigrateException(id, kind, $"{doing} {table} stopped: {why}.", next, exception) { Subject = table };
    }
}
