using System.Management.Automation;
using DbMigrate.Commands;
using DbMigrate.Engine.Dumps;
using DbMigrate.Testing;

namespace DbMigrate.PowerShell.Tests;

/// <summary>The cmdlets for dumps, with the real engine and the real programs.</summary>
public sealed class SnapshotCommandTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private DbTarget _target = null!;

    public SnapshotCommandTests() => CommandRun.NewSession();

    private string Dumps => Path.Combine(_folder.Path, "dumps");

    public async Task InitializeAsync()
    {
        _target = await SandboxFixture.NewDatabaseAsync();
        await _target.RunAsync("CREATE TABLE orders AS SELECT generate_series(1, 100) AS id", "CREATE TABLE users (id int)");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task A_dump_is_taken_listed_restored_and_removed()
    {
        await NeedProgramsAsync();
        var dump = Dump(new NewDbSnapshotCommand { Target = _target, Reason = "test", KeepFor = TimeSpan.FromDays(7) });
        Assert.InRange(dump.KeepUntil!.Value, DateTimeOffset.UtcNow.AddDays(6.9), DateTimeOffset.UtcNow.AddDays(7));
        Assert.Equal((2, "test"), (dump.Tables, dump.Tags["reason"]));
        var users = Dump(new NewDbSnapshotCommand { Target = _target, Id = "users", Table = ["users"], Format = DumpFormat.Directory, Jobs = 2 });

        Assert.Equal([dump.Id, "users"], Listed(new GetDbSnapshotCommand()));
        Assert.Equal(["users"], Listed(new GetDbSnapshotCommand { Id = ["USE*"], Verify = true }));
        Assert.Equal([dump.Id], Listed(new GetDbSnapshotCommand { NewerThan = TimeSpan.FromHours(1) }));
        Assert.Equal([dump.Id, "users"], Listed(new GetDbSnapshotCommand { Target = _target }));
        Assert.Empty(Listed(new GetDbSnapshotCommand { Target = await SandboxFixture.NewDatabaseAsync() }));
        Assert.Empty(Listed(new GetDbSnapshotCommand { NewerThan = TimeSpan.FromMilliseconds(1) }));

        var name = _target.Database + "_back";
        var restored = Assert.IsType<RestoreResult>(Assert.Single(new RestoreDbSnapshotCommand { InputObject = dump, Database = name, Target = _target }.Run().Output));
        Assert.Equal((name, name, dump.CreatedAt), (restored.Id, restored.Target!.Database, restored.RestoredTo));
        Assert.Same(restored.Target, new TargetTransformationAttribute().Transform(null!, restored));
        Assert.Equal(100, await restored.Target.ScalarAsync<long>("SELECT count(*) FROM orders"));
        Assert.Equal("DbMigrate.RestoreTargetNotEmpty", new RestoreDbSnapshotCommand { Path = users.Path, Target = _target }.Fail().FullyQualifiedErrorId);

        var removing = new RemoveDbSnapshotCommand { InputObject = [dump, users] }.Run();
        Assert.Equal("DbMigrate.SnapshotKept", Assert.Single(removing.Errors).FullyQualifiedErrorId);
        Assert.StartsWith($"Remove the dump of {_target.Database} taken at ", Assert.Single(removing.Questions), StringComparison.Ordinal);
        Assert.Equal([dump.Id], Listed(new GetDbSnapshotCommand()));
        Assert.Empty(new RemoveDbSnapshotCommand { InputObject = [dump], Force = true }.Run().Errors);
        Assert.Empty(Listed(new GetDbSnapshotCommand()));
    }

    [SkippableFact]
    public async Task A_run_requires_a_snapshot_or_takes_one()
    {
        await NeedProgramsAsync();
        using var migrations = new TemporaryMigrations(MigrationFormat.Sqlx).Add(1, "one", ["CREATE TABLE one (id int)"]).Add(2, "two", ["SELECT nosuch"]);
        InvokeMigrationCommand Run() => new() { Path = [migrations.Path], Format = MigrationFormat.Sqlx, Target = _target, SnapshotPath = Dumps };

        var without = Run();
        without.RequireSnapshotWithin = TimeSpan.FromHours(1);
        Assert.Equal("DbMigrate.SnapshotRequired", without.Fail().FullyQualifiedErrorId);
        without = Run();
        without.RequireSnapshotWithin = TimeSpan.FromHours(1);
        without.SnapshotPath = null;
        Assert.Equal("DbMigrate.SnapshotPlaceMissing", without.Fail().FullyQualifiedErrorId);
        Dump(new NewDbSnapshotCommand { Target = _target, Id = "part", Table = ["users"] });
        without = Run();
        without.RequireSnapshotWithin = TimeSpan.FromHours(1);
        Assert.Equal("DbMigrate.SnapshotRequired", without.Fail().FullyQualifiedErrorId);

        var asked = Run();
        (asked.Snapshot, asked.Count) = (true, 1);
        var questions = asked.Run(new RecordingRuntime { WhatIf = true }).Questions;
        Assert.Equal(2, questions.Count);
        Assert.Contains($"Take a snapshot into {Dumps}", questions[0], StringComparison.Ordinal);
        Assert.Contains("Apply migration 1 one", questions[1], StringComparison.Ordinal);
        Assert.Equal(["part"], Listed(new GetDbSnapshotCommand()));

        var taking = Run();
        (taking.Snapshot, taking.Count) = (true, 1);
        var result = Assert.IsType<MigrationResult>(Assert.Single(taking.Run().Output));
        Assert.Equal(Listed(new GetDbSnapshotCommand()).Single(id => id != "part"), result.RestorePoint!.SnapshotId);

        var whole = Path.Combine(Dumps, result.RestorePoint.SnapshotId + ".dump");
        var bytes = await File.ReadAllBytesAsync(whole);
        await File.WriteAllBytesAsync(whole, [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]);
        var damaged = Run();
        damaged.RequireSnapshotWithin = TimeSpan.FromHours(1);
        Assert.Equal("DbMigrate.SnapshotRequired", damaged.Fail().FullyQualifiedErrorId);
        await File.WriteAllBytesAsync(whole, bytes);

        var failing = Run();
        failing.RequireSnapshotWithin = TimeSpan.FromHours(1);
        Assert.Contains("| Restore-DbSnapshot -Database ", failing.Fail().ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Each_folder_of_a_run_gets_its_snapshot_and_without_one_nothing_is_run()
    {
        await NeedProgramsAsync();
        using var first = new TemporaryMigrations(MigrationFormat.Sqlx).Add(1, "one", ["CREATE TABLE one (id int)"]);
        using var second = new TemporaryMigrations(MigrationFormat.Sqlx).Add(1, "one", ["CREATE TABLE one (id int)"]).Add(2, "two", ["CREATE TABLE two (id int)"]);
        var run = new InvokeMigrationCommand { Path = [first.Path, second.Path], Format = MigrationFormat.Sqlx, Target = _target, SnapshotPath = Dumps, Snapshot = true }.Run();
        Assert.Empty(run.Errors);
        Assert.Equal(2, run.Output.Cast<MigrationResult>().Select(r => r.RestorePoint!.SnapshotId).Distinct(StringComparer.Ordinal).Count());

        Skip.IfNot(OperatingSystem.IsLinux(), "SKIPPED: /proc is needed, where not even root can make a folder.");
        using var third = new TemporaryMigrations(MigrationFormat.Sqlx).Add(1, "one", ["CREATE TABLE one (id int)"]).Add(2, "two", ["CREATE TABLE two (id int)"]).Add(3, "three", ["CREATE TABLE three (id int)"]);
        var error = new InvokeMigrationCommand { Path = [third.Path], Format = MigrationFormat.Sqlx, Target = _target, SnapshotPath = "/proc/dumps", Snapshot = true }.Fail();
        Assert.Equal("DbMigrate.UnwritableFolder", error.FullyQualifiedErrorId);
        Assert.EndsWith($"Nothing of {third.Path} was run, because there is no snapshot.", error.Exception.Message, StringComparison.Ordinal);
        Assert.Contains("Invoke-Migration -SnapshotPath", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Null(await _target.ScalarAsync<string>("SELECT to_regclass('three')::text"));
    }

    [SkippableFact]
    public async Task What_if_asks_and_writes_nothing()
    {
        await NeedProgramsAsync();
        var asked = new NewDbSnapshotCommand { Method = "Dump", Target = _target, Path = Dumps, Id = "x" }.Run(new RecordingRuntime { WhatIf = true });
        Assert.Matches(@"^Dump 2 tables of [0-9.]+ [kM]B to .*dumps/x\.dump on ", Assert.Single(asked.Questions).Replace('\\', '/'));
        Assert.Empty(asked.Output);
        Assert.False(Directory.Exists(Dumps));

        var dump = Dump(new NewDbSnapshotCommand { Target = _target });
        asked = new RestoreDbSnapshotCommand { InputObject = dump, Database = "never", Target = _target }.Run(new RecordingRuntime { WhatIf = true });
        Assert.StartsWith($"Create the database and restore 2 tables from {dump.Path} on ", Assert.Single(asked.Questions), StringComparison.Ordinal);
        Assert.Equal(0, await _target.ScalarAsync<long>("SELECT count(*) FROM pg_database WHERE datname = 'never'"));
        Assert.Single(new RemoveDbSnapshotCommand { InputObject = [dump] }.Run(new RecordingRuntime { WhatIf = true }).Questions);
        Assert.Single(Listed(new GetDbSnapshotCommand()));
    }

    [SkippableFact]
    public async Task Out_of_a_folder_go_those_that_are_old_enough_and_may()
    {
        await NeedProgramsAsync();
        Dump(new NewDbSnapshotCommand { Target = _target, Id = "old" });
        Dump(new NewDbSnapshotCommand { Target = _target, Id = "kept", KeepUntil = DateTimeOffset.UtcNow.AddDays(1) });
        Assert.Equal(
            "DbMigrate.KeepUntilOver",
            new NewDbSnapshotCommand { Target = _target, Path = Dumps, Method = "Dump", Id = "over", KeepUntil = DateTimeOffset.UtcNow.AddDays(-1) }.Fail().FullyQualifiedErrorId);
        var foreign = Path.Combine(Dumps, "by-hand.dump");
        File.Copy(Path.Combine(Dumps, "old.dump"), foreign);
        File.SetLastWriteTimeUtc(foreign, DateTime.UtcNow.AddDays(-30));

        Assert.Equal("DbMigrate.SnapshotsNotNamed", new RemoveDbSnapshotCommand { Path = Dumps }.Fail().FullyQualifiedErrorId);
        Assert.Empty(new RemoveDbSnapshotCommand { Path = Dumps, OlderThan = TimeSpan.FromDays(1) }.Run().Errors);
        Assert.Equal(["by-hand", "old", "kept"], Listed(new GetDbSnapshotCommand()));
        Assert.Empty(new RemoveDbSnapshotCommand { Path = Dumps, OlderThan = TimeSpan.FromTicks(1) }.Run().Errors);
        Assert.Equal(["by-hand", "kept"], Listed(new GetDbSnapshotCommand()));

        // One that is named is not passed over.
        Assert.Equal("DbMigrate.SnapshotNotOurs", Assert.Single(new RemoveDbSnapshotCommand { Path = foreign }.Run().Errors).FullyQualifiedErrorId);
        Assert.Empty(new RemoveDbSnapshotCommand { Path = foreign, Force = true }.Run().Errors);
        Assert.Equal(["kept"], Listed(new GetDbSnapshotCommand()));
    }

    [SkippableFact]
    public async Task What_lies_there_decides_and_not_what_is_piped_in()
    {
        await NeedProgramsAsync();
        var kept = Dump(new NewDbSnapshotCommand { Target = _target, Id = "kept", KeepUntil = DateTimeOffset.UtcNow.AddDays(1) });
        var free = Dump(new NewDbSnapshotCommand { Target = _target, Id = "free", Format = DumpFormat.Directory });

        // What PowerShell makes of Select-Object Path, IsOurs, CreatedAt.
        var reduced = kept with { KeepUntil = null };
        foreach (var runtime in new[] { new RecordingRuntime { WhatIf = true }, new RecordingRuntime() })
        {
            var run = new RemoveDbSnapshotCommand { InputObject = [reduced] }.Run(runtime);
            Assert.Equal("DbMigrate.SnapshotKept", Assert.Single(run.Errors).FullyQualifiedErrorId);
            Assert.Empty(run.Questions);
        }

        Assert.Empty(new RemoveDbSnapshotCommand { InputObject = [free with { IsOurs = false }] }.Run().Errors);
        Assert.Equal(["kept"], Listed(new GetDbSnapshotCommand()));
        Dump(new NewDbSnapshotCommand { Target = _target, Id = "free", Format = DumpFormat.Directory });
        Assert.Empty(new RemoveDbSnapshotCommand { Path = free.Path + System.IO.Path.DirectorySeparatorChar }.Run().Errors);
        Assert.Equal(["kept"], Listed(new GetDbSnapshotCommand()));

        var report = Path.Combine(_folder.Path, "report.txt");
        await File.WriteAllTextAsync(report, "precious");
        Assert.Equal("DbMigrate.DumpNotFound", new RemoveDbSnapshotCommand { Path = report, Force = true }.Fail().FullyQualifiedErrorId);
        Assert.Equal("DbMigrate.DumpNotFound", new RemoveDbSnapshotCommand { Path = report, Force = true, OlderThan = TimeSpan.FromTicks(1) }.Fail().FullyQualifiedErrorId);
        Assert.True(File.Exists(report));
    }

    [Fact]
    public void A_recovery_needs_a_moment_and_only_one()
    {
        Assert.Equal("DbMigrate.InvalidRecoveryOptions", Recovery().Fail().FullyQualifiedErrorId);
        var two = Recovery();
        two.Lsn = "0/1";
        two.RestoreTime = DateTimeOffset.UtcNow;
        Assert.Equal("DbMigrate.InvalidRecoveryOptions", two.Fail().FullyQualifiedErrorId);
        var latest = Recovery();
        latest.Latest = true;
        latest.Lsn = "0/1";
        Assert.Equal("DbMigrate.InvalidRecoveryOptions", latest.Fail().FullyQualifiedErrorId);
        latest = Recovery();
        latest.Latest = true;
        Assert.Equal("DbMigrate.BaseBackupNotFound", latest.Fail().FullyQualifiedErrorId);
        var before = Recovery();
        before.Before = new RestorePoint { At = DateTimeOffset.UtcNow, Lsn = "nonsense" };
        Assert.Contains("nonsense", before.Fail().Exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("7d", 168)]
    [InlineData("1.5h", 1.5)]
    [InlineData("30 min", 0.5)]
    [InlineData("7.00:00:00", 168)]
    [InlineData("01:00:00", 1)]
    public void An_age_has_a_unit(string text, double hours) => Assert.Equal(TimeSpan.FromHours(hours), new AgeTransformationAttribute().Transform(null!, text));

    /// <summary>What PowerShell makes of a bare <c>7d</c>.</summary>
    [Fact]
    public void A_decimal_is_days() => Assert.Equal(TimeSpan.FromDays(7), new AgeTransformationAttribute().Transform(null!, 7m));

    [Theory]
    [InlineData("7")]
    [InlineData(7)]
    [InlineData("0d")]
    [InlineData("-1d")]
    [InlineData("99999d")]
    [InlineData("")]
    [InlineData("a while")]
    public void What_is_no_age_is_refused(object input) =>
        Assert.Throws<ArgumentTransformationMetadataException>(() => new AgeTransformationAttribute().Transform(null!, input));

    private static async Task NeedProgramsAsync()
    {
        var server = await SandboxFixture.ServerAsync();
        try
        {
            await DatabaseDump.PlanAsync(server.Target, new DumpOptions { Folder = Path.GetTempPath() }, new RecordingObserver(), CancellationToken.None);
        }
        catch (DbMigrateException e) when (e.Kind == ErrorKind.NotInstalled)
        {
            throw new SkipException($"SKIPPED: {e.Message}");
        }
    }

    private DbSnapshot Dump(NewDbSnapshotCommand cmdlet)
    {
        cmdlet.Method = "Dump";
        cmdlet.Path = Dumps;
        return Assert.IsType<DbSnapshot>(Assert.Single(cmdlet.Run().Output));
    }

    private IEnumerable<string> Listed(GetDbSnapshotCommand cmdlet)
    {
        cmdlet.Path = Dumps;
        return [.. cmdlet.Run().Output.Cast<DbSnapshot>().Select(d => d.Id)];
    }

    private RestoreDbPointInTimeCommand Recovery() =>
        new() { BaseBackup = _folder.Path, WalArchive = _folder.Path, DataDirectory = Path.Combine(_folder.Path, "data") };
}
