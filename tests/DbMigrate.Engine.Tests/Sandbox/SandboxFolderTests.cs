using System.Collections.Concurrent;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Engine.Tests.Sandbox;

public sealed class SandboxFolderTests
{
    /// <summary>Between the making of a lock file and its locking another process's sweep could take it, and the folder along.</summary>
    [SkippableFact]
    public async Task It_gets_its_name_when_it_is_locked()
    {
        Skip.If(OperatingSystem.IsWindows(), "SKIPPED: Windows makes and locks a file in one step.");
        var created = new ConcurrentQueue<string?>();
        var renamed = new ConcurrentQueue<string?>();
        using var watcher = new FileSystemWatcher(Path.GetTempPath(), "dbmigrate-sandbox-*") { NotifyFilter = NotifyFilters.DirectoryName };
        watcher.Created += (_, e) => created.Enqueue(e.FullPath);
        watcher.Renamed += (_, e) => renamed.Enqueue(e.FullPath);
        watcher.EnableRaisingEvents = true;

        using var folder = await SandboxFolder.CreateAsync(account: null, CancellationToken.None);

        Assert.Contains(folder.Path, SandboxFolder.All());
        Assert.True(SandboxFolder.IsOwned(folder.Path));
        await Eventually.IsTrueAsync(() => renamed.Contains(folder.Path));
        Assert.Contains(folder.Path + ".new", created);
        Assert.DoesNotContain(folder.Path, created);
        folder.Dispose();
        Assert.False(SandboxFolder.IsOwned(folder.Path));
        await SandboxFolder.RemoveAsync(folder.Path, CancellationToken.None);
    }

    [Fact]
    public async Task One_that_never_got_its_name_is_swept_after_a_while()
    {
        using var folder = await SandboxFolder.CreateAsync(account: null, CancellationToken.None);
        var (left, young) = (folder.Path[..^2] + "00.new", folder.Path[..^2] + "01.new");
        foreach (var path in new[] { left, young })
        {
            Directory.CreateDirectory(path);
            await File.WriteAllTextAsync(Path.Combine(path, "owner.lock"), "");
        }

        Directory.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddHours(-1));
        await SandboxFolder.SweepAsync(new RecordingObserver(), CancellationToken.None);

        Assert.Equal((false, true, true), (Directory.Exists(left), Directory.Exists(young), Directory.Exists(folder.Path)));
        Directory.Delete(young, recursive: true);
        folder.Dispose();
        await SandboxFolder.RemoveAsync(folder.Path, CancellationToken.None);
    }
}
