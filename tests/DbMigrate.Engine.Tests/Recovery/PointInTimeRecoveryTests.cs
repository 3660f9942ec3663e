using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using DbMigrate.Engine.Recovery;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Recovery;

/// <summary>With a real server, a real archive and real base backups.</summary>
public sealed class PointInTimeRecoveryTests(ArchivingServer server) : IClassFixture<ArchivingServer>
{
    private readonly RecordingObserver _observer = new();

    [SkippableFact]
    public async Task A_moment_before_the_drop_has_the_rows_and_none_of_what_came_later()
    {
        Need();
        var result = await ArchivingServer.RecoverAsync(server.Options with { Time = server.Moment.ToOffset(TimeSpan.FromHours(5)) }, _observer);
        try
        {
            await AssertBeforeTheDropAsync(result);
            Assert.Equal((server.Moment, server.Plain, "available"), (result.RestoredTo, result.Source, result.Status));
            Assert.Equal(("postgres", "postgres"), (result.Target!.User, result.Target.Database));

            // It can be written to, and what it writes goes nowhere near the original's archive.
            var archived = Directory.GetFiles(server.Archive).Order(StringComparer.Ordinal).ToList();
            await result.Target!.RunAsync("INSERT INTO orders VALUES (99, now())", "SELECT pg_switch_wal()", "CHECKPOINT");
            Assert.Equal("off", await result.Target!.ScalarAsync<string>("SHOW archive_mode"));
            Assert.Equal("127.0.0.1", await result.Target!.ScalarAsync<string>("SHOW listen_addresses"));
            Assert.Equal("250", await result.Target!.ScalarAsync<string>("SHOW max_connections"));
            Assert.Equal(0, await result.Target!.ScalarAsync<long>("SELECT count(*) FROM pg_replication_slots"));
            Assert.Equal(archived, Directory.GetFiles(server.Archive).Order(StringComparer.Ordinal).Where(f => !f.EndsWith(".history", StringComparison.Ordinal)));
            Assert.Contains(_observer.ProgressReports, r => r.Status.StartsWith("replaying up to 20", StringComparison.Ordinal));
            Assert.Contains(_observer.Texts(MessageLevel.Verbose), m => m.Contains("recovery stopping before commit", StringComparison.Ordinal));
            Assert.Contains(_observer.Texts(MessageLevel.Verbose), m => m.EndsWith("To stop it: " + result.StopCommand, StringComparison.Ordinal));
        }
        finally
        {
            // As it is told to the user.
            await StopAsToldAsync(result);
        }

        Assert.False(File.Exists(Path.Combine(result.Id, "postmaster.pid")));
        Assert.Equal(3, await server.Target.ScalarAsync<long>("SELECT count(*) FROM later"));
    }

    /// <summary>The log of a recovery lies in the data directory, and so in each base backup of what was recovered.</summary>
    [SkippableFact]
    public async Task The_log_of_an_earlier_recovery_is_not_taken_for_that_of_this_one()
    {
        Need();
        var backup = server.NewFolder();
        CopyFolder(server.Plain, backup);
        await File.WriteAllTextAsync(
            Path.Combine(backup, "recovery.log"), "1999-01-01 00:00:00.000 UTC [1] LOG:  database system is ready to accept connections\n");
        var result = await ArchivingServer.RecoverAsync(server.Options with { BaseBackup = backup, Time = server.Moment }, _observer);
        await server.StopAsync(result);
        Assert.DoesNotContain("1999-01-01", await File.ReadAllTextAsync(Path.Combine(result.Id, "recovery.log")), StringComparison.Ordinal);
    }

