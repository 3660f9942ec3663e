using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Activity;

/// <summary>Who waits for whom on a server.</summary>
public static class LockTree
{
    /// <inheritdoc cref="ReadAsync(NpgsqlConnection, LockTreeOptions, CancellationToken)"/>
    /// <param name="session">The session to look with; its target is noted in each result and each of its sessions.</param>
    /// <param name="options">Which part is wanted.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    public static async Task<IReadOnlyList<BlockingQuery>> ReadAsync(
        DbSession session, LockTreeOptions options, CancellationToken cancellationToken)
    {
        return [.. (await ReadAsync(session.Connection, options, cancellationToken)).Select(w => w with
        {
            Target = session.Target,
            Blocked = Seen(w.Blocked),
            Blocking = Seen(w.Blocking),
            Roots = [.. w.Roots.Select(Seen)],
        })];

        ServerSession Seen(ServerSession s) => s with { Target = session.Target };
    }

    /// <summary>Reads the lock tree in one statement. The connection must be idle; it takes no locks but those of reading the catalogue.</summary>
    /// <param name="connection">
    /// An open connection, best outside of a transaction: within one, servers before 15 repeat what they said of sessions first.
    /// </param>
    /// <param name="options">Which part is wanted.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    /// <returns>One for each pair of a blocked and a blocking session; none when nobody waits.</returns>
    /// <exception cref="DbMigrateException"><c>SqlError</c>, <c>SqlPermission</c>, <c>LockTimeout</c>, <c>ConnectionLost</c>.</exception>
    public static async Task<IReadOnlyList<BlockingQuery>> ReadAsync(
        NpgsqlConnection connection, LockTreeOptions options, CancellationToken cancellationToken)
    {
        var snapshot = await ServerFailure.GuardAsync(() => LockSnapshot.ReadAsync(connection, options.FullQueries, cancellationToken));
        return LockGraph.Build(snapshot, Filter(options, connection.Database));
    }

    private static Func<ServerSession, bool>? Filter(LockTreeOptions options, string? database) =>
        options.ForPids is null && !options.OnlyThisDatabase
            ? null
            : s => (options.ForPids?.Contains(s.ProcessId) ?? true) && (!options.OnlyThisDatabase || s.Database == database);
}
