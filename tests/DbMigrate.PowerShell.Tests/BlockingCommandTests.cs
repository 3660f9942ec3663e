using System.Globalization;
using DbMigrate.Commands;
using DbMigrate.Testing;
using Npgsql;

namespace DbMigrate.PowerShell.Tests;

/// <summary>The blocking cmdlets with the real engine on a real server, with a recorded pipeline around them.</summary>
public sealed class BlockingCommandTests : IAsyncLifetime
{
    private DbTarget _target = null!;
    private NpgsqlConnection _root = null!;
    private NpgsqlConnection _waiting = null!;
    private Task _wait = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        _target = await SandboxFixture.NewDatabaseAsync();
        await _target.RunAsync("CREATE TABLE orders (id int)");
        _root = await OpenAsync("root", "BEGIN", "LOCK orders");
        _waiting = await OpenAsync("waiting");
        _wait = RunAsync(_waiting, "SELECT FROM orders");
        await Eventually.IsTrueAsync(
            () => _target.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass)"));
    }

    public async Task DisposeAsync()
    {
        await _target.RunAsync(string.Create(
            CultureInfo.InvariantCulture, $"SELECT pg_terminate_backend(p) FROM unnest(ARRAY[{_root.ProcessID}, {_waiting.ProcessID}]) p"));
        await Task.WhenAny(_wait, Task.Delay(TimeSpan.FromSeconds(60)));
        await _root.DisposeAsync();
        await _waiting.DisposeAsync();
    }

    [Fact]
    public void A_root_is_stopped_once_for_all_waits_after_one_question()
    {
        var wait = Find();
        var cmdlet = new StopBlockingQueryCommand { Terminate = true, GracePeriod = TimeSpan.FromSeconds(30) };

        var run = cmdlet.Run(null, () => cmdlet.InputObject = [wait], () => cmdlet.InputObject = [wait, wait]);

        var result = Assert.IsType<StopResult>(Assert.Single(run.Output));
        Assert.Equal((_root.ProcessID, StopOutcome.Ended), (result.ProcessId, result.Outcome));
        Assert.StartsWith($"Terminate the session on pid {_root.ProcessID} (", Assert.Single(run.Questions), StringComparison.Ordinal);
        Assert.Empty(run.Errors);
        Assert.Contains(run.Verbose, v => v.StartsWith("Terminate the session: pid ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_WhatIf_or_a_no_nothing_is_stopped()
    {
        var wait = Find();
        foreach (var runtime in new[] { new RecordingRuntime { WhatIf = true }, new RecordingRuntime { Yes = 0 } })
        {
            var run = new StopBlockingQueryCommand { InputObject = [wait], Terminate = true }.Run(runtime);
            Assert.Empty(run.Output);
            Assert.Single(run.Questions);
        }

        Assert.True(await _target.ScalarAsync<bool>(
            string.Create(CultureInfo.InvariantCulture, $"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {_root.ProcessID})")));
    }

    [Fact]
    public void A_refusal_is_an_object_and_an_error_and_no_question()
    {
        var run = new StopBlockingQueryCommand { InputObject = [Find()] }.Run();

        Assert.Equal(StopOutcome.Refused, Assert.IsType<StopResult>(Assert.Single(run.Output)).Outcome);
        var error = Assert.Single(run.Errors);
        Assert.StartsWith("DbMigrate.BlockerRefused", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("-Terminate", error.ErrorDetails.Message, StringComparison.Ordinal);
        Assert.Empty(run.Questions);
    }

    [Fact]
    public void A_ring_without_a_root_is_said()
    {
        var ring = Find() with { Roots = [] };
        var run = new StopBlockingQueryCommand { InputObject = [ring] }.Run();
        Assert.Empty(run.Output);
        Assert.Contains("deadlock_timeout", Assert.Single(run.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tree_has_the_same_waits_with_their_place()
    {
        var node = Assert.IsType<BlockingTreeNode>(Assert.Single(new FindBlockingQueryCommand { Target = _target, Tree = true }.Run().Output));
        Assert.Equal((_root.ProcessID, _waiting.ProcessID), (node.Root.ProcessId, node.BlockedPid));
        Assert.StartsWith($"└─ pid {_waiting.ProcessID} has waited ", node.Tree, StringComparison.Ordinal);
        Assert.Contains("blocks 1. Terminate: ", node.RootLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_watch_ends_with_its_time_limit_or_when_stopped()
    {
        var timed = new FindBlockingQueryCommand { Target = _target, Wait = true, Timeout = TimeSpan.FromMilliseconds(300), Interval = TimeSpan.Zero };
        Assert.Single(timed.Run().Output);

        var stopped = new FindBlockingQueryCommand { Target = _target, Wait = true, Interval = TimeSpan.Zero };
        Assert.Throws<System.Management.Automation.PipelineStoppedException>(
            () => stopped.Run(new RecordingRuntime { OnObject = _ => stopped.Stop() }));
    }

    private BlockingQuery Find() => Assert.IsType<BlockingQuery>(Assert.Single(new FindBlockingQueryCommand { Target = _target }.Run().Output));

    private async Task<NpgsqlConnection> OpenAsync(string name, params string[] statements)
    {
        var session = await _target.ConnectAsync();
        foreach (var statement in statements.Prepend($"SET application_name = '{name}'"))
        {
            await RunAsync(session, statement);
        }

        return session;
    }

    private static async Task RunAsync(NpgsqlConnection session, string statement)
    {
        await using var command = new NpgsqlCommand(statement, session);
        await command.ExecuteNonQueryAsync();
    }
}
