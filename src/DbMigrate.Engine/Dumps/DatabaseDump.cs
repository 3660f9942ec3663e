using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Dumps;

/// <summary>Takes dumps with the real <c>pg_dump</c> (PostgreSQL manual, 25.1 SQL Dump), which appear under their names only when they are whole.</summary>
public static partial class DatabaseDump
{
    /// <summary>A disk with less room than this part of the database will not do: compression by more is not to be had.</summary>
    private const int BestCompression = 100;

    /// <summary>So many dumps of one database do not begin within a second.</summary>
    private const int MaxNames = 1000;

    /// <summary>Looks whether it can be done. Writes nothing.</summary>
    /// <param name="target">The database.</param>
    /// <param name="options">What to dump.</param>
    /// <param name="observer">Told what is going on, and warned when the disk may not do.</param>
    /// <param name="cancellationToken">Cancels on the server.</param>
    /// <exception cref="DbMigrateException">
    /// <c>InvalidDumpId</c>, <c>InvalidDumpJobs</c>, <c>DumpExists</c>, <c>NotAFolder</c>, <c>DumpProgramNotFound</c>, <c>DumpProgramTooOld</c>, <c>DumpAddress</c>,
    /// <c>DumpDiskFull</c>, <c>TableNotFound</c>, <c>SchemaNotFound</c>; what <see cref="DbSession.OpenAsync"/> throws.
    /// </exception>
    public static async Task<DumpPlan> PlanAsync(DbTarget target, DumpOptions options, IEngineObserver observer, CancellationToken cancellationToken)
    {
        if (options.Jobs > 1 && options.Format != DumpFormat.Directory)
        {
            throw new DbMigrateException(
                "InvalidDumpJobs",
                ErrorKind.InvalidArgument,
                "Several sessions cannot write one file.",
                "Add -Format Directory, or leave -Jobs out.") { Subject = options.Jobs };
        }

        var id = options.Id ?? NewId(target.Database, DateTimeOffset.UtcNow);
        if (!IsId(id))
        {
            throw new DbMigrateException(
                "InvalidDumpId",
                ErrorKind.InvalidArgument,
                $"'{id}' cannot be the name of a dump.",
                "Use letters, digits, '-', '_' and '.', a letter or a digit first, 150 at most.") { Subject = id };
        }

        if (Names(options, id).FirstOrDefault(name => !IsTaken(DumpPath.Of(options, name))) is not { } free)
        {
            throw DumpFailure.Exists(DumpPath.Of(options, id));
        }

        if (File.Exists(options.Folder))
        {
            throw new DbMigrateException(
                "NotAFolder", ErrorKind.InvalidArgument, $"{options.Folder} is a file.", "Name the folder that the dump is to lie in.") { Subject = options.Folder };
        }

        await using var session = await DbSession.OpenAsync(target, observer, cancellationToken);
        var programs = await (options.Locator ?? ClientProgramLocator.Usual())
            .FindAsync(session.ServerVersion.Major, $"The server {target.Address}", cancellationToken);
        LibpqSettings.Check(target, programs);
        var (tables, size) = await ServerFailure.GuardAsync(async () =>
        {
            await using var command = new NpgsqlCommand(
                "SELECT CASE WHEN has_database_privilege(current_database(), 'CONNECT') THEN pg_database_size(current_database()) END", session.Connection);
            var size = await command.ExecuteScalarAsync(cancellationToken) as long?;
            return (await DumpTable.SelectAsync(session, options, cancellationToken), size);
        });
        var plan = new DumpPlan(target, options, programs, free, DumpPath.Of(options, free)) { Tables = tables.Count, DatabaseSize = size, FreeSpace = FreeSpace(options.Folder) };
        CheckRoom(plan, observer);
        return plan;
    }

    /// <summary>Takes the dump, checks it, and gives it its name.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="observer">Told of the progress.</param>
    /// <param name="cancellationToken">Ends <c>pg_dump</c> and its sessions on the server; nothing is left behind.</param>
    /// <exception cref="DbMigrateException">
    /// <c>DumpFailed</c>, <c>DumpDiskFull</c>, <c>DumpIncomplete</c>, <c>DumpExists</c>, <c>DumpBusy</c>, <c>UnwritableFolder</c>, <c>LockTimeout</c>, <c>SqlPermission</c>,
    /// <c>ConnectionLost</c>; what <see cref="PlanAsync"/> throws of the server.
    /// </exception>
    public static async Task<DbSnapshot> RunAsync(DumpPlan plan, IEngineObserver observer, CancellationToken cancellationToken)
    {
        using var end = new ProcessEnd(cancellationToken);
        cancellationToken = end.Token;
        var application = $"DbMigrate dump {RandomNumberGenerator.GetHexString(10, lowercase: true)}";
        using var partial = Claim(ref plan);
        foreach (var old in PartialDump.Sweep(plan.Options.Folder))
        {
            observer.Message(MessageLevel.Verbose, $"Removed {old}, which a run that was killed left behind.");
        }

        try
        {
            var facts = await DumpAsync(plan, partial, application, hasSnapshot: true, observer, cancellationToken)
                ?? await DumpAsync(plan, partial, application, hasSnapshot: false, observer, cancellationToken);
            await partial.CompleteAsync(facts!, plan.Path, cancellationToken);
            observer.Message(MessageLevel.Verbose, $"{plan.Path} is whole: {facts!.Tables} tables, {ByteSize.Text(facts.Size)}, SHA-256 {facts.Sha256}.");
            return facts.ToSnapshot(plan.Path, DumpFolder.Available, facts.Size);
        }
        catch (OperationCanceledException)
        {
            await ChildSessions.EndAsync(plan.Target, application, observer);
            throw;
        }
    }

