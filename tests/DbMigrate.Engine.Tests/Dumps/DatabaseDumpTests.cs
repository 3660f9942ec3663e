using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using DbMigrate.Engine.Dumps;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Dumps;

public sealed class DatabaseDumpTests
{
    /// <summary>What restores stumble over.</summary>
    internal static readonly string[] Awkward =
    [
        "CREATE TABLE plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, twice text GENERATED ALWAYS AS (name || name) STORED)",
        "INSERT INTO plain (name) SELECT 'n' || g FROM generate_series(1, 1000) g",
        "CREATE TABLE events (at date NOT NULL, what jsonb) PARTITION BY RANGE (at)",
        "CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        "CREATE TABLE events_rest PARTITION OF events DEFAULT",
        "INSERT INTO events SELECT date '2025-12-01' + g, jsonb_build_object('n', g) FROM generate_series(1, 60) g",
        """CREATE SCHEMA "Odd ""schema"" 'q'" """,
        """CREATE TABLE "Odd ""schema"" 'q'"."tab.le; DROP" ("a b" int, "ü" text)""",
        """INSERT INTO "Odd ""schema"" 'q'"."tab.le; DROP" VALUES (1, E'line\nbreak\ttab\\'), (2, NULL), (3, '')""",
        """COMMENT ON TABLE "Odd ""schema"" 'q'"."tab.le; DROP" IS 'it''s a comment; -- really' """,
        "CREATE TYPE mood AS ENUM ('sad', 'ok')",
        "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
        "CREATE TABLE moods (m mood, p positive, b bytea, f double precision, t timestamptz)",
        "INSERT INTO moods VALUES ('ok', 5, '\\x00ff', 'NaN', '2025-03-01 12:00:00+02')",
        "CREATE FUNCTION add(a int, b int) RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN a + b; END $f$",
        "CREATE VIEW sums AS SELECT add(p::int, 1) AS more FROM moods",
        "CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM plain",
        "CREATE INDEX plain_name ON plain (lower(name))",
        "CREATE TABLE child (id bigint REFERENCES plain (id))",
        "INSERT INTO child VALUES (7)",
        "CREATE SEQUENCE counter START 41",
        "SELECT nextval('counter')",
        "SELECT lo_from_bytea(0, '\\xdeadbeef')",
    ];

