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
        await owner.WaitForExitAsync();

        Assert.Equal(0, owner.ExitCode);
        AssertGone(processId);
    }

    [SkippableFact]
    public async Task A_request_to_terminate_takes_the_server_along()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        using var owner = Start();
        var (_, processId) = await ReadyAsync(owner);
        using var kill = Process.Start("kill", ["-TERM", owner.Id.ToString(CultureInfo.InvariantCulture)]);
        await owner.WaitForExitAsync();

        AssertGone(processId);
    }

    [Fact]
    public async Task The_next_start_sweeps_up_after_a_killed_owner()
    {
        using var killed = Start();
        var (directory, processId) = await ReadyAsync(killed);
        killed.Kill();
        await killed.WaitForExitAsync();
        Assert.True(Directory.Exists(directory));
        Assert.Equal(processId, SandboxFolder.ServerProcessId(directory));

        using var next = Start();
        var (nextDirectory, nextProcessId) = await ReadyAsync(next);
        Assert.Equal([nextDirectory], Directory.GetDirectories(_folder.Path));
        Assert.Null(SandboxFolder.ServerProcessId(directory));

        next.StandardInput.Close();
        await next.WaitForExitAsync();
        AssertGone(nextProcessId);
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
        await first.WaitForExitAsync();
        Assert.Equal([secondDirectory], Directory.GetDirectories(_folder.Path));
        second.StandardInput.Close();
        await second.WaitForExitAsync();
        AssertGone(secondProcessId);
    }

    [Fact]
    public async Task A_start_that_is_cancelled_leaves_nothing()
    {
        using var owner = Start("cancelled");
        await owner.WaitForExitAsync();

        Assert.Equal(3, owner.ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path, "dbmigrate-*"));
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<(string Directory, int ProcessId)> ReadyAsync(Process owner)
    {
        var directory = await owner.StandardOutput.ReadLineAsync();
        var processId = await owner.StandardOutput.ReadLineAsync();
        Assert.True(processId is not null, "The owner of the sandbox ended: " + (directory ?? await owner.StandardError.ReadToEndAsync()));
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

    private void AssertGone(int serverProcessId)
    {
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path, "dbmigrate-*"));
        if (OperatingSystem.IsLinux())
        {
            // A process that nobody waits for stays as a zombie, without a command line.
            var commandLine = $"/proc/{serverProcessId.ToString(CultureInfo.InvariantCulture)}/cmdline";
            Assert.True(!File.Exists(commandLine) || File.ReadAllText(commandLine).Length == 0);
        }
    }
}