    /// <summary>As on a busy machine: the server has written to its log, and nobody sees it yet.</summary>
    [SkippableFact]
    public async Task A_server_that_is_not_seen_at_once_is_not_given_up()
    {
        Need();
        var options = server.Options with { Time = server.Moment };
        using var programs = TemporaryFolder.ForAnyAccount();
        foreach (var name in new[] { "initdb", "postgres" })
        {
            programs.WriteScript(name, $"exec '{PostgresPrograms.PathOf(server.Programs.Directory, name)}' \"$@\"");
        }

        var log = Path.Combine(options.DataDirectory, "recovery.log").Replace("'", "'\\''", StringComparison.Ordinal);
        programs.WriteScript(
            "pg_ctl",
            $"""
            if [ "$1" = status ] && [ ! -e '{log}.seen' ]; then
                i=0; while [ ! -s '{log}' ] && [ $i -lt 600 ]; do i=$((i+1)); sleep 0.05; done
                touch '{log}.seen'
                exit 3
            fi
            exec '{server.Programs.PgCtl}' "$@"
            """);
        var result = await ArchivingServer.RecoverAsync(options with { Folders = [programs.Path] }, _observer);
        await server.StopAsync(result);
        Assert.Equal("available", result.Status);
        Assert.True(File.Exists(Path.Combine(result.Id, "recovery.log.seen")));
    }