    [SkippableTheory]
    [InlineData(DumpFormat.Custom, 1)]
    [InlineData(DumpFormat.Directory, 1)]
    [InlineData(DumpFormat.Directory, 3)]
    public async Task What_was_destroyed_comes_back_as_it_was(DumpFormat format, int jobs)
    {
        using var scene = await DumpScene.CreateAsync(Awkward);
        var before = await scene.TextAsync(scene.Target);
        var reason = "before 0042";
        var until = new DateTimeOffset(2999, 1, 2, 3, 4, 5, TimeSpan.FromHours(2));
        var begin = DateTimeOffset.UtcNow;

        var dump = await scene.DumpAsync(scene.Options with { Format = format, Jobs = jobs, Reason = reason, RunId = "run-1", KeepUntil = until });

        Assert.Equal((DbSnapshotKind.Dump, scene.Target.Database, "available", 100, true, 7), (dump.Kind, dump.Source, dump.Status, dump.Percent, dump.IsOurs, dump.Tables));
        Assert.Matches($"^pre-migration-[0-9]{{14}}-{scene.Target.Database}$", dump.Id);
        Assert.Equal(Path.Combine(scene.Dumps, format == DumpFormat.Custom ? dump.Id + ".dump" : dump.Id), dump.Path);
        Assert.InRange(dump.CreatedAt!.Value, begin.AddSeconds(-1), DateTimeOffset.UtcNow.AddSeconds(1));
        Assert.Equal(until, dump.KeepUntil);
        Assert.Equal((reason, "run-1"), (dump.Tags["reason"], dump.Tags["run-id"]));
        Assert.Matches("^[0-9A-F]+/[0-9A-F]+$", dump.Tags["lsn"]);
        Assert.True(dump.Size > 1000);
        Assert.Equal([Path.GetFileName(dump.Path!), Path.GetFileName(dump.Path) + ".json"], scene.Files());
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(dump.Path!) & (UnixFileMode.OtherRead | UnixFileMode.GroupRead));
        }

        await scene.Target.RunAsync("DROP TABLE plain CASCADE", "DROP SCHEMA public CASCADE");
        var name = "back " + scene.Target.Database;
        var result = await scene.RestoreAsync(dump.Path!, new RestoreOptions { Database = name, Jobs = jobs });

        Assert.Equal((name, "available", dump.CreatedAt), (result.Id, result.Status, result.RestoredTo));
        Assert.Equal(before, await scene.TextAsync(result.Target!));
        Assert.Equal((1000L, 60L, 3L), (
            await result.Target!.ScalarAsync<long>("SELECT count(*) FROM plain"),
            await result.Target!.ScalarAsync<long>("SELECT count(*) FROM events"),
            await result.Target!.ScalarAsync<long>("""SELECT count(*) FROM "Odd ""schema"" 'q'"."tab.le; DROP" """)));
        Assert.Contains(scene.Observer.ProgressReports, r => r.Status.Contains("of 7 tables", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task The_checksum_is_the_one_that_sha256sum_gives()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        Skip.If(!File.Exists("/usr/bin/sha256sum"), "SKIPPED: sha256sum is needed.");
        var file = await scene.DumpAsync(scene.Options with { Id = "one" });
        var folder = await scene.DumpAsync(scene.Options with { Id = "two", Format = DumpFormat.Directory });

        Assert.Equal(await ShellAsync($"sha256sum < '{file.Path}'"), DumpFacts.Read(file.Path!)!.Sha256);
        Assert.Equal(await ShellAsync($"cd '{folder.Path}' && LC_ALL=C && sha256sum * | sha256sum"), DumpFacts.Read(folder.Path!)!.Sha256);

        static async Task<string> ShellAsync(string command)
        {
            var (_, output, _) = await ChildProcess.RunAsync(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true });
            return output.Split(' ')[0];
        }
    }

    [SkippableFact]
    public async Task Tables_and_schemas_are_chosen()
    {
        using var scene = await DumpScene.CreateAsync(Awkward);
        await scene.Target.RunAsync("CREATE SCHEMA shop", "CREATE TABLE shop.plain (id int)", "CREATE TABLE \"Plain\" (id int)");

        Assert.Equal(["public.events", "public.events_2025", "public.events_rest"], await NamesAsync(scene, new() { Folder = scene.Dumps, Tables = ["EVENTS"] }));
        Assert.Equal(["public.plain", "shop.plain"], await NamesAsync(scene, new() { Folder = scene.Dumps, Tables = ["plain"] }));
        Assert.Equal(["public.Plain", "shop.plain"], await NamesAsync(scene, new() { Folder = scene.Dumps, Tables = ["\"Plain\"", "shop.*"] }));
        Assert.Equal(["shop.plain"], await NamesAsync(scene, new() { Folder = scene.Dumps, Schemas = ["shop"] }));
        Assert.Equal(["public.plain"], await NamesAsync(scene, new() { Folder = scene.Dumps, Schemas = ["public"], Tables = ["plai?"] }));
        Assert.Equal(["Odd \"schema\" 'q'.tab.le; DROP"], await NamesAsync(scene, new() { Folder = scene.Dumps, Schemas = ["Odd \"schema\" 'q'"] }));

        foreach (var pattern in new[] { "nothing", "a.b.c", "", "plain; DROP", "\"PLAIN\"", ".*" })
        {
            Assert.Equal("TableNotFound", (await scene.RefuseAsync(scene.Options with { Tables = [pattern] })).Id);
        }

        Assert.Equal("SchemaNotFound", (await scene.RefuseAsync(scene.Options with { Schemas = ["SHOP"] })).Id);
    }

    private static async Task<List<string>> NamesAsync(DumpScene scene, DumpOptions options)
    {
        var dump = await scene.DumpAsync(options with { Id = "d" + Guid.NewGuid().ToString("N") });
        var target = await SandboxFixture.NewDatabaseAsync();
        await scene.RestoreAsync(dump.Path!, new RestoreOptions(), target);
        await using var connection = await target.ConnectAsync();
        var tables = await DumpTable.ReadAsync(connection, CancellationToken.None);
        Assert.Equal(dump.Tables, tables.Count);
        return [.. tables.Select(t => t.LogName)];
    }

    [SkippableFact]
    public async Task Nothing_secret_is_said_or_written()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "SKIPPED: looks into /proc.");
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        await using var holder = await scene.Target.ConnectAsync();
        await ExecuteAsync(holder, "BEGIN");
        await ExecuteAsync(holder, "LOCK TABLE t");
        var dumping = scene.DumpAsync();
        using var program = await DumpScene.WaitingAsync(scene.Target, scene.Dumps);
        var everybody = Process.GetProcesses().Select(p => ChildProcess.CommandLine(p.Id)).ToList();
        await Activity.Scene.WaitForAsync(
            () => Task.FromResult(scene.Observer.ProgressReports.Any(r => r.Status.StartsWith("waits for a lock that pid " + holder.ProcessID, StringComparison.Ordinal))), seen => seen);
        await ExecuteAsync(holder, "ROLLBACK");
        var dump = await dumping;

        Assert.Contains(everybody, line => line.Contains(scene.Dumps, StringComparison.Ordinal));
        Assert.DoesNotContain(everybody, line => line.Contains(scene.Password, StringComparison.Ordinal));
        Assert.DoesNotContain(scene.Observer.Messages, m => m.Text.Contains(scene.Password, StringComparison.Ordinal));
        Assert.DoesNotContain(scene.Observer.ProgressReports, r => r.Status.Contains(scene.Password, StringComparison.Ordinal));
        Assert.DoesNotContain(scene.Password, await File.ReadAllTextAsync(DumpFacts.PathOf(dump.Path!)), StringComparison.Ordinal);
        Assert.DoesNotContain(scene.Password, dump.ToString() + string.Join(' ', dump.Tags), StringComparison.Ordinal);

        var wrong = new DbTarget(new NpgsqlConnectionStringBuilder(scene.Target.ConnectionString) { Password = "geheim-4711" }.ConnectionString)
        { Host = scene.Target.Host, Port = scene.Target.Port, Database = scene.Target.Database, Source = "test" };
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => DatabaseDump.PlanAsync(wrong, scene.Options with { Id = "wrong" }, scene.Observer, CancellationToken.None));
        Assert.Equal("AuthenticationFailed", error.Id);
        Assert.DoesNotContain("geheim-4711", error.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_cancelled_dump_leaves_nothing_here_and_on_the_server()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        await using var holder = await scene.Target.ConnectAsync();
        await ExecuteAsync(holder, "BEGIN");
        await ExecuteAsync(holder, "LOCK TABLE t");
        using var cancel = new CancellationTokenSource();
        var dumping = scene.DumpAsync(cancellationToken: cancel.Token);
        using var program = await DumpScene.WaitingAsync(scene.Target, scene.Dumps);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dumping.WaitAsync(TimeSpan.FromMinutes(1)));

        Assert.True(program.HasExited);
        Assert.Empty(scene.Files());
        await Activity.Scene.WaitForAsync(() => DumpScene.SessionsAsync(scene.Target), count => count == 0);
    }

    [SkippableFact]
    public async Task A_program_that_was_killed_leaves_nothing()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        await using var holder = await scene.Target.ConnectAsync();
        await ExecuteAsync(holder, "BEGIN");
        await ExecuteAsync(holder, "LOCK TABLE t");
        var dumping = scene.DumpAsync();
        using var program = await DumpScene.WaitingAsync(scene.Target, scene.Dumps);
        program.Kill();
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => dumping);

        Assert.Equal("DumpFailed", error.Id);
        Assert.Contains("signal 9", error.Message, StringComparison.Ordinal);
        Assert.Empty(scene.Files());
    }

    [SkippableFact]
    public async Task A_link_in_the_place_of_a_half_dump_does_not_get_another_folder_emptied()
    {
        Skip.If(OperatingSystem.IsWindows(), "SKIPPED: links need a privilege on Windows.");
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        var precious = Directory.CreateDirectory(Path.Combine(scene.Dumps, "precious")).FullName;
        await File.WriteAllTextAsync(Path.Combine(precious, "file"), "keep");
        await File.WriteAllTextAsync(Path.Combine(precious, "owner.lock"), "");
        foreach (var name in new[] { ".a.dump.partial", ".old.dump.partial" })
        {
            Directory.CreateSymbolicLink(Path.Combine(scene.Dumps, name), precious);
        }

        Assert.Equal("UnwritableFolder", (await scene.RefuseAsync(scene.Options with { Id = "a" })).Id);
        await scene.DumpAsync(scene.Options with { Id = "b" });
        Assert.Equal("keep", await File.ReadAllTextAsync(Path.Combine(precious, "file")));
    }

    [SkippableFact]
    public async Task What_a_killed_run_left_behind_is_swept_and_what_is_at_work_is_not()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        using (var atWork = PartialDump.TryCreate(Path.Combine(scene.Dumps, "busy.dump")))
        {
            // As a kill leaves it: the system has let go of the lock.
            var old = Directory.CreateDirectory(Path.Combine(scene.Dumps, ".old.dump.partial")).FullName;
            await File.WriteAllTextAsync(Path.Combine(old, "owner.lock"), "");
            await File.WriteAllTextAsync(Path.Combine(old, "dump"), "half");
            Directory.CreateDirectory(Path.Combine(scene.Dumps, ".others.partial"));

            Assert.Empty(await DumpFolder.ListAsync(scene.Dumps, verify: false, scene.Observer, CancellationToken.None));
            await scene.DumpAsync(scene.Options with { Id = "new" });
            Assert.Equal([".busy.dump.partial", ".others.partial", "new.dump", "new.dump.json"], scene.Files());

            Assert.Equal("DumpBusy", (await scene.RefuseAsync(scene.Options with { Id = "busy" })).Id);
        }

        Assert.Equal([".others.partial", "new.dump", "new.dump.json"], scene.Files());
        await scene.DumpAsync(scene.Options with { Id = "busy" });
    }

    [SkippableFact]
    public async Task A_run_that_was_killed_leaves_nothing_under_the_final_name()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "SKIPPED: looks into /proc.");
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        await using var holder = await scene.Target.ConnectAsync();
        await ExecuteAsync(holder, "BEGIN");
        await ExecuteAsync(holder, "LOCK TABLE t");
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(DatabaseDumpTests).Assembly.Location, "dump", scene.Dumps]) { RedirectStandardOutput = true };
        start.Environment["DATABASE_URL"] = SandboxFixture.TargetUrl(scene.Target);
        using var run = Process.Start(start)!;
        using var program = await DumpScene.WaitingAsync(scene.Target, scene.Dumps);
        run.Kill();
        await run.EndAsync();
        await ExecuteAsync(holder, "ROLLBACK");

        Assert.Equal([".killed.dump.partial"], scene.Files());
        Assert.Empty(await scene.ListAsync());
        var dump = await scene.DumpAsync(scene.Options with { Id = "killed" });
        Assert.Equal(["killed.dump", "killed.dump.json"], scene.Files());
        Assert.Equal("available", Assert.Single(await scene.ListAsync(verify: true)).Status);
        Assert.Equal(1, dump.Tables);

        // pg_dump itself was not killed; it ends when it finds nobody to talk to, or has done its work for nothing.
        await Activity.Scene.WaitForAsync(() => Task.FromResult(program.HasExited), hasExited => hasExited);
    }

    [SkippableFact]
    public async Task Of_several_hosts_the_one_that_answers_is_dumped()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t AS SELECT 1 AS id");
        var target = Engine.Targets.TargetResolver.Resolve(
            $"postgresql://postgres:{scene.Password}@127.0.0.1:1,127.0.0.1:{scene.Target.Port}/{scene.Target.Database}", _ => null);
        var plan = await DatabaseDump.PlanAsync(target, scene.Options, scene.Observer, CancellationToken.None);
        var dump = await DatabaseDump.RunAsync(plan, scene.Observer, CancellationToken.None);
        Assert.Equal(1, dump.Tables);
        Assert.DoesNotContain(scene.Observer.Texts(MessageLevel.Verbose), m => m.Contains("takes its own", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task A_standby_is_dumped_as_well()
    {
        using var scene = await DumpScene.CreateAsync();
        await using var servers = await StandbyFixture.CreateAsync();
        Skip.If(servers is null, "SKIPPED: pg_basebackup is needed.");
        await servers.Primary.RunAsync("CREATE TABLE t AS SELECT generate_series(1, 100) AS id");
        await servers.CatchUpAsync();
        var options = scene.Options with { Format = DumpFormat.Directory, Jobs = 2 };
        var plan = await DatabaseDump.PlanAsync(servers.Standby, options, scene.Observer, CancellationToken.None);
        var dump = await DatabaseDump.RunAsync(plan, scene.Observer, CancellationToken.None);
        Assert.Equal(1, dump.Tables);
        Assert.Matches("^[0-9A-F]+/[0-9A-F]+$", dump.Tags["lsn"]);
        var result = await scene.RestoreAsync(dump.Path!, new RestoreOptions());
        Assert.Equal(100, await result.Target!.ScalarAsync<long>("SELECT count(*) FROM t"));
    }

    [SkippableFact]
    public async Task A_full_disk_is_called_so()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t AS SELECT md5(g::text) FROM generate_series(1, 20000) g");
        foreach (var trap in new[] { "", "trap '' XFSZ; " })
        {
            // The limit ends pg_dump by a signal, or, where that is ignored, fails its writing.
            var error = await scene.RefuseAsync(scene.Options with { Locator = scene.Fake($"case \"$1\" in --version) exec REAL \"$@\" ;; esac; ulimit -f 16; {trap}exec REAL \"$@\"") });
            Assert.Equal(("DumpDiskFull", ErrorKind.InvalidState), (error.Id, error.Kind));
            Assert.Contains(scene.Dumps, error.Message, StringComparison.Ordinal);
            Assert.Empty(scene.Files());
        }
    }

    [SkippableFact]
    public async Task A_dump_that_is_not_whole_does_not_get_its_name()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)", "CREATE TABLE u (id int)");
        const string Version = "case \"$1\" in --version) exec REAL \"$@\" ;; esac; ";
        var find = "for a in \"$@\"; do case \"$a\" in --file=*) f=\"${a#--file=}\" ;; esac; done; ";
        var empty = await scene.RefuseAsync(scene.Options with { Locator = scene.Fake(Version + find + ": > \"$f\"") });
        var nothing = await scene.RefuseAsync(scene.Options with { Locator = scene.Fake(Version + "exit 0") });
        var garbage = await scene.RefuseAsync(scene.Options with { Locator = scene.Fake(Version + find + "echo hello > \"$f\"") });
        var less = await scene.RefuseAsync(scene.Options with { Locator = scene.Fake(Version + "exec REAL \"$@\" --table=t") });

        Assert.All([empty, nothing, garbage, less], e => Assert.Equal(("DumpIncomplete", ErrorKind.InvalidData), (e.Id, e.Kind)));
        Assert.Contains("it is empty", empty.Message, StringComparison.Ordinal);
        Assert.Contains("input file", garbage.Message, StringComparison.Ordinal);
        Assert.Contains("1 of 2 tables", less.Message, StringComparison.Ordinal);
        Assert.Empty(scene.Files());
    }

    [SkippableFact]
    public async Task Programs_that_are_missing_or_too_old_are_named()
    {
        using var scene = await DumpScene.CreateAsync();
        var old = scene.Fake("echo 'pg_dump (PostgreSQL) 9.6.24'");
        var error = await scene.RefuseAsync(scene.Options with { Locator = old });
        Assert.Equal(("DumpProgramTooOld", ErrorKind.NotInstalled), (error.Id, error.Kind));
        Assert.Contains("9.6", error.Message, StringComparison.Ordinal);
        Assert.Contains(DumpVersion(scene), error.Message, StringComparison.Ordinal);

        error = await scene.RefuseAsync(scene.Options with { Locator = new ClientProgramLocator(_ => null, [scene.Dumps]) });
        Assert.Equal(("DumpProgramNotFound", ErrorKind.NotInstalled), (error.Id, error.Kind));

        // The variable counts alone, and of several folders the oldest version that will do.
        error = await scene.RefuseAsync(scene.Options with { Locator = new ClientProgramLocator(_ => scene.Dumps, [scene.Programs.Directory]) });
        Assert.Contains($"names '{scene.Dumps}'", error.Message, StringComparison.Ordinal);
        Assert.Equal(18, (await Several(17).FindAsync(18, "It", CancellationToken.None)).Version.Major);
        Assert.Equal(16, (await Several(17).FindAsync(16, "It", CancellationToken.None)).Version.Major);
        Assert.Equal(20, (await Several(17).FindNewestAsync(CancellationToken.None)).Version.Major);

        ClientProgramLocator Several(int wrapped)
        {
            var folders = new[] { 20, 16, 18 }.Select(v => Path.Combine(scene.Dumps, v.ToString(CultureInfo.InvariantCulture))).ToList();
            foreach (var folder in folders.Where(f => !Directory.Exists(f)))
            {
                Directory.CreateDirectory(folder);
                TemporaryFolder.WriteProgram(Path.Combine(folder, "pg_dump"), $"echo 'pg_dump (PostgreSQL) {Path.GetFileName(folder)}.1'");
                TemporaryFolder.WriteProgram(Path.Combine(folder, "pg_restore"), "exit 1");
            }

            var wrapper = Directory.CreateDirectory(Path.Combine(scene.Dumps, "wrapper")).FullName;
            if (!File.Exists(Path.Combine(wrapper, "pg_wrapper")))
            {
                TemporaryFolder.WriteProgram(Path.Combine(wrapper, "pg_wrapper"), $"echo 'pg_dump (PostgreSQL) {wrapped}.1'");
                File.CreateSymbolicLink(Path.Combine(wrapper, "pg_dump"), Path.Combine(wrapper, "pg_wrapper"));
                File.CreateSymbolicLink(Path.Combine(wrapper, "pg_restore"), Path.Combine(wrapper, "pg_wrapper"));
            }

            return new ClientProgramLocator(_ => null, [wrapper, .. folders]);
        }

        static string DumpVersion(DumpScene scene) => $"is of version {scene.Programs.Version.Major}";
    }

    [SkippableFact]
    public async Task A_table_that_stays_locked_is_an_error()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        await using var holder = await scene.Target.ConnectAsync();
        await ExecuteAsync(holder, "BEGIN");
        await ExecuteAsync(holder, "LOCK TABLE t");
        var error = await scene.RefuseAsync(scene.Options with { LockTimeout = TimeSpan.FromMilliseconds(300) });
        Assert.Equal(("LockTimeout", ErrorKind.Timeout), (error.Id, error.Kind));
        Assert.Empty(scene.Files());
    }

    [SkippableFact]
    public async Task A_role_that_may_not_read_everything_takes_no_dump()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        var role = "reader_" + scene.Target.Database;
        await scene.Target.RunAsync($"CREATE ROLE {role} LOGIN PASSWORD 'x'");
        var target = new DbTarget(new NpgsqlConnectionStringBuilder(scene.Target.ConnectionString) { Username = role, Password = "x" }.ConnectionString)
        { Host = scene.Target.Host, Port = scene.Target.Port, Database = scene.Target.Database, Source = "test" };
        var plan = await DatabaseDump.PlanAsync(target, scene.Options, scene.Observer, CancellationToken.None);
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => DatabaseDump.RunAsync(plan, scene.Observer, CancellationToken.None));
        Assert.Equal(("SqlPermission", ErrorKind.Permission), (error.Id, error.Kind));
        Assert.Contains("permission denied for table t", error.Message, StringComparison.Ordinal);
        Assert.Empty(scene.Files());
    }

    [SkippableFact]
    public async Task Dumps_that_nobody_named_do_not_get_into_each_others_way()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        var plans = new List<DumpPlan>();
        for (var i = 0; i < 6; i++)
        {
            plans.Add(await DatabaseDump.PlanAsync(scene.Target, scene.Options with { Format = (DumpFormat)(i % 2) }, scene.Observer, CancellationToken.None));
        }

        // Of one name, all at once.
        plans = [.. plans.Select(plan => plan.Named(plans[0].Id))];
        var dumps = await Task.WhenAll(plans.Select(plan => Task.Run(() => DatabaseDump.RunAsync(plan, scene.Observer, CancellationToken.None))));
        Assert.Equal(plans.Count, dumps.Select(d => d.Path).Distinct(StringComparer.Ordinal).Count());
        Assert.All(dumps, d => Assert.StartsWith(plans[0].Id, d.Id, StringComparison.Ordinal));
        var listed = await scene.ListAsync(verify: true);
        Assert.Equal(dumps.Select(d => (d.Id, d.Path)).Order(), listed.Where(d => d.Status == "available").Select(d => (d.Id, d.Path)).Order());
        Assert.DoesNotContain(scene.Files(), f => f.StartsWith('.'));

        var plan = await DatabaseDump.PlanAsync(scene.Target, scene.Options, scene.Observer, CancellationToken.None);
        await File.WriteAllTextAsync(plan.Path, "taken since");
        Assert.Equal(plan.Id + "-2", (await DatabaseDump.RunAsync(plan, scene.Observer, CancellationToken.None)).Id);
    }

    [SkippableFact]
    public async Task Bad_input_is_refused()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        await scene.DumpAsync(scene.Options with { Id = "taken" });
        Assert.Equal("DumpExists", (await scene.RefuseAsync(scene.Options with { Id = "taken" })).Id);
        Assert.Equal("InvalidDumpJobs", (await scene.RefuseAsync(scene.Options with { Jobs = 2 })).Id);
        foreach (var id in new[] { "", ".", "..", "../x", "a/b", "-x", "a b", new string('x', 151), "x\n", ".x" })
        {
            Assert.Equal("InvalidDumpId", (await scene.RefuseAsync(scene.Options with { Id = id })).Id);
        }

        Assert.Equal("NotAFolder", (await scene.RefuseAsync(scene.Options with { Folder = Path.Combine(scene.Dumps, "taken.dump") })).Id);
        Assert.Equal(["taken.dump", "taken.dump.json"], scene.Files());
        Skip.IfNot(OperatingSystem.IsLinux(), "SKIPPED: /proc is needed, where not even root can make a folder.");
        Assert.Equal("UnwritableFolder", (await scene.RefuseAsync(scene.Options with { Folder = "/proc/dumps" })).Id);
    }

    /// <summary>The memory is that of the whole process, so that nothing else may run beside it; below 200 MB the limit would show nothing.</summary>
    [SkippableFact]
    public async Task A_big_database_needs_no_more_memory_than_a_small_one()
    {
        const string Variable = "DBMIGRATE_DUMP_MEGABYTES";
        Skip.IfNot(
            int.TryParse(Environment.GetEnvironmentVariable(Variable), CultureInfo.InvariantCulture, out var number), $"SKIPPED: {Variable}=2048 measures the memory of a dump of so much.");
        var megabytes = Math.Max(number, 200);
        using var scene = await DumpScene.CreateAsync(
            "CREATE UNLOGGED TABLE big (id int, filler text)",
            "ALTER TABLE big ALTER filler SET STORAGE EXTERNAL",
            $"INSERT INTO big SELECT g, (SELECT string_agg(md5(g::text || i::text), '') FROM generate_series(1, 31) i) FROM generate_series(1, {megabytes * 1024}) g",
            "VACUUM ANALYZE big");
        GC.Collect();
        using var own = Process.GetCurrentProcess();
        var before = own.WorkingSet64;
        var (peak, clock) = (before, Stopwatch.StartNew());
        using var watch = new Timer(
            _ =>
            {
                using var now = Process.GetCurrentProcess();
                peak = Math.Max(peak, now.WorkingSet64);
            },
            null,
            TimeSpan.Zero,
            TimeSpan.FromMilliseconds(50));
        var dump = await scene.DumpAsync();
        var dumped = clock.Elapsed;
        clock.Restart();
        var result = await scene.RestoreAsync(dump.Path!, new RestoreOptions { Database = scene.Target.Database + "_back" });
        Console.WriteLine(
            $"{megabytes} MB: dump of {ByteSize.Text(dump.Size!.Value)} in {dumped}, restored in {clock.Elapsed}, working set {ByteSize.Text(before)}, at most {ByteSize.Text(peak)}");

        // Well below the file and the rows: what held either of them in memory would show.
        Assert.True(dump.Size > 105 << 20, ByteSize.Text(dump.Size.Value));
        Assert.True(peak - before < 100 << 20, ByteSize.Text(peak - before));
        Assert.Equal(megabytes * 1024L, await result.Target!.ScalarAsync<long>("SELECT count(*) FROM big"));
        await scene.Target.RunAsync($"DROP DATABASE {result.Id}");
        if (megabytes > 100)
        {
            var percents = scene.Observer.ProgressReports.Where(r => r.Status.Contains(" left", StringComparison.Ordinal)).Select(r => r.Percent).ToList();
            Assert.NotEmpty(percents);
            Assert.Equal(percents.Order(), percents);
            Assert.Contains(scene.Observer.ProgressReports, r => Regex.IsMatch(r.Status, "^1 of 1 tables, [0-9.]+ [kM]B written, about .* left$"));
        }
    }

    internal static async Task ExecuteAsync(NpgsqlConnection connection, string statement)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }
}
