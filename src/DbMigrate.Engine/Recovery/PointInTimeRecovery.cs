using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Recovery;

/// <summary>
/// Brings a server that we manage ourselves back to a moment: a base backup and its archived write-ahead log, into a new data directory, with the
/// installed programs (PostgreSQL manual, 26.3.5). The new server listens on 127.0.0.1 only, and never touches the one that it is a copy of.
/// </summary>
public static class PointInTimeRecovery
{
    private const string Superuser = "postgres";

    private const string ClaimName = ".dbmigrate-recovery";

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Looks whether it can be done, as far as backup and archive tell. Writes nothing.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="observer">Warned of what may not do.</param>
    /// <param name="cancellationToken">Stops looking.</param>
    /// <exception cref="DbMigrateException">
    /// <c>InvalidRecoveryOptions</c>, <c>BaseBackupNotFound</c>, <c>BaseBackupUnusable</c>, <c>WalArchiveNotFound</c>, <c>WalArchiveForeign</c>, <c>UnreadableFolder</c>,
    /// <c>RestorePointForeign</c>, <c>RecoveryProgramsNotFound</c>, <c>DataDirectoryNotEmpty</c>, <c>PortInUse</c>, <c>RecoveryTargetTooEarly</c>, <c>RecoveryTargetTooLate</c>, <c>WalSegmentMissing</c>.
    /// </exception>
    public static async Task<RecoveryPlan> PlanAsync(RecoveryOptions options, IEngineObserver observer, CancellationToken cancellationToken)
    {
        options = options with { DataDirectory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.DataDirectory)) };
        RecoveryChecks.CheckOptions(options);
        RecoveryChecks.CheckDirectory(options.DataDirectory);
        var backup = await BaseBackup.ReadAsync(Path.GetFullPath(options.BaseBackup), cancellationToken);
        var programs = await FindProgramsAsync(backup, options, cancellationToken);
        var archive = options.WalArchive is { } folder ? WalArchive.Read(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)), RecoverySettings.Timeline(options, backup)) : null;
        RecoveryChecks.CheckPlace(options.DataDirectory, backup.Folder, "the base backup");
        if (archive is not null)
        {
            RecoveryChecks.CheckPlace(options.DataDirectory, archive.Folder, "the archive");
        }

        var plan = new RecoveryPlan(options, backup, archive, programs, Port(options.Port));
        RecoveryChecks.CheckOrigin(plan, backup.SystemId ?? archive?.SystemId);
        RecoveryChecks.CheckReach(plan);
        if (archive is not null)
        {
            await RecoveryChecks.CheckArchiveAsync(plan, archive, observer, cancellationToken);
        }

        return plan;
    }

    /// <summary>Copies the backup, replays the log, and waits until the new server is what was asked for.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="observer">Told of the progress, and how to stop the new server.</param>
    /// <param name="cancellationToken">Stops the new server and removes what was written.</param>
    /// <exception cref="DbMigrateException">
    /// <c>RecoveryTargetTooEarly</c>, <c>RecoveryTargetTooLate</c>, <c>WalSegmentMissing</c>, <c>RecoveryFailed</c>: the data directory is left for whoever wants to look, and
    /// the server does not run. <c>RecoveryTimeout</c>, <c>BaseBackupUnusable</c>, <c>UnreadableFolder</c>: nothing is left. <c>DataDirectoryNotEmpty</c>,
    /// <c>UnwritableFolder</c>: nothing was touched.
    /// </exception>
    public static async Task<RestoreResult> RunAsync(RecoveryPlan plan, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var isNew = !Directory.Exists(plan.DataDirectory);
        var target = TargetOf(plan);
        using var end = new ProcessEnd(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(end.Token);
        limit.CancelAfter(plan.Options.Timeout ?? Timeout.InfiniteTimeSpan);
        var log = new RecoveryLog(plan.Log);
        try
        {
            await FillAsync(plan, isNew, observer, limit.Token);
            await StartAsync(plan, log, observer, limit.Token);
            await CheckLoginAsync(plan, target, observer, end.Token);
        }
        catch (OperationCanceledException)
        {
            Remove(plan.DataDirectory, isNew, observer);
            end.Token.ThrowIfCancellationRequested();
            throw new DbMigrateException(
                "RecoveryTimeout",
                ErrorKind.Timeout,
                $"The recovery in {plan.DataDirectory} was not done after {Ages.Text(plan.Options.Timeout!.Value)}; it was at {Where(log)}. It was stopped, and its files are removed.",
                "Give it more time: -Timeout.") { Subject = plan.DataDirectory };
        }

        observer.Message(MessageLevel.Verbose, $"The server in {plan.DataDirectory} listens on 127.0.0.1:{plan.Port}. To stop it: {plan.StopCommand}");
        return new RestoreResult
        {
            Id = plan.DataDirectory,
            Source = plan.Backup.Folder,
            Status = plan.Options.Pause ? "paused" : "available",
            RestoredTo = plan.Options.Time?.ToUniversalTime() ?? log.LastCommit,
            Duration = clock.Elapsed,
            Target = target,
            StopCommand = plan.StopCommand,
        };
    }

    private static async Task<PostgresPrograms> FindProgramsAsync(BaseBackup backup, RecoveryOptions options, CancellationToken cancellationToken)
    {
        var named = Environment.GetEnvironmentVariable(PostgresLocator.Variable) is { Length: > 0 } variable ? variable : null;
        var folders = options.Folders ?? (named is null ? PostgresLocator.UsualFolders() : [named]);
        var candidates = folders.Distinct(StringComparer.Ordinal).Select(PostgresPrograms.In).Append(named is null ? EmbeddedPostgres.OfThisUser().Find() : null);
        var others = new List<string>();
        foreach (var programs in candidates.OfType<PostgresPrograms>().DistinctBy(p => p.Directory))
        {
            var version = await programs.ReadVersionAsync(cancellationToken);
            if (version.Major == backup.Major)
            {
                return programs;
            }

            others.Add($"{version} in {programs.Directory}");
        }

        var found = others.Count > 0 ? $"; there are {string.Join(", ", others)}" : "";
        throw new DbMigrateException(
            "RecoveryProgramsNotFound",
            ErrorKind.NotInstalled,
            $"The base backup is of PostgreSQL {backup.Major}, and no server of that version is installed here{found}.",
            string.Create(CultureInfo.InvariantCulture, $"Install PostgreSQL {backup.Major}, or name its bin folder in {PostgresLocator.Variable}.")) { Subject = backup.Folder };
    }

    private static int Port(int? wanted)
    {
        try
        {
            return LoopbackPort.Find(wanted);
        }
        catch (SocketException e)
        {
            throw new DbMigrateException(
                "PortInUse",
                ErrorKind.Exists,
                string.Create(CultureInfo.InvariantCulture, $"Port {wanted} of 127.0.0.1 cannot be had: {e.Message}"),
                "Give another -Port, or none, for one that is free.",
                e) { Subject = wanted };
        }
    }

    private static async Task FillAsync(RecoveryPlan plan, bool isNew, IEngineObserver observer, CancellationToken cancellationToken)
    {
        // What is there when the claim fails belongs to somebody else. From here on all that is in the folder is ours.
        using var claim = Claim(plan.DataDirectory);
        try
        {
            await CopyAsync(plan, observer, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            claim.Dispose();
            Remove(plan.DataDirectory, isNew, observer);
            throw new DbMigrateException(
                "BaseBackupUnusable",
                ErrorKind.InvalidData,
                $"The base backup {plan.Backup.Folder} could not be copied to {plan.DataDirectory}: {e.Message}",
                "Check that it is whole, and that the disk has room. Nothing is left behind.",
                e) { Subject = plan.Backup.Folder };
        }
        catch (DbMigrateException)
        {
            claim.Dispose();
            Remove(plan.DataDirectory, isNew, observer);
            throw;
        }
    }

    /// <summary>Makes the folder, and a file in it that only one run can make; it goes when it is closed.</summary>
    private static FileStream Claim(string data)
    {
        // Time has passed since it was planned: somebody may have asked a person in between.
        RecoveryChecks.CheckDirectory(data);
        try
        {
            const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(data);
            }
            else
            {
                Directory.CreateDirectory(data, Private);
            }

            var path = Path.Combine(data, ClaimName);
            FileStream claim;
            try
            {
                claim = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException) when (File.Exists(path))
            {
                throw RecoveryFailure.NotEmpty(data);
            }

            if (Directory.EnumerateFileSystemEntries(data).Any(entry => Path.GetFileName(entry) != ClaimName))
            {
                claim.Dispose();
                throw RecoveryFailure.NotEmpty(data);
            }

            try
            {
                if (!OperatingSystem.IsWindows())
                {
                    // The server refuses a folder that others can look into.
                    File.SetUnixFileMode(data, Private);
                }
            }
            catch
            {
                claim.Dispose();
                throw;
            }

            return claim;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DbMigrateException(
                "UnwritableFolder", ErrorKind.Permission, $"{data} cannot be made: {e.Message}", "Name another folder with -DataDirectory.", e) { Subject = data };
        }
    }

    private static async Task CopyAsync(RecoveryPlan plan, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var data = plan.DataDirectory;
        await ServerAccount.GiveAsync(data, ServerAccount.Name, cancellationToken);
        await RecoveryChecks.CheckAccessAsync(data, "The new data directory", cancellationToken);
        var done = 0L;
        var size = plan.Backup.Size;
        await plan.Backup.CopyAsync(
            data,
            new Dumps.SynchronousProgress(count =>
            {
                done += count;
                observer.Progress(Activity(plan), $"copying the base backup, {ByteSize.Text(done)} of {ByteSize.Text(size)}", (int)Math.Min(99, 100 * done / Math.Max(1, size)));
            }),
            cancellationToken);

        // An archive of tar told nothing before it was unpacked.
        RecoveryChecks.CheckOrigin(plan, BaseBackup.ReadControl(data));
        await RecoverySettings.WriteAsync(plan, cancellationToken);
        await ServerAccount.GiveAllAsync(data, ServerAccount.Name, cancellationToken);
    }

    private static async Task StartAsync(RecoveryPlan plan, RecoveryLog log, IEngineObserver observer, CancellationToken cancellationToken)
    {
        observer.Message(MessageLevel.Verbose, $"Recovering {plan.Goal} with {plan.Programs.Postgres}; the log is {plan.Log}.");

        // pg_ctl only starts it: where nobody may look during the replay, its own waiting ends too soon. It is not cancelled: the server would be killed with it.
        string[] arguments = ["start", "--silent", "--no-wait", "--pgdata", plan.DataDirectory, "--log", plan.Log];
        var (exitCode, output) = await ChildProgram.RunAsync(plan.Programs.PgCtl, arguments, plan.DataDirectory, ServerAccount.Name, CancellationToken.None);
        if (exitCode != 0)
        {
            throw RecoveryFailure.NotStarted(plan, $"{plan.Programs.PgCtl} ended with {exitCode.ToString(CultureInfo.InvariantCulture)}: {output.Trim()}");
        }

        try
        {
            while (!log.IsReady && !log.IsPaused && await IsRunningAsync(plan))
            {
                Tell(plan, log, observer);
                await Task.Delay(s_interval, cancellationToken);
            }

            log.Read();
        }
        catch (OperationCanceledException)
        {
            await StopAsync(plan);
            throw;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await StopAsync(plan);
            throw RecoveryFailure.NotFollowed(plan, e);
        }

        var hasTarget = plan.Options is not { Time: null, Lsn: null, Name: null };

        // PostgreSQL 12 takes connections at the end of the archive although it has not come to what was asked for.
        if ((!log.IsReady && !log.IsPaused) || (hasTarget && log.Stop is null))
        {
            await StopAsync(plan);
            throw RecoveryFailure.Explain(plan, log);
        }

        observer.Message(MessageLevel.Verbose, log.Stop ?? "The end of the archive was reached.");
        if (!hasTarget && RecoveryFailure.Short(plan, log) is { } early)
        {
            observer.Message(MessageLevel.Warning, early);
        }
    }

    private static void Tell(RecoveryPlan plan, RecoveryLog log, IEngineObserver observer)
    {
        log.Read();
        var percent = -1;
        if (plan.Archive is { } archive && WalSegment.Parse(plan.Backup.Label.StartSegment, archive.SegmentSize) is { } first
            && WalSegment.Parse(log.Segment ?? "", archive.SegmentSize) is { } now && archive.Newest.Number > first.Number)
        {
            percent = (int)Math.Min(99, 100 * (now.Number - Math.Min(now.Number, first.Number)) / (archive.Newest.Number - first.Number));
        }

        observer.Progress(Activity(plan), $"replaying {plan.Goal}, at {Where(log)}", percent);
    }

    private static string Where(RecoveryLog log) => log.Position ?? log.Segment ?? "the beginning";

    private static string Activity(RecoveryPlan plan) => $"Recovering {plan.Backup.Folder} into {plan.DataDirectory}";

    /// <summary>
    /// Whether the server runs, or is about to: its lock file comes a moment after it was started, and it may have written to its log by then. One that wrote and
    /// cannot be seen three times in a row has ended.
    /// </summary>
    private static async Task<bool> IsRunningAsync(RecoveryPlan plan)
    {
        string[] arguments = ["status", "--pgdata", plan.DataDirectory];
        for (int looks = 0, looksAfterLog = 0; looks < 25 && looksAfterLog < 3; looks++)
        {
            if (looks > 0)
            {
                await Task.Delay(s_interval, CancellationToken.None);
            }

            if ((await ChildProgram.RunAsync(plan.Programs.PgCtl, arguments, plan.DataDirectory, ServerAccount.Name, CancellationToken.None)).ExitCode == 0)
            {
                return true;
            }

            looksAfterLog += File.Exists(plan.Log) && new FileInfo(plan.Log).Length > 0 ? 1 : 0;
        }

        return false;
    }

    /// <summary>Ends the server at once, if it runs.</summary>
    /// <exception cref="DbMigrateException"><c>RecoveryFailed</c>: it still runs, so that nothing in its folder may be touched.</exception>
    private static async Task StopAsync(RecoveryPlan plan)
    {
        if (await IsRunningAsync(plan))
        {
            string[] arguments = ["stop", "--silent", "--mode", "immediate", "--timeout", "20", "--pgdata", plan.DataDirectory];
            var (exitCode, output) = await ChildProgram.RunAsync(plan.Programs.PgCtl, arguments, plan.DataDirectory, ServerAccount.Name, CancellationToken.None);
            if (exitCode != 0 && await IsRunningAsync(plan))
            {
                throw RecoveryFailure.NotStopped(plan, output.Trim());
            }
        }
    }

    private static void Remove(string data, bool isNew, IEngineObserver observer)
    {
        try
        {
            if (Directory.Exists(data))
            {
                foreach (var entry in new DirectoryInfo(data).EnumerateFileSystemInfos())
                {
                    if (entry is DirectoryInfo folder)
                    {
                        folder.Delete(recursive: true);
                    }
                    else
                    {
                        entry.Delete();
                    }
                }

                if (isNew)
                {
                    Directory.Delete(data);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            observer.Message(MessageLevel.Warning, $"{data} could not be removed: {e.Message}");
        }
    }

    private static DbTarget TargetOf(RecoveryPlan plan)
    {
        var settings = ConnectionSettings.Create();
        var login = plan.Options.Login is { } given ? new NpgsqlConnectionStringBuilder(given.ConnectionString) : null;
        settings.Host = login is null && RecoverySettings.SocketFolder(plan.DataDirectory) is { } socket ? socket : "127.0.0.1";
        settings.Port = plan.Port;
        settings.Username = login?.Username ?? Superuser;
        settings.Password = login?.Password;
        settings.Database = login?.Database ?? plan.Options.Database ?? Superuser;
        settings.SslMode = SslMode.Disable;
        return new DbTarget(settings.ConnectionString)
        {
            Host = settings.Host,
            Port = plan.Port,
            Database = settings.Database,
            User = settings.Username,
            Schema = plan.Options.Login?.Schema,
            Source = "recovery",
            ToolOptions = plan.Options.Login?.ToolOptions ?? new Dictionary<string, string>(),

            // A token is for RDS to check, and nothing is encrypted here.
            PasswordSource = plan.Options.Login?.PasswordSource is { NeedsEncryption: false } source ? source : null,
        };
    }

    // The server is what was asked for, whoever may log in.
    private static async Task CheckLoginAsync(RecoveryPlan plan, DbTarget target, IEngineObserver observer, CancellationToken cancellationToken)
    {
        try
        {
            await using var session = await DbSession.OpenAsync(target, observer, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await StopAsync(plan);
            throw;
        }
        catch (DbMigrateException e)
        {
            observer.Message(MessageLevel.Warning, $"The recovered server runs, but {target} does not let this login in: {e.Message} {e.NextStep}");
        }
    }
}