    [SkippableFact]
    public async Task What_came_into_the_folder_after_the_plan_is_left_alone()
    {
        Need();
        var options = server.Options;
        var first = await PointInTimeRecovery.PlanAsync(options, _observer, CancellationToken.None);
        var second = await PointInTimeRecovery.PlanAsync(options with { BaseBackup = server.Tar }, _observer, CancellationToken.None);
        var result = await PointInTimeRecovery.RunAsync(first, _observer, CancellationToken.None);
        var entries = Directory.GetFileSystemEntries(result.Id).Order(StringComparer.Ordinal).ToList();
        foreach (var plan in new[] { first, second })
        {
            var error = await Assert.ThrowsAsync<DbMigrateException>(() => PointInTimeRecovery.RunAsync(plan, _observer, CancellationToken.None));
            Assert.Equal(("DataDirectoryNotEmpty", ErrorKind.Exists), (error.Id, error.Kind));
        }

        Assert.Equal(entries, Directory.GetFileSystemEntries(result.Id).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(entries, e => Path.GetFileName(e).StartsWith(".dbmigrate", StringComparison.Ordinal));
        Assert.Equal(3, await result.Target!.ScalarAsync<long>("SELECT count(*) FROM later"));
        await server.StopAsync(result);
    }

    [SkippableFact]
    public async Task A_backup_that_cannot_be_copied_leaves_nothing()
    {
        Need();
        var broken = server.NewFolder();
        Directory.CreateDirectory(broken);
        File.Copy(Path.Combine(server.Tar, "base.tar.gz"), Path.Combine(broken, "base.tar.gz"));
        var plan = await PointInTimeRecovery.PlanAsync(server.Options with { BaseBackup = broken, DataDirectory = server.NewFolder() }, _observer, CancellationToken.None);
        using (var file = File.OpenWrite(Path.Combine(broken, "base.tar.gz")))
        {
            file.SetLength(file.Length / 2);
        }

        var error = await Assert.ThrowsAsync<DbMigrateException>(() => PointInTimeRecovery.RunAsync(plan, _observer, CancellationToken.None));
        Assert.Equal("BaseBackupUnusable", error.Id);
        Assert.False(Directory.Exists(plan.DataDirectory));
    }

    [SkippableFact]
    public async Task The_command_that_stops_it_runs_in_PowerShell_whatever_the_paths_are()
    {
        Need();
        var backup = await BaseBackup.ReadAsync(server.Plain, CancellationToken.None);
        var plan = new RecoveryPlan(
            server.Options with { DataDirectory = "/d'1 \u2019\"$x" }, backup, archive: null, new PostgresPrograms("/bin folder"), port: 1);
        var begin = ServerAccount.Name is { } account ? $"runuser -u {account} -- " : "& ";
        Assert.Equal(begin + "'/bin folder/pg_ctl' stop --mode fast --pgdata '/d''1 \u2019\u2019\"$x'", plan.StopCommand);
        plan = new RecoveryPlan(server.Options with { DataDirectory = "/d" }, backup, archive: null, new PostgresPrograms("/bin"), port: 1);
        Assert.Equal(begin.TrimStart('&', ' ') + "/bin/pg_ctl stop --mode fast --pgdata /d", plan.StopCommand);
    }

    [SkippableFact]
    public async Task A_position_from_a_packed_archive_and_a_tar()
    {
        Need();
        var archive = await server.CopyArchiveAsync();
        foreach (var segment in Directory.GetFiles(archive).Where(f => Path.GetFileName(f).Length == 24))
        {
            await using (var packed = new GZipStream(File.Create(segment + ".gz"), CompressionLevel.Fastest))
            {
                await packed.WriteAsync(await File.ReadAllBytesAsync(segment));
            }

            File.Delete(segment);
        }

        await ServerAccount.GiveAllAsync(archive, ServerAccount.Name, CancellationToken.None);
        var options = server.Options with
        {
            BaseBackup = server.Tar,
            WalArchive = archive,
            Lsn = server.Position,
            SystemId = await server.Target.ScalarAsync<string>("SELECT system_identifier::text FROM pg_control_system()"),
            Database = "shop",
        };

        // A tar does not always tell whose it is; then its archive does.
        await RefuseAsync(options with { SystemId = "1" }, "RestorePointForeign");
        var result = await ArchivingServer.RecoverAsync(options, _observer);
        Assert.Equal(("shop", "postgres"), (result.Target!.Database, result.Target.User));
        await AssertBeforeTheDropAsync(result with { Target = new DbTarget(
            new NpgsqlConnectionStringBuilder(result.Target.ConnectionString) { Database = "postgres" }.ConnectionString) { Host = result.Target.Host, Port = result.Target.Port, Database = "postgres", User = "postgres", Source = "test" } });
        await server.StopAsync(result);
    }

    [SkippableFact]
    public async Task A_named_point_with_a_command_and_the_login_of_the_original()
    {
        Need();
        var command = $"cp '{server.Archive.Replace("'", "'\\''", StringComparison.Ordinal).Replace("%", "%%", StringComparison.Ordinal)}/%f' \"%p\"";
        var login = new DbTarget(new NpgsqlConnectionStringBuilder(server.Target.ConnectionString) { Username = "app", Password = "geheim-4711", Database = "shop" }.ConnectionString)
        { Host = server.Target.Host, Port = server.Target.Port, Database = "shop", User = "app", Source = "test" };
        var port = FreePort();
        var result = await ArchivingServer.RecoverAsync(
            server.Options with { WalArchive = null, RestoreCommand = command, Name = "before the drop", Login = login, Port = port }, _observer);
        Assert.Equal(("127.0.0.1", port, "shop", "app"), (result.Target!.Host, result.Target.Port, result.Target.Database, result.Target.User));
        Assert.Equal("app", await result.Target.ScalarAsync<string>("SELECT current_user::text"));
        Assert.Empty(_observer.Texts(MessageLevel.Warning));
        Assert.True(result.RestoredTo <= server.Moment);

        // Over the network nobody gets in without the password that he had.
        var wrong = new DbTarget(new NpgsqlConnectionStringBuilder(result.Target.ConnectionString) { Password = "x" }.ConnectionString)
        { Host = "127.0.0.1", Port = port, Database = "shop", User = "app", Source = "test" };
        Assert.Equal("AuthenticationFailed", (await Assert.ThrowsAsync<DbMigrateException>(() => DbSession.OpenAsync(wrong, _observer, CancellationToken.None))).Id);
        Assert.DoesNotContain(_observer.Messages, m => m.Text.Contains("geheim-4711", StringComparison.Ordinal));
        await server.StopAsync(result);
    }

    [SkippableFact]
    public async Task The_end_of_the_archive()
    {
        Need();
        var result = await ArchivingServer.RecoverAsync(server.Options, _observer);
        Assert.Equal(3, await result.Target!.ScalarAsync<long>("SELECT count(*) FROM later"));
        Assert.False(await result.Target!.ScalarAsync<bool>("SELECT to_regclass('orders') IS NOT NULL"));
        Assert.InRange(result.RestoredTo!.Value, server.Moment, DateTimeOffset.UtcNow);
        await server.StopAsync(result);
    }

    [SkippableFact]
    public async Task A_pause_lets_one_look_before_it_is_decided()
    {
        Need();

        // Not the time: right before a DROP TABLE commits, its lock keeps readers out of the table.
        var result = await ArchivingServer.RecoverAsync(server.Options with { Name = "before the drop", Pause = true }, _observer);
        Assert.Equal("paused", result.Status);
        Assert.True(await result.Target!.ScalarAsync<bool>("SELECT pg_is_in_recovery()"));
        Assert.Equal(2, await result.Target!.ScalarAsync<long>("SELECT count(*) FROM orders"));
        await result.Target!.RunAsync("SELECT pg_wal_replay_resume()");
        await Activity.Scene.WaitForAsync(() => result.Target!.ScalarAsync<bool>("SELECT pg_is_in_recovery()"), recovers => !recovers);
        Assert.Equal(2, await result.Target!.ScalarAsync<long>("SELECT count(*) FROM orders"));
        await server.StopAsync(result);
    }

    [SkippableFact]
    public async Task What_is_out_of_reach_is_refused_before_anything_is_written()
    {
        Need();
        await RefuseAsync(server.Options with { Time = server.Moment.AddDays(-1) }, "RecoveryTargetTooEarly", "it ended at ");
        await RefuseAsync(server.Options with { Time = DateTimeOffset.UtcNow.AddHours(1) }, "RecoveryTargetTooLate", "its last file, ");
        await RefuseAsync(server.Options with { Lsn = "0/28" }, "RecoveryTargetTooEarly", server.Plain);
        await RefuseAsync(server.Options with { Lsn = "FF/0" }, "RecoveryTargetTooLate", "it ends with 00000001");
    }

    [SkippableFact]
    public async Task A_hole_in_the_archive_is_named()
    {
        Need();
        var archive = await server.CopyArchiveAsync();
        var segments = Directory.GetFiles(archive).Where(f => Path.GetFileName(f).Length == 24).Order(StringComparer.Ordinal).ToList();

        // The last one: then the archive just ends sooner. The moment is behind what the rest has.
        File.Delete(segments[^1]);
        File.Delete(segments[^2]);
        File.SetLastWriteTimeUtc(segments[^3], DateTime.UtcNow);
        var error = await FailAsync(server.Options with { WalArchive = archive, Time = DateTimeOffset.UtcNow.AddSeconds(1) }, "RecoveryTargetTooLate");
        Assert.True(
            error.Message.Contains($"it ends with {Path.GetFileName(segments[^3])}, and the last transaction that could be replayed was at ", StringComparison.Ordinal),
            error.Message);

        // One in the middle.
        archive = await server.CopyArchiveAsync();
        var lost = Path.GetFileName(segments[^3]);
        File.Delete(Path.Combine(archive, lost));
        File.SetLastWriteTimeUtc(Path.Combine(archive, Path.GetFileName(segments[^1])), DateTime.UtcNow);
        error = await FailAsync(server.Options with { WalArchive = archive, Time = DateTimeOffset.UtcNow.AddSeconds(-1) }, "WalSegmentMissing");
        Assert.Contains("lacks " + lost, error.Message, StringComparison.Ordinal);
        Assert.Contains(_observer.Texts(MessageLevel.Warning), m => m.Contains(lost, StringComparison.Ordinal));

        // One that the backup itself needs, which it does not bring along.
        var bare = server.NewFolder();
        CopyFolder(server.Plain, bare);
        var first = WalArchive.Read(archive, null);
        var start = (await BaseBackup.ReadAsync(server.Plain, CancellationToken.None)).Label.StartSegment;
        File.Delete(Path.Combine(bare, "pg_wal", start));
        File.Delete(Path.Combine(archive, start));
        Assert.Equal(16 << 20, first.SegmentSize);
        await RefuseAsync(server.Options with { BaseBackup = bare, WalArchive = archive }, "WalSegmentMissing", start);
    }

    [SkippableFact]
    public async Task A_backup_that_lacks_a_file_or_a_part_of_one_is_refused()
    {
        Need();
        var relation = Directory.GetFiles(Path.Combine(server.Plain, "base"), "*", SearchOption.AllDirectories).First(f => new FileInfo(f).Length > 8192);
        var name = Path.GetRelativePath(server.Plain, relation);
        var bare = server.NewFolder();
        CopyFolder(server.Plain, bare);
        var options = server.Options with { BaseBackup = bare };
        using (var file = File.OpenWrite(Path.Combine(bare, name)))
        {
            file.SetLength(8192);
        }

        await RefuseAsync(options, "BaseBackupUnusable", $"{name} has 8192 bytes, and had ");
        File.Delete(Path.Combine(bare, name));
        await RefuseAsync(options, "BaseBackupUnusable", $"{name} is not there");
        File.Delete(Path.Combine(bare, "backup_manifest"));
        File.Delete(Path.Combine(bare, "global", "pg_control"));
        await RefuseAsync(options, "BaseBackupUnusable", "pg_control is not there");

        // Of a tar that is known when it is unpacked.
        var tar = server.NewFolder();
        CopyFolder(server.Tar, tar);
        var manifest = Path.Combine(tar, "backup_manifest");
        await File.WriteAllTextAsync(manifest, (await File.ReadAllTextAsync(manifest)).Replace("\"PG_VERSION\", \"Size\": 3", "\"PG_VERSION\", \"Size\": 4", StringComparison.Ordinal));
        options = server.Options with { BaseBackup = tar };
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => ArchivingServer.RecoverAsync(options, _observer));
        Assert.Equal(("BaseBackupUnusable", false), (error.Id, Directory.Exists(options.DataDirectory)));
    }

