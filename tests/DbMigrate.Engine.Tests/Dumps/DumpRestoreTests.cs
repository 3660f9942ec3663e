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
    public async Task What_was_filled_after_the_plan_is_left_alone()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)");
        var dump = await scene.DumpAsync();
        var target = await SandboxFixture.NewDatabaseAsync();
        var plan = await DumpRestore.PlanAsync(dump.Path!, target, new RestoreOptions(), scene.Observer, CancellationToken.None);
        await target.RunAsync("CREATE TABLE t (id int)", "INSERT INTO t VALUES (2)");
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => DumpRestore.RunAsync(plan, scene.Observer, CancellationToken.None));
        Assert.Equal("RestoreTargetNotEmpty", error.Id);
        Assert.Equal("2", await target.ScalarAsync<string>("SELECT string_agg(id::text, ',') FROM t"));
    }

    [SkippableFact]
    public async Task Of_two_restores_into_one_database_the_second_is_refused()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)");
        var dump = await scene.DumpAsync();
        var target = await SandboxFixture.NewDatabaseAsync();
        var (begun, go) = (Path.Combine(scene.Dumps, "begun"), Path.Combine(scene.Dumps, "go"));
        var slow = scene.Fake(restore: $"case \"$*\" in *--dbname*) touch '{begun}'; while [ ! -e '{go}' ]; do sleep 0.05; done;; esac; exec REAL \"$@\"");
        var first = await PlanAsync(new RestoreOptions { Locator = slow });
        var second = await PlanAsync(new RestoreOptions());
        var running = DumpRestore.RunAsync(first, scene.Observer, CancellationToken.None);
        try
        {
            await Activity.Scene.WaitForAsync(() => Task.FromResult(File.Exists(begun) || running.IsCompleted), there => there);
            var error = await Assert.ThrowsAsync<DbMigrateException>(() => DumpRestore.RunAsync(second, scene.Observer, CancellationToken.None));
            Assert.Equal(("RestoreBusy", ErrorKind.Busy), (error.Id, error.Kind));
            Assert.Matches($"{target.Database}.*: pid [0-9]+, user {target.User}", error.Message);
        }
        finally
        {
            // The first one waits for it without end.
            await File.WriteAllTextAsync(go, "");
        }

        Assert.Equal("available", (await running).Status);
        Assert.Equal(1, await target.ScalarAsync<long>("SELECT count(*) FROM t"));

        // Of two that would make it one does, and the other leaves it alone.
        var name = target.Database + "_back";
        var plans = new[] { await PlanAsync(new RestoreOptions { Database = name }), await PlanAsync(new RestoreOptions { Database = name }), await PlanAsync(new RestoreOptions { Database = name }) };
        var results = await Task.WhenAll(plans.Take(2).Select(TryAsync));
        Assert.Equal(["DatabaseExists", "done"], results.Order(StringComparer.Ordinal));
        Assert.Equal("DatabaseExists", await TryAsync(plans[2]));
        var server = await SandboxFixture.ServerAsync();
        Assert.Equal(1, await server.TargetFor(name).ScalarAsync<long>("SELECT count(*) FROM t"));

        Task<RestorePlan> PlanAsync(RestoreOptions options) => DumpRestore.PlanAsync(dump.Path!, target, options, scene.Observer, CancellationToken.None);

        async Task<string> TryAsync(RestorePlan plan)
        {
            try
            {
                await DumpRestore.RunAsync(plan, scene.Observer, CancellationToken.None);
                return "done";
            }
            catch (DbMigrateException e)
            {
                return e.Id;
            }
        }
    }

    [SkippableFact]
    public async Task All_or_nothing_leaves_an_existing_database_as_it_was()
    {
        using var scene = await DumpScene.CreateAsync("CREATE SCHEMA s", "CREATE TABLE s.t (id int)", "CREATE TABLE public.u (id int)");
        var role = "reader_" + scene.Target.Database;
        await scene.Target.RunAsync($"CREATE ROLE {role}", $"GRANT SELECT ON s.t, public.u TO {role}");
        var table = await scene.DumpAsync(scene.Options with { Id = "table", Tables = ["s.t"] });
        var schema = await scene.DumpAsync(scene.Options with { Id = "schema", Schemas = ["public"] });
        await scene.Target.RunAsync($"DROP OWNED BY {role}", $"DROP ROLE {role}");

        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync("COMMENT ON SCHEMA public IS 'ours'", "GRANT CREATE ON SCHEMA public TO pg_monitor");
        var before = await StateAsync();
        foreach (var dump in new[] { table, schema })
        {
            var error = await Assert.ThrowsAsync<DbMigrateException>(() => scene.RestoreAsync(dump.Path!, new RestoreOptions { SingleTransaction = true }, target));
            Assert.Equal("RestoreFailed", error.Id);
            Assert.Contains("Nothing was restored.", error.Message, StringComparison.Ordinal);
            Assert.Equal(before, await StateAsync());
        }

        await scene.RestoreAsync(schema.Path!, new RestoreOptions { SingleTransaction = true, NoPrivileges = true }, target);
        Assert.Equal("public", await target.ScalarAsync<string>("SELECT string_agg(nspname, ',') FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"));
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT count(*) FROM u"));
        Assert.Empty(scene.Observer.Texts(MessageLevel.Warning));

        Task<string?> StateAsync() => target.ScalarAsync<string>(
            "SELECT string_agg(concat_ws(' ', oid, nspname, nspowner, nspacl, obj_description(oid, 'pg_namespace')), ';' ORDER BY oid) FROM pg_namespace");
    }

    [SkippableFact]
    public async Task What_sorts_text_comes_back()
    {
        using var scene = await DumpScene.CreateAsync();
        var server = await SandboxFixture.ServerAsync();
        Skip.If(server.ServerVersion.Major < 15 || await scene.Target.ScalarAsync<long>("SELECT count(*) FROM pg_collation WHERE collprovider = 'i'") == 0, "SKIPPED: ICU is needed.");
        var name = scene.Target.Database + "_icu";
        await scene.Target.RunAsync($"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE'");
        var plan = await DatabaseDump.PlanAsync(server.TargetFor(name), scene.Options, scene.Observer, CancellationToken.None);
        var dump = await DatabaseDump.RunAsync(plan, scene.Observer, CancellationToken.None);
        await scene.RestoreAsync(dump.Path!, new RestoreOptions { Database = name + "_back" });
        var column = server.ServerVersion.Major >= 17 ? "datlocale" : "daticulocale";
        Assert.Equal("i sv-SE", await scene.Target.ScalarAsync<string>($"SELECT datlocprovider::text || ' ' || {column} FROM pg_database WHERE datname = '{name}_back'"));
    }

    [SkippableFact]
    public async Task The_restored_target_is_the_same_but_for_its_database()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        var dump = await scene.DumpAsync();
        var tools = new Dictionary<string, string> { ["x-migrations-table"] = "m" };
        var target = new DbTarget(scene.Target, scene.Target.ConnectionString) { Schema = "shop", ToolOptions = tools };
        var result = await scene.RestoreAsync(dump.Path!, new RestoreOptions { Database = target.Database + "_back" }, target);
        Assert.Equal(("shop", tools, target.Source, target.User), (result.Target!.Schema, result.Target.ToolOptions, result.Target.Source, result.Target.User));
        Assert.Equal(target.Database + "_back", result.Target.Database);

        // What cannot be handed on is said before anything is made.
        var locked = target.With(new Npgsql.NpgsqlConnectionStringBuilder(target.ConnectionString) { SslPassword = "geheim-4711" }.ConnectionString);
        var error = await Assert.ThrowsAsync<DbMigrateException>(
            () => DumpRestore.PlanAsync(dump.Path!, locked, new RestoreOptions { Database = "never" }, scene.Observer, CancellationToken.None));
        Assert.Equal("DumpAddress", error.Id);
        error = await Assert.ThrowsAsync<DbMigrateException>(() => DatabaseDump.PlanAsync(locked, scene.Options with { Id = "locked" }, scene.Observer, CancellationToken.None));
        Assert.Equal("DumpAddress", error.Id);
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
