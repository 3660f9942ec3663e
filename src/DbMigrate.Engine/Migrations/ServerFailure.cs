using Npgsql;

namespace DbMigrate.Engine.Migrations;

/// <summary>Says in our words what the server refused outside of a script; what was being done is not known here, so the words fit all of it.</summary>
internal static class ServerFailure
{
    /// <summary>Runs work that talks to the server.</summary>
    /// <exception cref="DbMigrateException"><c>LockTimeout</c>, <c>SqlPermission</c>, <c>SqlError</c>, <c>ConnectionLost</c>.</exception>
    public static async Task<T> GuardAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (NpgsqlException e)
        {
            throw Explain(e);
        }
    }

    /// <inheritdoc cref="GuardAsync{T}"/>
    public static Task GuardAsync(Func<Task> work) => GuardAsync(async () =>
    {
        await work();
        return true;
    });

    private static DbMigrateException Explain(NpgsqlException exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } e => new(
            "LockTimeout",
            ErrorKind.Timeout,
            $"Another session held a lock for too long: {e.MessageText}.",
            "Find-BlockingQuery (dbmigrate blockers) shows who holds what; another tool may be migrating right now. Try again in a while.",
            e),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } e => new(
            "SqlPermission", ErrorKind.Permission, $"The server refused: {e.MessageText}.", "Let an owner grant the privilege, or use another role.", e),
        PostgresException e => new(
            "SqlError", ErrorKind.Sql, $"The server refused: {e.SqlState}: {e.MessageText}.", "Mend the cause and run again.", e),
        _ => new(
            "ConnectionLost",
            ErrorKind.Connection,
            $"The connection broke: {exception.Message}",
            "Run again. What has changed the database may have done so all the same: after a migration look with Get-MigrationStatus (dbmigrate migrate-info) first.",
            exception),
    };
}