    /// <summary>Whether a dump of ours can be called so.</summary>
    internal static bool IsId(string id) => Name().IsMatch(id);

    /// <summary>The name, or where nobody gave one those that do as well: several dumps of a database may begin within one second.</summary>
    private static IEnumerable<string> Names(DumpOptions options, string id) =>
        options.Id is not null ? [id] : Enumerable.Range(1, MaxNames).Select(n => n == 1 ? id : string.Create(CultureInfo.InvariantCulture, $"{id}-{n}"));

    private static bool IsTaken(string path) => File.Exists(path) || Directory.Exists(path);

    /// <summary>Takes a name that nobody has, nor can have before the dump has it.</summary>
    private static PartialDump Claim(ref DumpPlan plan)
    {
        foreach (var name in Names(plan.Options, plan.Id))
        {
            var named = plan.Named(name);
            if (PartialDump.TryCreate(named.Path) is { } partial)
            {
                if (!IsTaken(named.Path))
                {
                    plan = named;
                    return partial;
                }

                partial.Dispose();
            }
        }

        throw IsTaken(plan.Path) ? DumpFailure.Exists(plan.Path) : DumpFailure.Busy(plan.Path);
    }

    /// <summary>Dumps; null when the server does not know the snapshot that this session of ours has just made.</summary>
    private static async Task<DumpFacts?> DumpAsync(
        DumpPlan plan, PartialDump partial, string application, bool hasSnapshot, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var options = plan.Options;
        await using var session = await DbSession.OpenAsync(plan.Target, observer, cancellationToken);
        var moment = await ServerFailure.GuardAsync(() => DumpMoment.BeginAsync(session, hasSnapshot, observer, cancellationToken));
        var tables = await ServerFailure.GuardAsync(() => DumpTable.SelectAsync(session, options, cancellationToken));
        var environment = await LibpqSettings.ReadAsync(plan.Target, application, plan.Programs, cancellationToken);
        if (moment.Snapshot is not null && plan.Target.Host.Contains(',', StringComparison.Ordinal))
        {
            // Of several hosts the one that has the snapshot.
            environment.Remove("PGTARGETSESSIONATTRS");
            (environment["PGHOST"], environment["PGPORT"]) = (session.Connection.Host!, session.Connection.Port.ToString(CultureInfo.InvariantCulture));
        }

        observer.Message(MessageLevel.Verbose, $"Dumping {plan.Target} with {plan.Programs.PgDump} {plan.Programs.Version}.");
        var progress = new DumpProgress(observer, $"Dumping {plan.Target}", partial.Dump, application, tables, options.Jobs);
        var errors = new OutputTail();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var showing = progress.ShowAsync(session, ended.Token);
        int exitCode;
        try
        {
            exitCode = await ChildProgram.StreamAsync(
                plan.Programs.PgDump,
                Arguments(plan, partial.Dump, moment.Snapshot, tables),
                environment,
                static _ => { },
                line =>
                {
                    progress.Take(line);
                    errors.Add(line);
                },
                cancellationToken);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw DumpFailure.Explain(plan.Target, plan.Path, options, exitCode: 1, e.Message);
        }
        finally
        {
            await ended.CancelAsync();
            await showing;
        }

        if (exitCode != 0)
        {
            return hasSnapshot && moment.Snapshot is not null && DumpFailure.IsOtherServer(errors.Text)
                ? null
                : throw DumpFailure.Explain(plan.Target, plan.Path, options, exitCode, errors.Text);
        }

        return await VerifyAsync(plan, partial.Dump, moment, tables, observer, cancellationToken);
    }