    [SkippableFact]
    public async Task A_replay_that_ends_before_the_archive_does_is_warned_of()
    {
        Need();
        var archive = await server.CopyArchiveAsync();
        var segments = Directory.GetFiles(archive).Where(f => Path.GetFileName(f).Length == 24).Order(StringComparer.Ordinal).ToList();
        var damaged = segments[^3];
        await File.WriteAllBytesAsync(damaged, new byte[16 << 20]);
        await server.StopAsync(await ArchivingServer.RecoverAsync(server.Options with { WalArchive = archive }, _observer));
        Assert.Contains(_observer.Texts(MessageLevel.Warning), m => m.Contains($", although the archive goes on to {Path.GetFileName(segments[^1])}", StringComparison.Ordinal));

        await server.StopAsync(await ArchivingServer.RecoverAsync(server.Options with { WalArchive = null, RestoreCommand = "cp /nowhere/%f %p" }, _observer));
        Assert.Contains(_observer.Texts(MessageLevel.Warning), m => m.StartsWith("restore_command gave no file", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Another_timeline_can_be_named_and_a_message_says_which_it_is()
    {
        Need();
        var archive = await server.CopyArchiveAsync();
        var first = Directory.GetFiles(archive).Where(f => Path.GetFileName(f).Length == 24).Order(StringComparer.Ordinal).First();
        File.Copy(first, Path.Combine(archive, "00000002" + Path.GetFileName(first)[8..]));
        await File.WriteAllTextAsync(Path.Combine(archive, "00000002.history"), "1\t0/28\tstray\n");
        await ServerAccount.GiveAllAsync(archive, ServerAccount.Name, CancellationToken.None);
        var options = server.Options with { WalArchive = archive, Lsn = server.Position };
        await RefuseAsync(options, "RecoveryTargetTooLate", "That is timeline 2; -Setting @{ recovery_target_timeline = '…' }");
        var named = await ArchivingServer.RecoverAsync(options with { Settings = new Dictionary<string, string> { ["recovery_target_timeline"] = "1" } }, _observer);
        await server.StopAsync(named);
        await RefuseAsync(server.Options with { Settings = new Dictionary<string, string> { ["port"] = "1" } }, "InvalidRecoveryOptions", "The port is no setting");
    }

    [SkippableFact]
    public async Task A_cancelled_recovery_and_one_that_takes_too_long_leave_nothing()
    {
        Need();
        // A file that never comes.
        var options = server.Options with { WalArchive = null, RestoreCommand = "sleep 60" };
        using var cancel = new CancellationTokenSource();
        var recovering = ArchivingServer.RecoverAsync(options, _observer, cancel.Token);
        await Activity.Scene.WaitForAsync(() => Task.FromResult(File.Exists(Path.Combine(options.DataDirectory, "postmaster.pid")) && File.ReadLines(Path.Combine(options.DataDirectory, "postmaster.pid")).Any()), isThere => isThere);
        var processId = int.Parse(File.ReadLines(Path.Combine(options.DataDirectory, "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => recovering);
        Assert.False(Directory.Exists(options.DataDirectory));
        await Activity.Scene.WaitForAsync(() => Task.FromResult(ChildProcess.CommandLine(processId).Contains(options.DataDirectory, StringComparison.Ordinal)), runs => !runs);

        options = options with { DataDirectory = server.NewFolder(), Timeout = TimeSpan.FromSeconds(2) };
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => ArchivingServer.RecoverAsync(options, _observer));
        Assert.Equal(("RecoveryTimeout", ErrorKind.Timeout), (error.Id, error.Kind));
        Assert.False(Directory.Exists(options.DataDirectory));
    }

    [SkippableFact]
    public async Task Bad_input_is_refused()
    {
        Need();
        var options = server.Options;
        await RefuseAsync(options with { Time = server.Moment, Lsn = "0/1" }, "InvalidRecoveryOptions");
        await RefuseAsync(options with { RestoreCommand = "cp" }, "InvalidRecoveryOptions");
        await RefuseAsync(options with { WalArchive = null }, "InvalidRecoveryOptions");
        await RefuseAsync(options with { Lsn = "16" }, "InvalidRecoveryOptions");
        await RefuseAsync(options with { Port = 70000 }, "InvalidRecoveryOptions");
        await RefuseAsync(options with { Lsn = server.Position, SystemId = "1" }, "RestorePointForeign", "another server (1) than the base backup");
        await RefuseAsync(options with { DataDirectory = options.DataDirectory + "$(touch pwned)" }, "InvalidRecoveryOptions");
        await RefuseAsync(options with { Settings = new Dictionary<string, string> { ["a = b\nc"] = "x" } }, "InvalidRecoveryOptions");
        if (ServerAccount.Name is not null && !OperatingSystem.IsWindows())
        {
            // As archive_command writes it: the folder can be listed, the files are their owner's.
            using var closed = TemporaryFolder.ForAnyAccount();
            foreach (var file in Directory.GetFiles(server.Archive))
            {
                var copy = Path.Combine(closed.Path, Path.GetFileName(file));
                File.Copy(file, copy);
                File.SetUnixFileMode(copy, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            await RefuseAsync(options with { WalArchive = closed.Path }, "UnreadableFolder", "The archived file");
        }

        await RefuseAsync(options with { BaseBackup = server.Archive }, "BaseBackupNotFound");
        await RefuseAsync(options with { BaseBackup = server.Archive + "x" }, "BaseBackupNotFound");
        await RefuseAsync(options with { WalArchive = server.Tar }, "WalArchiveNotFound");
        await RefuseAsync(options with { WalArchive = server.Tar + "x" }, "WalArchiveNotFound");
        if (EmbeddedPostgres.OfThisUser().Find() is null && Environment.GetEnvironmentVariable(PostgresLocator.Variable) is not { Length: > 0 })
        {
            await RefuseAsync(options with { Folders = [] }, "RecoveryProgramsNotFound");
        }

        Assert.Equal("DataDirectoryNotEmpty", (await Assert.ThrowsAsync<DbMigrateException>(
            () => PointInTimeRecovery.PlanAsync(options with { DataDirectory = server.Plain }, _observer, CancellationToken.None))).Id);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await RefuseAsync(options with { Port = ((IPEndPoint)listener.LocalEndpoint).Port }, "PortInUse");

        var broken = server.NewFolder();
        CopyFolder(server.Plain, broken);
        Directory.CreateDirectory(Path.Combine(broken, "pg_tblspc", "16500"));
        await RefuseAsync(options with { BaseBackup = broken }, "BaseBackupUnusable", "16500");
        Directory.Delete(Path.Combine(broken, "pg_tblspc", "16500"));
        var label = Path.Combine(broken, "backup_label");
        var whole = await File.ReadAllTextAsync(label);
        await File.WriteAllTextAsync(label, whole + "INCREMENTAL FROM LSN: 0/2000028\nINCREMENTAL FROM TLI: 1\n");
        await RefuseAsync(options with { BaseBackup = broken }, "BaseBackupUnusable", "incremental");
        await File.WriteAllTextAsync(label, whole);
        foreach (var manifest in new[] { "{}", "[]", """{ "WAL-Ranges": 1 }""", """{ "WAL-Ranges": [{}] }""", """{ "WAL-Ranges": [{ "End-LSN": null }] }""" })
        {
            await File.WriteAllTextAsync(Path.Combine(broken, "backup_manifest"), manifest);
            await RefuseAsync(options with { BaseBackup = broken }, "BaseBackupUnusable", "WAL-Ranges");
        }

        foreach (var folder in new[] { server.Plain, server.Archive })
        {
            await RefuseAsync(options with { DataDirectory = Path.Combine(folder, "new", "data") }, "InvalidRecoveryOptions", "lies in");
        }

        File.Delete(label);
        await RefuseAsync(options with { BaseBackup = broken }, "BaseBackupUnusable", "backup_label");

        // Another server's archive: the cluster's number stands in each file.
        var foreign = await server.CopyArchiveAsync();
        foreach (var segment in Directory.GetFiles(foreign).Where(f => Path.GetFileName(f).Length == 24))
        {
            using var file = File.OpenWrite(segment);
            file.Position = 24;
            file.WriteByte(0x77);
            file.WriteByte(0x77);
        }

        await RefuseAsync(options with { WalArchive = foreign }, "WalArchiveForeign");
    }

    private async Task StopAsToldAsync(RestoreResult result)
    {
        if (!Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "pwsh"))))
        {
            await server.StopAsync(result);
            return;
        }

        var start = new ProcessStartInfo("pwsh", ["-NoProfile", "-NonInteractive", "-Command", "Invoke-Expression $env:STOP; exit $LASTEXITCODE"]);
        start.Environment["STOP"] = result.StopCommand;
        Assert.Equal(0, (await ChildProcess.RunAsync(start)).ExitCode);
    }

    private static async Task AssertBeforeTheDropAsync(RestoreResult result)
    {
        Assert.False(await result.Target!.ScalarAsync<bool>("SELECT pg_is_in_recovery()"));
        Assert.Equal("1,2", await result.Target!.ScalarAsync<string>("SELECT string_agg(id::text, ',' ORDER BY id) FROM orders"));
        Assert.False(await result.Target!.ScalarAsync<bool>("SELECT to_regclass('later') IS NOT NULL"));
    }

    private async Task RefuseAsync(RecoveryOptions options, string id, string text = "")
    {
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => PointInTimeRecovery.PlanAsync(options, _observer, CancellationToken.None));
        Assert.True(id == error.Id, error.Message);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(options.DataDirectory));
    }

    private async Task<DbMigrateException> FailAsync(RecoveryOptions options, string id)
    {
        options = options with { DataDirectory = server.NewFolder() };
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => ArchivingServer.RecoverAsync(options, _observer));
        Assert.True(id == error.Id, error.Message);
        Assert.False(File.Exists(Path.Combine(options.DataDirectory, "postmaster.pid")));
        Assert.Contains(options.DataDirectory, error.Message, StringComparison.Ordinal);
        return error;
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (var folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories).Prepend(from))
        {
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        }

        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Need() => Skip.IfNot(server.IsThere, "SKIPPED: pg_basebackup is needed.");

    [SkippableFact]
    public async Task Cancel_while_the_login_is_tried_leaves_nothing()
    {
        using var cancel = new CancellationTokenSource();
        var login = new DbTarget(server.Target.ConnectionString)
        { Host = server.Target.Host, Port = server.Target.Port, Database = "postgres", User = "postgres", Source = "test", PasswordSource = new Cancelling(cancel) };
        var options = server.Options with { Login = login };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ArchivingServer.RecoverAsync(options, _observer, cancel.Token));
        Assert.False(Directory.Exists(options.DataDirectory));
    }

    [SkippableFact]
    public async Task A_point_of_another_server_is_refused_of_a_tar_with_a_command()
    {
        var options = server.Options with
        {
            BaseBackup = server.Tar, WalArchive = null, SystemId = "1", Lsn = server.Position,
            RestoreCommand = $"cp '{server.Archive.Replace("'", "'\\''", StringComparison.Ordinal).Replace("%", "%%", StringComparison.Ordinal)}/%f' \"%p\"",
        };
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => ArchivingServer.RecoverAsync(options, _observer));
        Assert.Equal(("RestorePointForeign", false), (error.Id, Directory.Exists(options.DataDirectory)));
    }

    private sealed class Cancelling(CancellationTokenSource cancel) : IPasswordSource
    {
        public string NextStep => "";

        public bool NeedsEncryption => false;

        public IPasswordSource Elsewhere(string host, int port, IEngineObserver observer) => this;

        public async Task<string?> ReadAsync(bool isRefused, CancellationToken cancellationToken)
        {
            await cancel.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            return "x";
        }
    }
}
