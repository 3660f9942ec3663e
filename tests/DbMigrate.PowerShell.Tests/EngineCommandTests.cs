using System.Management.Automation;
using System.Runtime.CompilerServices;

namespace DbMigrate.PowerShell.Tests;

public sealed class EngineCommandTests
{
    [Fact]
    public void Reports_reach_their_streams_on_the_pipelines_thread()
    {
        var runtime = new StubCommand(cmdlet => cmdlet.Await(async _ =>
        {
            await Task.Yield();
            cmdlet.Observer.Message(MessageLevel.Verbose, "decided");
            cmdlet.Observer.Message(MessageLevel.Debug, "SELECT 1");
            cmdlet.Observer.Message(MessageLevel.Warning, "look");
            return 0;
        })).Run();

        Assert.Equal(["decided"], runtime.Verbose);
        Assert.Equal(["SELECT 1"], runtime.Debug);
        Assert.Equal(["look"], runtime.Warnings);
    }

    [Fact]
    public void Progress_is_throttled_and_always_completed()
    {
        var runtime = new StubCommand(cmdlet => cmdlet.Await(_ =>
        {
            for (var i = 0; i < 1000; i++)
            {
                cmdlet.Observer.Progress("Applying", "", i / 10);
            }

            return Task.FromResult(0);
        })).Run();

        Assert.InRange(runtime.Progress.Count, 2, 20);
        Assert.Equal((" ", true), runtime.Progress[^1]);
        Assert.Single(runtime.Progress, p => p.Completed);
    }

    [Fact]
    public void Progress_is_completed_after_an_error()
    {
        var runtime = new RecordingRuntime();
        new StubCommand(cmdlet => cmdlet.Await<int>(_ =>
        {
            cmdlet.Observer.Progress("Applying", "1 of 2", 50);
            throw new DbMigrateException("Broken", ErrorKind.Sql, "m", "n");
        })).Fail(runtime);

        Assert.Equal([("1 of 2", false), ("1 of 2", true)], runtime.Progress);
    }

    [Fact]
    public void An_error_of_the_engine_ends_the_pipeline()
    {
        var cause = new DbMigrateException("NotThere", ErrorKind.NotFound, "There is no x.", "Make x.") { Subject = "x" };
        var error = new StubCommand(cmdlet => cmdlet.Await<int>(_ => throw cause)).Fail();

        Assert.Equal("DbMigrate.NotThere", error.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.ObjectNotFound, error.CategoryInfo.Category);
        Assert.Equal("x", error.TargetObject);
        Assert.Equal("There is no x.", error.ErrorDetails.Message);
        Assert.Equal("Make x.", error.ErrorDetails.RecommendedAction);
        Assert.Same(cause, error.Exception);
    }

    [Fact]
    public void Items_are_written_in_order_before_the_error_that_follows_them()
    {
        var runtime = new RecordingRuntime();
        var error = new StubCommand(cmdlet => cmdlet.ForEach(_ => TwoAndAnError(), cmdlet.WriteObject)).Fail(runtime);

        Assert.Equal([1, 2], runtime.Output);
        Assert.Equal("DbMigrate.Third", error.FullyQualifiedErrorId);

        static async IAsyncEnumerable<object> TwoAndAnError()
        {
            yield return 1;
            await Task.Yield();
            yield return 2;
            throw new DbMigrateException("Third", ErrorKind.Sql, "m", "n");
        }
    }

    [Fact]
    public async Task Being_stopped_cancels_the_work_and_waits_for_its_end()
    {
        var started = new TaskCompletionSource();
        var ended = false;
        using var cmdlet = new StubCommand(c => c.Await<int>(async token =>
        {
            try
            {
                started.SetResult();
                await Task.Delay(Timeout.Infinite, token);
            }
            finally
            {
                await Task.Yield();
                ended = true;
            }

            return 0;
        }));
        var run = Task.Run(() => cmdlet.Run());
        await started.Task;
        cmdlet.Stop();

        await Assert.ThrowsAsync<PipelineStoppedException>(() => run);
        Assert.True(ended);
    }

    [Fact]
    public void A_write_that_throws_cancels_the_work_and_goes_its_way()
    {
        var cancelled = false;
        var runtime = new RecordingRuntime { OnObject = _ => throw new PipelineStoppedException() };
        var cmdlet = new StubCommand(c => c.ForEach(OneAndWait, c.WriteObject));

        Assert.Throws<PipelineStoppedException>(() => cmdlet.Run(runtime));
        Assert.True(cancelled);

        async IAsyncEnumerable<object> OneAndWait([EnumeratorCancellation] CancellationToken token)
        {
            yield return 1;
            try
            {
                await Task.Delay(Timeout.Infinite, token);
            }
            finally
            {
                cancelled = true;
            }
        }
    }

    [Fact]
    public void A_stop_after_the_end_and_a_late_report_do_nothing()
    {
        var cmdlet = new StubCommand(static _ => { });
        var runtime = cmdlet.Run();
        cmdlet.Stop();
        cmdlet.Observer.Message(MessageLevel.Warning, "late");
        Assert.Empty(runtime.Warnings);
    }
}
