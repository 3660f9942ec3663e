using DbMigrate.Engine.Activity;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Engine.Tests.Activity;

public sealed class ActivityReaderTests
{
    [Fact]
    public async Task Sessions_are_counted_and_those_that_take_long_are_listed()
    {
        await using var scene = await Scene.CreateAsync();
        var (sleeper, _) = await scene.StartAsync("SET application_name = 'nightly'", "SELECT pg_sleep(600)");
        await using var idle = await scene.SessionAsync("BEGIN", "INSERT INTO orders VALUES (1, 'x')");
        await using var failed = await scene.SessionAsync("BEGIN");
        await using (var command = failed.CreateCommand())
        {
            command.CommandText = "SELECT nothing";
            await Assert.ThrowsAsync<Npgsql.PostgresException>(() => command.ExecuteNonQueryAsync());
        }

        await using var session = await OpenAsync(scene.Target);
        var activity = await Scene.WaitForAsync(
            () => ReadAsync(session, TimeSpan.Zero), a => a is { LongStatements: [{ WaitEvent: "Timeout: PgSleep" }], Connections.InDatabase: 5 });

        // The gate's holder and we are the other two; a session that made the tables may take a moment to end.
        Assert.Equal(5, activity.Connections.InDatabase);
        Assert.True(activity.Connections.Total >= 5 && activity.Connections.Active >= 2 && activity.Connections.IdleInTransaction >= 2, activity.ToString());
        Assert.Equal(0, activity.Connections.Hidden);
        Assert.Equal(await scene.Target.ScalarAsync<int>("SELECT current_setting('max_connections')::int"), activity.Connections.Max);
        Assert.Equal(3, activity.Connections.Reserved);
        Assert.Equal(activity.Connections.Max - 3 - activity.Connections.Total, activity.Connections.Free);

        var statement = Assert.Single(activity.LongStatements);
        Assert.Equal((sleeper, "SELECT pg_sleep(600)", "nightly", "active"), (statement.ProcessId, statement.Query, statement.Application, statement.State));
        Assert.Equal((SessionKind.Active, "postgres", "Timeout: PgSleep"), (statement.Kind, statement.User, statement.WaitEvent));
        Assert.Same(scene.Target, statement.Target);
        Assert.Equal(
            await scene.Target.ScalarAsync<DateTime>($"SELECT backend_start FROM pg_stat_activity WHERE pid = {sleeper}"),
            statement.BackendStart!.Value.UtcDateTime);
        Assert.True(statement.StateAge >= TimeSpan.Zero && statement.StateAge < TimeSpan.FromMinutes(3));
        Assert.Equal([idle.ProcessID, failed.ProcessID], activity.IdleInTransaction.Select(b => b.ProcessId));
        Assert.Equal(["idle in transaction", "idle in transaction (aborted)"], activity.IdleInTransaction.Select(b => b.State));

        activity = await ReadAsync(session, TimeSpan.FromHours(1));
        Assert.Empty(activity.LongStatements);
        Assert.Empty(activity.IdleInTransaction);
    }

    [Fact]
    public async Task The_database_is_measured_and_its_oldest_transaction_named()
    {
        await using var scene = await Scene.CreateAsync();
        await using var session = await OpenAsync(scene.Target);

        // Autovacuum looks into a new database, and has a snapshot meanwhile.
        await Scene.WaitForAsync(() => ReadAsync(session, TimeSpan.Zero), a => a.OldestXmin is null);

        await using var report = await scene.SessionAsync("SET application_name = 'report'", "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1");
        await scene.Target.RunAsync("INSERT INTO orders VALUES (1, 'x')", "INSERT INTO orders VALUES (1, 'x')", "INSERT INTO orders VALUES (1, 'x')");
        var activity = await Scene.WaitForAsync(() => ReadAsync(session, TimeSpan.Zero), a => a.OldestXmin?.Backend?.ProcessId == report.ProcessID);

        // Transactions of other databases count, too: ids are the server's.
        Assert.True(activity.OldestXmin?.Age >= 3, activity.OldestXmin?.ToString());
        Assert.Equal((XminHolderKind.Session, "report", report.ProcessID), (activity.OldestXmin!.Kind, activity.OldestXmin.Name, activity.OldestXmin.Backend?.ProcessId));
        await Scene.WaitForAsync(
            async () => (await ReadAsync(session, TimeSpan.Zero)).DatabaseSize - await scene.Target.ScalarAsync<long>("SELECT pg_database_size(current_database())"),
            difference => difference == 0);
        Assert.Equal(await scene.Target.ScalarAsync<int>("SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()"), activity.TransactionIdAge, 1000.0);
        Assert.Equal((200_000_000, 400_000_000), (activity.FreezeMaxAge, activity.MultixactFreezeMaxAge));
        Assert.Equal((scene.Target.Database, false), (activity.Database, activity.IsStandby));
        Assert.Equal(session.ServerVersion, activity.ServerVersion);
        Assert.Empty(activity.NotVisible);
    }

    [Fact]
    public async Task A_role_without_pg_monitor_sees_what_it_may_and_is_told_the_rest()
    {
        await using var scene = await Scene.CreateAsync();
        await using var idle = await scene.SessionAsync("BEGIN");
        await using var session = await OpenAsync(scene.Target);
        var role = "plain_" + scene.Target.Database;
        await RunAsync(session, $"CREATE ROLE {role}");
        await RunAsync(session, $"SET ROLE {role}");

        var activity = await Scene.WaitForAsync(() => ReadAsync(session, TimeSpan.Zero), a => a.Connections.InDatabase == 3);

        // Our own session was opened by another role and is as hidden as the others.
        Assert.Equal(3, activity.Connections.InDatabase);
        Assert.True(activity.Connections.Hidden >= 3, activity.Connections.ToString());
        Assert.Empty(activity.IdleInTransaction);
        Assert.True(activity.DatabaseSize > 0);
        var told = Assert.Single(activity.NotVisible);
        Assert.Contains("pg_monitor", told, StringComparison.Ordinal);

        await RunAsync(session, "RESET ROLE");
        await RunAsync(session, $"GRANT pg_monitor TO {role}");
        await RunAsync(session, $"SET ROLE {role}");
        activity = await ReadAsync(session, TimeSpan.Zero);
        Assert.Empty(activity.NotVisible);
        Assert.Equal(idle.ProcessID, Assert.Single(activity.IdleInTransaction).ProcessId);
    }

    private static Task<DbActivity> ReadAsync(DbSession session, TimeSpan olderThan) => ActivityReader.ReadAsync(session, olderThan, CancellationToken.None);

    private static Task<DbSession> OpenAsync(DbTarget target) =>
        DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None);

    private static async Task RunAsync(DbSession session, string statement)
    {
        await using var command = new Npgsql.NpgsqlCommand(statement, session.Connection);
        await command.ExecuteNonQueryAsync();
    }
}