    private static async Task<DumpFacts> VerifyAsync(
        DumpPlan plan, string dump, DumpMoment moment, IReadOnlyList<DumpTable> tables, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var size = File.Exists(dump) || Directory.Exists(dump) ? DumpContent.Size(dump) : 0;
        var (content, error) = size == 0 ? (null, "it is empty") : await DumpContent.ReadAsync(plan.Programs, dump, cancellationToken);
        if (content is null || (moment.Snapshot is not null && content.Tables < tables.Count))
        {
            throw new DbMigrateException(
                "DumpIncomplete",
                ErrorKind.InvalidData,
                $"pg_dump of {plan.Target} ended well, but what it wrote is not whole: " +
                (content is null ? error : string.Create(CultureInfo.InvariantCulture, $"it holds {content.Tables} of {tables.Count} tables.")),
                "Run again. Nothing is left behind. If it happens again, look at the disk.") { Subject = plan.Path };
        }

        var done = 0L;
        var reading = new SynchronousProgress(count =>
        {
            done += count;
            observer.Progress($"Dumping {plan.Target}", $"checksum of {ByteSize.Text(size)}", (int)Math.Min(100, 100 * done / size));
        });
        var options = plan.Options;
        return new DumpFacts
        {
            MadeBy = DumpFacts.Maker,
            Id = plan.Id,
            Database = moment.Database,
            Server = plan.Target.Address,
            SystemId = moment.SystemId,
            DatabaseOid = moment.DatabaseOid,
            ServerVersion = moment.ServerVersion,
            ProgramVersion = plan.Programs.Version.ToString(),
            CreatedAt = moment.At,
            Lsn = moment.Lsn,
            Format = options.Format,
            Tables = content.Tables,
            Size = size,
            Sha256 = await DumpContent.ChecksumAsync(dump, reading, cancellationToken),
            Encoding = moment.Encoding,
            Collate = moment.Collate,
            Ctype = moment.Ctype,
            LocaleProvider = moment.LocaleProvider,
            Locale = moment.Locale,
            IcuRules = moment.IcuRules,
            TakenBy = $"{Environment.UserName}@{Environment.MachineName}",
            Reason = options.Reason,
            RunId = options.RunId,
            KeepUntil = options.KeepUntil?.ToUniversalTime(),
            OnlyTables = options.Tables.Count > 0 ? options.Tables : null,
            SchemasOfTables = options.Tables.Count > 0 ? [.. tables.Select(t => t.Schema).Distinct(StringComparer.Ordinal)] : null,
            OnlySchemas = options.Schemas.Count > 0 ? options.Schemas : null,
        };
    }

    private static IEnumerable<string> Arguments(DumpPlan plan, string path, string? snapshot, IReadOnlyList<DumpTable> tables)
    {
        var options = plan.Options;
        yield return "--dbname=" + LibpqSettings.Keywords(plan.Target);
        yield return "--no-password";
        yield return "--verbose";
        yield return "--format=" + (options.Format == DumpFormat.Directory ? "directory" : "custom");
        yield return "--file=" + path;
        if (options.Jobs > 1)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"--jobs={options.Jobs}");
        }

        if (options.LockTimeout > TimeSpan.Zero)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"--lock-wait-timeout={Math.Max(1, (long)options.LockTimeout.TotalMilliseconds)}");
        }

        if (snapshot is not null)
        {
            yield return "--snapshot=" + snapshot;
        }

        if (options.Tables.Count > 0)
        {
            foreach (var table in tables)
            {
                yield return "--table=" + table.Pattern;
            }
        }
        else
        {
            foreach (var schema in options.Schemas)
            {
                yield return "--schema=" + JournalTable.Quote(schema);
            }
        }
    }

    private static string NewId(string database, DateTimeOffset now) =>
        $"{DbSnapshot.NewId(now)}-{OtherCharacters().Replace(database, "_")[..Math.Min(63, database.Length)]}";

    private static long? FreeSpace(string folder)
    {
        try
        {
            var existing = folder;
            while (!Directory.Exists(existing))
            {
                existing = Path.GetDirectoryName(existing) ?? throw new DirectoryNotFoundException();
            }

            // The kernel's own file systems have no size.
            var drive = new DriveInfo(existing);
            return drive.TotalSize > 0 ? drive.AvailableFreeSpace : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    private static void CheckRoom(DumpPlan plan, IEngineObserver observer)
    {
        if (plan.FreeSpace is not { } free || plan.DatabaseSize is not { } size || free >= size)
        {
            return;
        }

        var room = $"{plan.Options.Folder} has {ByteSize.Text(free)} of room, and {plan.Target.Database} is of {ByteSize.Text(size)}";
        if (plan.Options is { Tables.Count: 0, Schemas.Count: 0 } && free < size / BestCompression)
        {
            throw new DbMigrateException(
                "DumpDiskFull", ErrorKind.InvalidState, $"{room}: no compression will make it fit.", "Make room, or name a folder on another disk: -Path, with Invoke-Migration -SnapshotPath.")
            { Subject = plan.Options.Folder };
        }

        observer.Message(MessageLevel.Warning, $"{room}. A compressed dump without indexes is smaller, but it may not fit.");
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,149}\z")]
    private static partial Regex Name();

    [GeneratedRegex("[^A-Za-z0-9._-]")]
    private static partial Regex OtherCharacters();
}
