using System.Diagnostics;
using System.Globalization;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Engine.Tests.Sandbox;

/// <summary>However the process ends that started a sandbox, nothing stays behind. Each test has a temporary folder of its own.</summary>
public sealed class SandboxOwnerTests : IDisposable
{
    private readonly TemporaryFolder _folder = TemporaryFolder.ForAnyAccount();

    [Fact]
    public async Task An_orderly_end_takes_the_server_along()
    {
        using var owner = Start();
        var (directory, processId) = await ReadyAsync(owner);
        Assert.True(Directory.Exists(directory));
        owner.StandardInput.Close();
        await owner.EndAsync();

        Assert.Equal(0, owner.ExitCode);
        await AssertGoneAsync(processId);
    }

    [SkippableFact]
    public async Task A_request_to_terminate_takes_the_server_along()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        using var owner = Start();
        var (_, processId) = await ReadyAsync(owner);
        using var kill = Process.Start("kill", ["-TERM", owner.Id.ToString(CultureInfo.InvariantCulture)]);
        await owner.EndAsync();

        await AssertGoneAsync(processId);
    }

    [Fact]
    public async Task The_next_start_sweeps_up_after_a_killed_owner()
    {
        using var killed = Start();
        var (directory, processId) = await ReadyAsync(killed);
        killed.Kill();
        await killed.EndAsync();
        Assert.True(Directory.Exists(directory));
        Assert.Equal(processId, SandboxFolder.ServerProcessId(directory));

        using var next = Start();
        var (nextDirectory, nextProcessId) = await ReadyAsync(next);
        Assert.Equal([nextDirectory], Directory.GetDirectories(_folder.Path));
        Assert.Null(SandboxFolder.ServerProcessId(directory));

        next.StandardInput.Close();
        await next.EndAsync();
        await AssertGoneAsync(nextProcessId);
    }

    [Fact]
    public async Task The_next_start_leaves_others_alone()
    {
        using var first = Start();
        var (firstDirectory, firstProcessId) = await ReadyAsync(first);
        using var second = Start();
        var (secondDirectory, secondProcessId) = await ReadyAsync(second);

        Assert.Equal(firstProcessId, SandboxFolder.ServerProcessId(firstDirectory));
        Assert.Equal(secondProcessId, SandboxFolder.ServerProcessId(secondDirectory));
        first.StandardInput.Close();
        await first.EndAsync();
        Assert.Equal([secondDirectory], Directory.GetDirectories(_folder.Path));
        second.StandardInput.Close();
        await second.EndAsync();
        await AssertGoneAsync(secondProcessId);
    }

    [Fact]
    public async Task A_start_that_is_cancelled_leaves_nothing()
    {
        using var owner = Start("cancelled");

        // On a fast machine the start may be over when the cancel comes; then it ends with its input.
        owner.StandardInput.Close();
        await owner.EndAsync();

        Assert.Equal(3, owner.ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path, "dbmigrate-*"));
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<(string Directory, int ProcessId)> ReadyAsync(Process owner)
    {
        var limit = TimeSpan.FromMinutes(2);
        var directory = await owner.StandardOutput.ReadLineAsync().WaitAsync(limit);
        var processId = await owner.StandardOutput.ReadLineAsync().WaitAsync(limit);
        Assert.True(processId is not null, "The owner of the sandbox ended: " + (directory ?? await owner.StandardError.ReadToEndAsync().WaitAsync(limit)));
        return (directory!, int.Parse(processId!, CultureInfo.InvariantCulture));
    }

    private Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(SandboxOwnerTests).Assembly.Location, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["TMPDIR"] = _folder.Path, ["TMP"] = _folder.Path, ["TEMP"] = _folder.Path },
        };
        return Process.Start(start)!;
    }

    private async Task AssertGoneAsync(int serverProcessId)
    {
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path, "dbmigrate-*"));
        if (OperatingSystem.IsLinux())
        {
            // A process that nobody waits for stays as a zombie, without a command line.
            await Eventually.IsTrueAsync(() => ChildProcess.CommandLine(serverProcessId).Length == 0);
        }
    }
}
