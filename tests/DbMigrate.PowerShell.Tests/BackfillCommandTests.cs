using System.Collections;
using System.Management.Automation;
using DbMigrate.Commands;
using DbMigrate.Testing;

namespace DbMigrate.PowerShell.Tests;

public sealed class BackfillCommandTests : IAsyncLifetime
{
    private DbTarget _target = null!;

    public BackfillCommandTests() => CommandRun.NewSession();

    public async Task InitializeAsync()
    {
        _target = await SandboxFixture.NewDatabaseAsync();
        await _target.RunAsync(
            "CREATE TABLE users (id int PRIMARY KEY, status text)", "INSERT INTO users SELECT g FROM generate_series(1, 3000) g", "ANALYZE users");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task What_if_shows_the_plan_and_writes_nothing()
    {
        var runtime = Backfill("status = 'active'").Run(new RecordingRuntime { WhatIf = true });

        var plan = Assert.IsType<BackfillPlan>(Assert.Single(runtime.Output));
        Assert.Equal(("public.users", 3000L), (plan.Table, plan.EstimatedRows));
        Assert.Equal(
            "Performing the operation \"Backfill public.users by primary key (id), about 3,000 rows: UPDATE ONLY \"public\".\"users\" SET status = 'active' " +
            $"WHERE \"id\" <= $1 AND (status IS NULL) RETURNING (status IS NULL) IS TRUE, NOT (\"id\" <= $2)\" on target \"{_target}\".",
            Assert.Single(runtime.Questions));
        Assert.Equal(3000, await LeftAsync());
        Assert.Null(await _target.ScalarAsync<string>("SELECT to_regnamespace('dbmigrate')::text"));
    }

    [Fact]
    public async Task A_no_does_nothing()
    {
        Assert.Empty(Backfill("status = 'active'").Run(new RecordingRuntime { Yes = 0 }).Output);
        Assert.Equal(3000, await LeftAsync());
    }

    [Fact]
    public async Task A_yes_does_it_and_tells_how_far_it_is()
    {
        var runtime = Backfill("status = @new", parameter: new Hashtable { ["new"] = new PSObject("x") }).Run();

        var result = Assert.IsType<BackfillResult>(Assert.Single(runtime.Output));
        Assert.Equal((3000L, true), (result.Rows, result.Verified));
        Assert.Equal(3000, await _target.ScalarAsync<long>("SELECT count(*) FROM users WHERE status = 'x'"));
        Assert.Contains(runtime.Progress, p => p.Status.Contains("rows/s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_hashtable_gives_columns_and_values()
    {
        Backfill(new PSObject(new Hashtable { ["status"] = "O'Brien" })).Run();
        Assert.Equal(3000, await _target.ScalarAsync<long>("SELECT count(*) FROM users WHERE status = 'O''Brien'"));
    }

    [Fact]
    public async Task Tables_may_be_piped_in_also_by_their_exact_names()
    {
        await _target.RunAsync("CREATE SCHEMA \"App\"", "CREATE TABLE \"App\".\"Users\" (id int PRIMARY KEY, status text)", "INSERT INTO \"App\".\"Users\" VALUES (1)");
        var cmdlet = Backfill("status = 'a'");
        var runtime = cmdlet.Run(null, () => cmdlet.Table = "users", () => (cmdlet.Schema, cmdlet.Table) = ("App", "Users"));

        Assert.Equal(["public.users", "\"App\".\"Users\""], runtime.Output.Cast<BackfillResult>().Select(r => r.Table));
    }

    [Fact]
    public async Task One_table_that_is_no_good_keeps_nobody_from_the_next()
    {
        var cmdlet = Backfill("status = 'a'");
        var runtime = cmdlet.Run(null, () => cmdlet.Table = "nowhere", () => cmdlet.Table = "users");

        Assert.Equal("DbMigrate.TableNotFound", Assert.Single(runtime.Errors).FullyQualifiedErrorId);
        Assert.Equal("public.users", Assert.IsType<BackfillResult>(Assert.Single(runtime.Output)).Table);
        Assert.Equal(0, await LeftAsync());
    }

    [Fact]
    public void A_server_that_cannot_be_reached_ends_the_pipeline()
    {
        var cmdlet = Backfill("status = 'a'");
        cmdlet.Target = Engine.Targets.TargetResolver.Resolve("postgres://nobody@127.0.0.1:1/none", _ => null);
        Assert.Equal("DbMigrate.ConnectionRefused", cmdlet.Fail().FullyQualifiedErrorId.Split(',')[0]);
    }

    [Fact]
    public async Task A_stop_ends_it_and_the_next_call_goes_on()
    {
        await _target.RunAsync("CREATE TABLE c AS SELECT g AS id, 0 AS n FROM generate_series(1, 3000) g", "ALTER TABLE c ADD PRIMARY KEY (id)");
        var cmdlet = Count();
        cmdlet.Pause = TimeSpan.FromMinutes(10);
        var run = Task.Run(() => cmdlet.Run());
        await Eventually.IsTrueAsync(async () => await _target.ScalarAsync<long>("SELECT sum(n) FROM c") > 0, run);

        cmdlet.Stop();
        await Assert.ThrowsAsync<PipelineStoppedException>(() => run);

        var result = (BackfillResult)Count().Run().Output[0]!;
        Assert.Equal(3000, result.Rows + result.RowsBefore);
        Assert.True(result.RowsBefore > 0);
        Assert.True(await _target.ScalarAsync<bool>("SELECT min(n) = 1 AND max(n) = 1 FROM c"));
    }

    [Fact]
    public void An_error_has_its_id_and_the_next_step()
    {
        var error = Assert.Single(Backfill("status = 1; DROP TABLE users").Run().Errors);
        Assert.Equal("DbMigrate.InvalidBackfillSql", error.FullyQualifiedErrorId.Split(',')[0]);
        Assert.Equal(ErrorCategory.InvalidArgument, error.CategoryInfo.Category);
        Assert.Contains("behind SET", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    private InvokeDbBackfillCommand Backfill(object set, Hashtable? parameter = null) =>
        new() { Target = _target, Table = "users", Set = set, Where = "status IS NULL", Parameter = parameter };

    private InvokeDbBackfillCommand Count() => new() { Target = _target, Table = "c", Set = "n = n + 1" };

    private Task<long> LeftAsync() => _target.ScalarAsync<long>("SELECT count(*) FROM users WHERE status IS NULL");
}
