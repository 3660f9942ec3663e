using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Sql;
using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>Turns what was caught into what a person needs: where in which file, and what to do next.</summary>
internal static class StepFailure
{
    /// <summary>The server's error with its place in the file.</summary>
    public static SqlFailure Describe(Exception exception, ScriptStatement? statement, MigrationStep step)
    {
        var path = step.Outline.Script?.Path;
        if (exception is not PostgresException server)
        {
            return new SqlFailure { Message = exception.Message, File = path };
        }

        var failure = new SqlFailure
        {
            SqlState = server.SqlState,
            Message = server.MessageText,
            Detail = server.Detail,
            Hint = server.Hint,
            File = path,
        };
        if (statement is null)
        {
            return failure;
        }

        // Without a position, the statement's start is the best that is known.
        var position = Math.Max(server.Position, 1);
        var text = new SourceText(statement.Text, statement.Line, statement.Column, statement.Indent);
        var place = text.PositionOf(position);
        var (sourceLine, caret) = text.Excerpt(position);
        return failure with { Line = place.Line, Column = place.Column, SourceLine = SecretText.WithoutPasswords(sourceLine), Caret = caret };
    }

    /// <summary>The error's id and kind, and the next step.</summary>
    /// <param name="exception">What was caught.</param>
    /// <param name="role">What the command was for that failed; null when none did.</param>
    /// <param name="step">The step.</param>
    /// <param name="keptWork">What is left of the step.</param>
    /// <param name="isOurCancel">We cancelled it, because others queued behind it.</param>
    /// <param name="isConnected">The session is still there.</param>
    public static StepError Classify(Exception exception, CommandRole? role, MigrationStep step, KeptWork keptWork, bool isOurCancel, bool isConnected)
    {
        var again = step.Undo ? "Undo-Migration (dbmigrate undo)" : "Invoke-Migration (dbmigrate migrate)";
        var kept = keptWork switch
        {
            KeptWork.Parts => $"What ran before is kept: mend the rest of the file, and {again} goes on from there. Or finish by hand and run Resolve-Migration (dbmigrate resolve).",
            KeptWork.OfRepeatable => $"What the statement did before may be kept, as it runs outside a transaction. Mend the cause: {again} runs it once more.",
            KeptWork.OfProcedure => $"What it committed on its way is kept, and {again} would call it from its beginning. So look at the database first; "
                + "where that would do harm, finish by hand and run Resolve-Migration (dbmigrate resolve).",
            _ => $"Nothing of it was kept. Mend the cause and run {again} again.",
        };
        var error = exception switch
        {
            PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } when role == CommandRole.Claim => new StepError(
                "JournalChanged",
                ErrorKind.InvalidState,
                "Another tool changed the tracking table at this moment. Look at the state with Get-MigrationStatus (dbmigrate migrate-info), then decide anew.",
                exception),
            _ when IsEndOfSession(exception, isConnected) => new(
                "ConnectionLost", ErrorKind.Connection,
                $"Whether the server still committed is not known here. Get-MigrationStatus (dbmigrate migrate-info) tells; then run {again} again.", exception),
            PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } => new StepError(
                "LockTimeout", ErrorKind.Timeout, $"Another session holds a lock that is needed. {kept} Or give it more time with -LockTimeout or -LockRetries (--lock-timeout, --lock-retries).", exception),
            PostgresException when isOurCancel => new(
                "QueueTooLong", ErrorKind.Timeout, $"{kept} Best when less goes on, or in smaller steps; or let the others wait longer with -MaxQueued and -MaxQueueTime (--max-queued, --max-queue-time).", exception),
            PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => new(
                "StatementTimeout", ErrorKind.Timeout, $"{kept} Or give it more time with -StatementTimeout (--statement-timeout).", exception),
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } => new("SqlPermission", ErrorKind.Permission, kept, exception),
            PostgresException => new("SqlError", ErrorKind.Sql, kept, exception),
            DbMigrateException own => new(own.Id, own.Kind, own.NextStep, exception),
            _ => new("RunFailed", ErrorKind.InvalidData, kept, exception),
        };
        return error with { MayRetry = keptWork != KeptWork.OfProcedure };
    }

    // After an error of some classes, such as a full disk, Npgsql gives the connection up; the server has told all the same how the statement ended.
    private static bool IsEndOfSession(Exception exception, bool isConnected) => exception switch
    {
        PostgresException server => server.InvariantSeverity is "FATAL" or "PANIC",
        NpgsqlException => true,
        InvalidOperationException => !isConnected,
        _ => false,
    };
}
