using DbMigrate.Engine.Dumps;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Engine.Tests.Dumps;

public sealed class DumpRestoreTests
{
    [SkippableFact]
    public async Task What_is_not_empty_is_left_alone()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
        var dump = await scene.DumpAsync();
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => scene.RestoreAsync(dump.Path!, new RestoreOptions()));
        Assert.Equal(("RestoreTargetNotEmpty", ErrorKind.Exists), (error.Id, error.Kind));
        Assert.Contains("public.f(), public.t", error.Message, StringComparison.Ordinal);

        foreach (var statement in new[] { "CREATE SCHEMA s", "CREATE TYPE e AS ENUM ('a')", "SELECT lo_create(0)", "CREATE SEQUENCE s", "CREATE VIEW v AS SELECT 1" })
        {
            var target = await SandboxFixture.NewDatabaseAsync();
            await target.RunAsync(statement);
            error = await Assert.ThrowsAsync<DbMigrateException>(() => scene.RestoreAsync(dump.Path!, new RestoreOptions { Database = target.Database }));
            Assert.Equal("RestoreTargetNotEmpty", error.Id);
        }

        var empty = await SandboxFixture.NewDatabaseAsync();
        Assert.Equal(empty.Database, (await scene.RestoreAsync(dump.Path!, new RestoreOptions { SingleTransaction = true }, empty)).Id);
        Assert.Equal(0, await empty.ScalarAsync<long>("SELECT count(*) FROM t"));
    }

    [SkippableFact]
    public async Task All_errors_come_in_one_list_and_what_could_be_restored_stays()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE good (id int)", "INSERT INTO good VALUES (1)");
        var (owner, reader) = ("owner_" + scene.Target.Database, "reader_" + scene.Target.Database);
        await scene.Target.RunAsync(
            $"CREATE ROLE {owner}",
            $"CREATE ROLE {reader}",
            "CREATE TABLE granted (id int)",
            $"GRANT SELECT ON granted TO {reader}",
            "CREATE FOREIGN DATA WRAPPER w",
            "CREATE SERVER s FOREIGN DATA WRAPPER w",
            $"CREATE USER MAPPING FOR {reader} SERVER s OPTIONS (user 'x', password 'geheim-4711')");
        var dump = await scene.DumpAsync();
        await scene.Target.RunAsync($"DROP OWNED BY {reader}", $"DROP USER MAPPING IF EXISTS FOR {reader} SERVER s", $"DROP ROLE {reader}");

        var name = scene.Target.Database + "_back";
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => scene.RestoreAsync(dump.Path!, new RestoreOptions { Database = name }));
        Assert.Equal("RestoreFailed", error.Id);
        Assert.Matches($"2 errors:\n.*USER MAPPING.*: role \"{reader}\" does not exist\nACL TABLE granted: role \"{reader}\" does not exist\n{name} holds what could be restored", error.Message);
        Assert.DoesNotContain("geheim-4711", error.ToString() + string.Join('\n', scene.Observer.Messages), StringComparison.Ordinal);
        var server = await SandboxFixture.ServerAsync();
        Assert.Equal(1, await server.TargetFor(name).ScalarAsync<int>("SELECT id FROM good"));

        // All or nothing: then nothing, not even the database.
        error = await Assert.ThrowsAsync<DbMigrateException>(() => scene.RestoreAsync(dump.Path!, new RestoreOptions { Database = name + "2", SingleTransaction = true }));
        Assert.Contains("the database is gone again", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, await scene.Target.ScalarAsync<long>($"SELECT count(*) FROM pg_database WHERE datname = '{name}2'"));

        // Owners are looked at before anything is written.
        await scene.Target.RunAsync($"ALTER TABLE good OWNER TO {owner}");
        dump = await scene.DumpAsync(scene.Options with { Id = "owned", Tables = ["good"] });
        await scene.Target.RunAsync($"REASSIGN OWNED BY {owner} TO postgres", $"DROP ROLE {owner}");
        error = await Assert.ThrowsAsync<DbMigrateException>(() => scene.RestoreAsync(dump.Path!, new RestoreOptions { Database = name + "3" }));
        Assert.Equal("RestoreRolesMissing", error.Id);
        Assert.Contains(owner, error.Message, StringComparison.Ordinal);
        Assert.Equal(0, await scene.Target.ScalarAsync<long>($"SELECT count(*) FROM pg_database WHERE datname = '{name}3'"));
        Assert.Equal(name + "3", (await scene.RestoreAsync(dump.Path!, new RestoreOptions { Database = name + "3", NoOwner = true, NoPrivileges = true })).Id);
    }

    [SkippableFact]
    public async Task A_cancelled_restore_takes_its_database_along()
    {
        // A column that is computed while the rows are written holds the restore up.
        using var scene = await DumpScene.CreateAsync(
            "CREATE FUNCTION slow(id int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN IF current_database() LIKE '%back' THEN PERFORM pg_sleep(600); END IF; RETURN id; END $$",
            "CREATE TABLE t (id int, g int GENERATED ALWAYS AS (slow(id)) STORED)",
            "INSERT INTO t VALUES (1)");
        var dump = await scene.DumpAsync();
        var name = scene.Target.Database + "_back";
        using var cancel = new CancellationTokenSource();
        var restoring = scene.RestoreAsync(dump.Path!, new RestoreOptions { Database = name }, cancellationToken: cancel.Token);
        await Activity.Scene.WaitForAsync(
            () => scene.Target.ScalarAsync<long>($"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND wait_event = 'PgSleep'"), count => count == 1);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => restoring);
        Assert.Equal(0, await scene.Target.ScalarAsync<long>($"SELECT count(*) FROM pg_database WHERE datname = '{name}'"));
        Assert.Equal(0, await scene.Target.ScalarAsync<long>($"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'"));
    }

    [SkippableFact]
    public async Task Bad_input_is_refused()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        var dump = await scene.DumpAsync();
        Assert.Equal("InvalidRestoreOptions", await IdAsync(dump.Path!, new RestoreOptions { Database = "x", Jobs = 2, SingleTransaction = true }));
        Assert.Equal("DumpNotFound", await IdAsync(dump.Path + "x", new RestoreOptions { Database = "x" }));
        Assert.Equal("DumpNotFound", await IdAsync(scene.Dumps, new RestoreOptions { Database = "x" }));
        var broken = Path.Combine(scene.Dumps, "broken.dump");
        await File.WriteAllTextAsync(broken, "PGDMP");
        Assert.Equal("DumpDamaged", await IdAsync(broken, new RestoreOptions { Database = "x" }));

        async Task<string> IdAsync(string path, RestoreOptions options) =>
            (await Assert.ThrowsAsync<DbMigrateException>(() => scene.RestoreAsync(path, options))).Id;
    }
}
