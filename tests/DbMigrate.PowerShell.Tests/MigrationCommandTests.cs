using System.Management.Automation;
using System.Net;
using DbMigrate.Commands;
using DbMigrate.Testing;

namespace DbMigrate.PowerShell.Tests;

/// <summary>The cmdlets with the real engine on a real server, with a recorded pipeline around them.</summary>
public sealed class MigrationCommandTests : IAsyncLifetime, IDisposable
{
    private const MigrationFormat Golang = MigrationFormat.GolangMigrate;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dbmigrate [2.0.0] ");
    private DbTarget _target = null!;

    // Not in InitializeAsync: what an async method makes its runspace is so only until it returns.
    public MigrationCommandTests() => CommandRun.NewSession();

    public async Task InitializeAsync()
    {
        _target = await SandboxFixture.NewDatabaseAsync();
        for (var i = 1; i <= 3; i++)
        {
            Write($"{i:000000}_create_t{i}", $"CREATE TABLE t{i} (id int);", $"DROP TABLE t{i};");
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Delete(true);

    [Fact]
    public async Task What_if_asks_for_each_and_writes_nothing()
    {
        var runtime = Invoke().Run(new RecordingRuntime { WhatIf = true });

        Assert.Equal(
            Enumerable.Range(1, 3).Select(i => $"Performing the operation \"Apply migration {i} create_t{i}\" on target \"{_target}\"."),
            runtime.Questions);
        Assert.Empty(runtime.Output);
        Assert.Empty(await TablesAsync());
    }

    [Fact]
    public async Task A_no_stops_the_run_before_that_migration()
    {
        var runtime = Invoke().Run(new RecordingRuntime { Yes = 2 });

        Assert.Equal(3, runtime.Questions.Count);
        Assert.Equal(["1", "2"], runtime.Output.Cast<MigrationResult>().Select(r => r.Version));
        Assert.Equal(["schema_migrations", "t1", "t2"], await TablesAsync());
    }

    [Fact]
    public async Task Nothing_is_done_when_nothing_is_accepted_or_nothing_comes()
    {
        Assert.Empty(Invoke().Run(new RecordingRuntime { Yes = 0 }).Output);
        Assert.Empty(Invoke().Run(null, inputs: []).Output);
        Assert.Empty(await TablesAsync());
    }

    [Fact]
    public async Task Piped_migrations_are_applied_where_they_came_from_and_no_others()
    {
        var status = Statuses();
        CommandRun.NewSession();
        var cmdlet = new InvokeMigrationCommand();
        var runtime = cmdlet.Run(null, () => cmdlet.InputObject = [status[0]], () => cmdlet.InputObject = [status[1]]);

        Assert.Equal(["1", "2"], runtime.Output.Cast<MigrationResult>().Select(r => r.Version));
        Assert.Equal(["schema_migrations", "t1", "t2"], await TablesAsync());
    }

    [Fact]
    public async Task A_failure_streams_what_was_done_and_ends_with_the_whole_story()
    {
        Write("000002_create_t2", "CREATE TABLE t2 (id int);\nSELECT nothing;", "");
        var runtime = new RecordingRuntime();
        var error = Invoke().Fail(runtime);

        Assert.Equal(
            [MigrationOutcome.Applied, MigrationOutcome.Failed, MigrationOutcome.NotRun],
            runtime.Output.Cast<MigrationResult>().Select(r => r.Outcome));
        Assert.Contains(":2:8: 42703: ", error.ErrorDetails.Message, StringComparison.Ordinal);
        Assert.Contains("Applied: 1 create_t1.", error.ErrorDetails.Message, StringComparison.Ordinal);
        Assert.Contains("Not run: 3 create_t3.", error.ErrorDetails.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCategory.InvalidResult, error.CategoryInfo.Category);
        Assert.Equal(["schema_migrations", "t1"], await TablesAsync());
    }

    [Fact]
    public async Task Undoing_and_resolving_ask_with_the_real_target_and_do_it()
    {
        Invoke().Run();
        var undo = new UndoMigrationCommand { LiteralPath = [_folder.FullName], Format = Golang, Target = _target }.Run();
        Assert.Equal([$"Performing the operation \"Undo migration 3 create_t3\" on target \"{_target}\"."], undo.Questions);
        Assert.Equal(MigrationOutcome.Undone, Assert.IsType<MigrationResult>(Assert.Single(undo.Output)).Outcome);

        var resolve = new ResolveMigrationCommand
        {
            LiteralPath = [_folder.FullName], Format = Golang, Target = _target, Name = "1", As = ResolveAction.Force,
        };
        Assert.Equal([$"Set the version to 1 create_t1 on {_target}"], resolve.Run().Questions);
        Assert.Equal([MigrationState.Applied, MigrationState.Pending, MigrationState.Pending], Statuses().Select(s => s.State));
        Assert.Equal(["schema_migrations", "t1", "t2"], await TablesAsync());
    }

    [Fact]
    public async Task A_stop_cancels_the_statement_on_the_server()
    {
        Write("000002_create_t2", "CREATE TABLE t2 (id int);\nSELECT pg_sleep(600);", "");
        using var cmdlet = Invoke();
        var run = Task.Run(() => cmdlet.Run());
        const string Sleeping = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
        await Eventually.IsTrueAsync(async () => await _target.ScalarAsync<long>(Sleeping) > 0, run);

        cmdlet.Stop();

        await Assert.ThrowsAsync<PipelineStoppedException>(() => run);
        Assert.Equal(0, await _target.ScalarAsync<long>(Sleeping));
        Assert.Equal(["schema_migrations", "t1"], await TablesAsync());
    }

    [Fact]
    public async Task The_options_reach_the_server()
    {
        await _target.RunAsync("CREATE TABLE held (id int)");
        await using var holder = await _target.ConnectAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using (var command = holder.CreateCommand())
        {
            command.CommandText = "LOCK TABLE held";
            await command.ExecuteNonQueryAsync();
        }

        Write("000001_create_t1", "ALTER TABLE held ADD COLUMN b int;", "");
        var cmdlet = Invoke();
        cmdlet.LockTimeout = TimeSpan.FromMilliseconds(50);
        cmdlet.LockRetries = 1;
        var runtime = new RecordingRuntime();

        Assert.Equal(ErrorCategory.OperationTimeout, cmdlet.Fail(runtime).CategoryInfo.Category);
        Assert.Equal(2, runtime.Output.Cast<MigrationResult>().First().Attempts);
    }

    [Fact]
    public void A_new_migration_is_shown_before_it_is_made()
    {
        var before = _folder.GetFiles().Length;
        NewMigrationCommand Create() => new() { LiteralPath = [_folder.FullName], Format = Golang, Name = "add index" };

        var runtime = Create().Run(new RecordingRuntime { WhatIf = true });
        Assert.Equal([$"Create 000004_add_index.up.sql, 000004_add_index.down.sql on {_folder.FullName}"], runtime.Questions);
        Assert.Equal(before, _folder.GetFiles().Length);

        Assert.Equal(
            ["000004_add_index.up.sql", "000004_add_index.down.sql"],
            Create().Run().Output.Select(o => (FileInfo)((PSObject)o!).BaseObject).Where(f => f.Exists).Select(f => f.Name));
        var single = Create();
        single.Reversible = false;
        Assert.Single(single.Run().Output);
    }

    [Fact]
    public void Names_are_filtered_with_wildcards()
    {
        var cmdlet = Status();
        cmdlet.Name = ["3", "CREATE*1"];
        Assert.Equal(["1", "3"], cmdlet.Run().Output.Cast<MigrationStatus>().Select(s => s.Version));
    }

    [Fact]
    public void Wildcards_of_a_path_are_expanded_and_other_paths_are_not()
    {
        var cmdlet = Status();
        cmdlet.LiteralPath = null;
        var root = Directory.CreateTempSubdirectory("dbmigrate");
        try
        {
            var copy = root.CreateSubdirectory("abc");
            File.WriteAllText(Path.Combine(copy.FullName, "1_a.up.sql"), "SELECT 1;");
            cmdlet.Path = [Path.Combine(root.FullName, "a*")];
            Assert.Equal(copy.FullName, Assert.IsType<MigrationStatus>(Assert.Single(cmdlet.Run().Output)).Folder);

            cmdlet = Status();
            cmdlet.LiteralPath = null;
            cmdlet.Path = [Path.Combine(root.FullName, "x*")];
            var error = Assert.Single(cmdlet.Run().Errors);
            Assert.Equal("DbMigrate.FolderNotFound", error.FullyQualifiedErrorId);
            Assert.Contains("-LiteralPath", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        }
        finally
        {
            root.Delete(true);
        }
    }

    [Fact]
    public void A_path_of_another_provider_is_refused()
    {
        var cmdlet = Status();
        cmdlet.LiteralPath = ["Env:PATH"];
        Assert.Equal("DbMigrate.NotFileSystemPath", Assert.Single(cmdlet.Run().Errors).FullyQualifiedErrorId);
    }

    [Fact]
    public void A_bad_folder_leaves_the_others_their_turn_and_an_unreachable_server_does_not()
    {
        var cmdlet = Status();
        cmdlet.LiteralPath = [Path.Combine(_folder.FullName, "nowhere"), _folder.FullName];
        var runtime = cmdlet.Run();
        Assert.Equal("DbMigrate.FolderNotFound", Assert.Single(runtime.Errors).FullyQualifiedErrorId);
        Assert.Equal(3, runtime.Output.Count);

        cmdlet = Status();
        cmdlet.Target = DbMigrate.Engine.Targets.TargetResolver.Resolve("postgres://app@127.0.0.1:1/orders", _ => null);
        Assert.Equal("DbMigrate.ConnectionRefused", cmdlet.Fail().FullyQualifiedErrorId);
    }

    [Fact]
    public void The_session_remembers_its_target_and_no_other_session_does()
    {
        new ConnectDbTargetCommand { Target = _target }.Run();
        Assert.Same(_target, Assert.Single(new GetDbTargetCommand().Run().Output));
        var status = Status();
        status.Target = null;
        Assert.Equal(3, status.Run().Output.Count);

        CommandRun.NewSession();
        Assert.DoesNotContain(_target, Run());
        new ConnectDbTargetCommand { Target = _target, NoTest = true }.Run();
        new DisconnectDbTargetCommand().Run();
        Assert.DoesNotContain(_target, Run());

        // Where the environment names a database, that one comes instead of an error.
        static List<object?> Run()
        {
            var runtime = new RecordingRuntime();
            try
            {
                new GetDbTargetCommand().Run(runtime);
            }
            catch (TerminatingErrorException error)
            {
                Assert.Equal("DbMigrate.NoTarget", error.Error.FullyQualifiedErrorId);
            }

            return runtime.Output;
        }
    }

    [Fact]
    public void A_target_of_parts_has_each_of_them()
    {
        var target = Assert.IsType<DbTarget>(Assert.Single(new ConnectDbTargetCommand
        {
            HostName = "db 1", Port = 5433, Database = "o'r/ders?", Schema = "shöp", SslMode = "require", NoTest = true,
            Credential = new PSCredential("ap p", new NetworkCredential("", "geheim").SecurePassword),
        }.Run().Output));

        Assert.Equal(("db 1", 5433, "o'r/ders?", "ap p", "shöp"), (target.Host, target.Port, target.Database, target.User, target.Schema));
    }

    [Fact]
    public void A_target_that_does_not_answer_is_not_kept()
    {
        new ConnectDbTargetCommand { Target = _target, NoTest = true }.Run();
        var error = new ConnectDbTargetCommand { DatabaseUrl = "postgres://app:geheim@127.0.0.1:1/orders" }.Fail();

        Assert.Equal(ErrorCategory.ConnectionError, error.CategoryInfo.Category);
        Assert.DoesNotContain("geheim", error.Exception.ToString() + error.ErrorDetails.Message, StringComparison.Ordinal);
        Assert.Equal("DbMigrate.TargetLost", new GetDbTargetCommand().Fail().FullyQualifiedErrorId.Split(',')[0]);
    }

    [Fact]
    public void A_sandbox_is_started_and_stopped_only_after_asking()
    {
        Assert.Empty(new StartDbSandboxCommand().Run(new RecordingRuntime { WhatIf = true, Yes = 0 }).Output);
        var sandbox = Assert.IsType<SandboxInfo>(Assert.Single(new StartDbSandboxCommand().Run().Output));
        new ConnectDbTargetCommand { Target = sandbox.Target }.Run();

        new StopDbSandboxCommand { Sandbox = [sandbox] }.Run(new RecordingRuntime { WhatIf = true, Yes = 0 });
        Assert.True(Directory.Exists(sandbox.Directory));

        new StopDbSandboxCommand { Sandbox = [sandbox] }.Run();
        Assert.False(Directory.Exists(sandbox.Directory));
    }

    private InvokeMigrationCommand Invoke() => new() { LiteralPath = [_folder.FullName], Format = Golang, Target = _target };

    private GetMigrationStatusCommand Status() => new() { LiteralPath = [_folder.FullName], Format = Golang, Target = _target };

    private List<MigrationStatus> Statuses() => Status().Run().Output.Cast<MigrationStatus>().ToList();

    private async Task<IEnumerable<object?>> TablesAsync() =>
        (await _target.RowsAsync("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")).Select(r => r[0]);

    private void Write(string name, string up, string down)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, name + ".up.sql"), up);
        File.WriteAllText(Path.Combine(_folder.FullName, name + ".down.sql"), down);
    }
}
