using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Dumps;

/// <summary>The sessions of a <c>pg_dump</c> or <c>pg_restore</c> that was ended: one that had to be killed leaves them behind until the server notices.</summary>
internal static class ChildSessions
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>Ends them; does its best and throws nothing.</summary>
    /// <param name="target">A database of the server.</param>
    /// <param name="application">What the sessions call themselves; nobody else does.</param>
    /// <param name="observer">Told when it cannot be done.</param>
    public static async Task EndAsync(DbTarget target, string application, IEngineObserver observer)
    {
        using var limit = new CancellationTokenSource(s_patience);
        try
        {
            await using var session = await DbSession.OpenAsync(target, observer, limit.Token);
            await using var command = new NpgsqlCommand(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()", session.Connection);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = application });
            while (await command.ExecuteScalarAsync(limit.Token) is > 0L)
            {
                await Task.Delay(50, limit.Token);
            }
        }
        catch (Exception e) when (e is DbMigrateException or NpgsqlException or OperationCanceledException)
        {
            observer.Message(MessageLevel.Warning, $"Sessions called '{application}' may still be at work on {target}: {e.Message}");
        }
    }
}
