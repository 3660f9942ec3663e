using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Engine.Targets;
using Npgsql;

namespace DbMigrate.Engine.Dumps;

/// <summary>Restores dumps with the real <c>pg_restore</c> into databases that hold nothing yet.</summary>
public static class DumpRestore
{
    private const int MaxListed = 5;

    /// <summary>Looks whether it can be done: the dump's checksum, its owners, and that there is nothing in the way. Writes nothing.</summary>
    /// <param name="path">The dump.</param>
    /// <param name="server">The database to restore into, or any database of the server where one is to be made.</param>
    /// <param name="options">How.</param>
    /// <param name="observer">Told of the progress.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="DbMigrateException">
    /// <c>InvalidRestoreOptions</c>, <c>RestoreJobsWithToken</c>, <c>DumpNotFound</c>, <c>DumpDamaged</c>, <c>DumpProgramNotFound</c>, <c>DumpProgramTooOld</c>, <c>DumpAddress</c>,
    /// <c>RestoreTargetNotEmpty</c>, <c>RestoreRolesMissing</c>, <c>SqlPermission</c>; what <see cref="DbSession.OpenAsync"/> throws.
    /// </exception>
    public static async Task<RestorePlan> PlanAsync(
        string path, DbTarget server, RestoreOptions options, IEngineObserver observer, CancellationToken cancellationToken)
    {
        if (options is { SingleTransaction: true, Jobs: > 1 })
        {
            throw new DbMigrateException(
                "InvalidRestoreOptions",
                ErrorKind.InvalidArgument,
                "Several sessions cannot share one transaction.",
                "Leave -Jobs or -SingleTransaction out.") { Subject = options.Jobs };
        }

        if (options.Jobs > 1 && server.PasswordSource is { NeedsEncryption: true })
        {
            throw new DbMigrateException(
                "RestoreJobsWithToken",
                ErrorKind.InvalidArgument,
                "With several jobs pg_restore connects once more when the data is in, and by then the token that it was given may have expired.",
                "Leave -Jobs out, or log in with a password: Connect-DbTarget -SecretId.") { Subject = options.Jobs };
        }

        path = DumpPath.Full(path);
        var dump = await DumpFolder.GetAsync(path, verify: true, observer, cancellationToken);
        var facts = DumpFacts.Read(path);
        if (facts is not null && dump.Status != DumpFolder.Available)
        {
            throw DumpFailure.Damaged(path, "size or checksum are not those of the file beside it.");
        }

        var target = options.Database is { } name ? Other(server, name) : server;
        await using var session = await DbSession.OpenAsync(server, observer, cancellationToken);

        // A newer pg_restore than the server's sends settings that an older server does not know.
        var written = facts is null ? 0 : Version.Parse(facts.ProgramVersion).Major;
        var programs = await (options.Locator ?? ClientProgramLocator.Usual())
            .FindAsync(Math.Max(written, session.ServerVersion.Major), written > session.ServerVersion.Major ? "The dump" : $"The server {server.Address}", cancellationToken);
        var (content, error) = await DumpContent.ReadAsync(programs, path, cancellationToken);
        if (content is null)
        {
            throw DumpFailure.Damaged(path, error);
        }

        var exists = options.Database is null || await ServerFailure.GuardAsync(() => ExistsAsync(session, target.Database, cancellationToken));
        if (exists)
        {
            await CheckEmptyAsync(target, observer, cancellationToken);
        }

        LibpqSettings.Check(target, programs);
        if (!options.NoOwner)
        {
            await ServerFailure.GuardAsync(() => CheckOwnersAsync(session, path, content, cancellationToken));
        }

        return new RestorePlan(server, target, path, options, programs, content, facts) { Creates = !exists };
    }

    /// <summary>Restores, and counts the tables.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="observer">Told of the progress.</param>
    /// <param name="cancellationToken">Ends <c>pg_restore</c> and its sessions; a database that was made for it is dropped again.</param>
    /// <exception cref="DbMigrateException">
    /// <c>RestoreFailed</c> with the list of errors; a database that was made for it is left with what could be restored: in need, most of the data is worth more than
    /// none. <c>RestoreTargetNotEmpty</c>, <c>RestoreBusy</c>, <c>DatabaseExists</c>: nothing was touched. <c>RestoreIncomplete</c>, <c>SqlPermission</c>, <c>SqlError</c>, <c>ConnectionLost</c>.
    /// </exception>
    public static async Task<RestoreResult> RunAsync(RestorePlan plan, IEngineObserver observer, CancellationToken cancellationToken)
    {
        using var end = new ProcessEnd(cancellationToken);
        cancellationToken = end.Token;
        var clock = Stopwatch.StartNew();
        var application = $"DbMigrate restore {RandomNumberGenerator.GetHexString(10, lowercase: true)}";
        var schemas = new RestoreSchemas(plan, observer);
        await using var alone = new RestoreLock(plan.Target, observer);
        try
        {
            if (plan.Creates)
            {
                await CreateAsync(plan, observer, cancellationToken);
            }

            // Time has passed since it was planned, and since it was made.
            await alone.TakeAsync(cancellationToken);
            await CheckEmptyAsync(plan.Target, observer, cancellationToken);
            await schemas.PrepareAsync(cancellationToken);
            await RestoreAsync(plan, application, observer, cancellationToken);
            await schemas.CompleteAsync();
        }
        catch (OperationCanceledException)
        {
            await ChildSessions.EndAsync(plan.Server, application, observer);
            await schemas.UndoAsync();
            await DropAsync(plan, alone, observer);
            throw;
        }
        catch (DbMigrateException e)
        {
            await schemas.UndoAsync();
            if (e.Id == "RestoreFailed" && plan.Options.SingleTransaction)
            {
                await DropAsync(plan, alone, observer);
            }

            throw;
        }

        int tables;
        try
        {
            tables = await CountAsync(plan.Target, observer, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await DropAsync(plan, alone, observer);
            throw;
        }

        if (tables < plan.Tables)
        {
            throw new DbMigrateException(
                "RestoreIncomplete",
                ErrorKind.InvalidData,
                string.Create(CultureInfo.InvariantCulture, $"pg_restore ended well, but {plan.Target} has {tables} of the dump's {plan.Tables} tables."),
                $"Look at it before using it; drop it and restore again: DROP DATABASE {JournalTable.Quote(plan.Target.Database)}") { Subject = plan.Target };
        }

        return new RestoreResult
        {
            Id = plan.Target.Database,
            Source = plan.Path,
            Status = DumpFolder.Available,
            RestoredTo = plan.Facts?.CreatedAt,
            Duration = clock.Elapsed,
            Target = plan.Target,
        };
    }

    private static async Task RestoreAsync(RestorePlan plan, string application, IEngineObserver observer, CancellationToken cancellationToken)
    {
        var options = plan.Options;
        List<string> arguments = ["--dbname=" + LibpqSettings.Keywords(plan.Target), "--no-password", "--verbose"];
        arguments.AddRange(options.Jobs > 1 ? [string.Create(CultureInfo.InvariantCulture, $"--jobs={options.Jobs}")] : []);
        arguments.AddRange(options.SingleTransaction ? ["--single-transaction"] : []);
        arguments.AddRange(options.NoOwner ? ["--no-owner"] : []);
        arguments.AddRange(options.NoPrivileges ? ["--no-privileges"] : []);
        arguments.Add(plan.Path);
        observer.Message(MessageLevel.Verbose, $"Restoring {plan.Path} into {plan.Target} with {plan.Programs.PgRestore} {plan.Programs.Version}.");
        var errors = new RestoreErrors();
        var tail = new OutputTail();
        var progress = new RestoreProgress(observer, $"Restoring {plan.Target}", plan.Content);
        var exitCode = await ChildProgram.StreamAsync(
            plan.Programs.PgRestore,
            arguments,
            await LibpqSettings.ReadAsync(plan.Target, application, plan.Programs, cancellationToken),
            static _ => { },
            line =>
            {
                progress.Take(line);
                errors.Take(line);
                tail.Add(line);
            },
            cancellationToken);
        if (exitCode != 0 || errors.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Failure(plan, exitCode, errors, tail);
        }
    }

    private static DbMigrateException Failure(RestorePlan plan, int exitCode, RestoreErrors errors, OutputTail tail)
    {
        var count = errors.Count == 1 ? "1 error" : string.Create(CultureInfo.InvariantCulture, $"{errors.Count} errors");
        var words = errors.Count > 0 ? errors.Text : $"pg_restore ended with {exitCode.ToString(CultureInfo.InvariantCulture)}\n{tail.Text}";
        var left = !plan.Options.SingleTransaction ? $"{plan.Target.Database} holds what could be restored."
            : plan.Creates ? "Nothing was restored, and the database is gone again." : "Nothing was restored.";
        return new DbMigrateException(
            "RestoreFailed",
            ErrorKind.InvalidState,
            $"{plan.Path} was not restored into {plan.Target} as a whole, {count}:\n{words}\n{left}",
            plan.Options.SingleTransaction
                ? "Mend the causes and restore again; -NoOwner and -NoPrivileges leave roles out."
                : $"Use it as it is, or mend the causes and restore again into another database, or after DROP DATABASE {JournalTable.Quote(plan.Target.Database)}; " +
                  "-NoOwner and -NoPrivileges leave roles out.") { Subject = plan.Target };
    }

    private static async Task CreateAsync(RestorePlan plan, IEngineObserver observer, CancellationToken cancellationToken)
    {
        // Of template0, because a text that is to be restored must not meet what somebody has added to template1.
        await using var session = await DbSession.OpenAsync(plan.Server, observer, cancellationToken);
        var locale = plan.Facts is { } facts
            ? $" ENCODING {SqlCommandText.Literal(facts.Encoding)} LC_COLLATE {SqlCommandText.Literal(facts.Collate)} LC_CTYPE {SqlCommandText.Literal(facts.Ctype)}{Provider(facts, session, observer)}"
            : "";
        await ServerFailure.GuardAsync(async () =>
        {
            try
            {
                await session.ExecuteAsync($"CREATE DATABASE {JournalTable.Quote(plan.Target.Database)} TEMPLATE template0{locale}", cancellationToken);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
            {
                // Of two at the same moment one meets the index of pg_database.
                throw new DbMigrateException(
                    "DatabaseExists",
                    ErrorKind.Exists,
                    $"Somebody else has just made {plan.Target}.",
                    "Restore into a new database: -Database and a name that is not taken.",
                    e) { Subject = plan.Target };
            }
        });
    }

    /// <summary>What sorts text, where the server knows more than one (PostgreSQL manual, 23.1.4).</summary>
    private static string Provider(DumpFacts facts, DbSession session, IEngineObserver observer)
    {
        // The file beside the dump is data: only words that are known become SQL.
        var (from, option) = facts.LocaleProvider switch { "libc" => (15, null), "icu" => (15, "ICU_LOCALE"), "builtin" => (17, "BUILTIN_LOCALE"), _ => (int.MaxValue, null) };
        if (session.ServerVersion.Major >= from)
        {
            var locale = option is null || facts.Locale is null ? "" : $" {option} {SqlCommandText.Literal(facts.Locale)}";
            var rules = option is null || facts.IcuRules is null || session.ServerVersion.Major < 16 ? "" : $" ICU_RULES {SqlCommandText.Literal(facts.IcuRules)}";
            return $" LOCALE_PROVIDER {facts.LocaleProvider}{locale}{rules}";
        }

        if (facts.LocaleProvider is not (null or "libc"))
        {
            observer.Message(
                MessageLevel.Warning, $"Text was sorted by {facts.LocaleProvider} ({facts.Locale}), which this server does not know; it sorts by {facts.Collate} now.");
        }

        return "";
    }

    private static async Task DropAsync(RestorePlan plan, RestoreLock alone, IEngineObserver observer)
    {
        if (!plan.Creates)
        {
            return;
        }

        await alone.DisposeAsync();
        try
        {
            if (!alone.IsTaken)
            {
                // The server may have made it although we did not hear of it, or somebody else did.
                await using var session = await DbSession.OpenAsync(plan.Server, observer, CancellationToken.None);
                if (!await ServerFailure.GuardAsync(() => ExistsAsync(session, plan.Target.Database, CancellationToken.None)))
                {
                    return;
                }

                await CheckEmptyAsync(plan.Target, observer, CancellationToken.None);
            }

            await ExecuteAsync(plan.Server, $"DROP DATABASE IF EXISTS {JournalTable.Quote(plan.Target.Database)}", observer, CancellationToken.None);
        }
        catch (DbMigrateException e)
        {
            observer.Message(MessageLevel.Warning, $"The half restored database {plan.Target} could not be dropped: {e.Message}");
        }
    }

    private static async Task ExecuteAsync(DbTarget target, string statement, IEngineObserver observer, CancellationToken cancellationToken)
    {
        await using var session = await DbSession.OpenAsync(target, observer, cancellationToken);
        await ServerFailure.GuardAsync(() => session.ExecuteAsync(statement, cancellationToken));
    }

    private static async Task<int> CountAsync(DbTarget target, IEngineObserver observer, CancellationToken cancellationToken)
    {
        await using var session = await DbSession.OpenAsync(target, observer, cancellationToken);
        return (await ServerFailure.GuardAsync(() => DumpTable.ReadAsync(session.Connection, cancellationToken))).Count;
    }

    private static async Task<bool> ExistsAsync(DbSession session, string database, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT count(*) FROM pg_catalog.pg_database WHERE datname = $1", session.Connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = database });
        return await command.ExecuteScalarAsync(cancellationToken) is 1L;
    }

    /// <summary>Nothing that somebody has made may be in the database.</summary>
    private static async Task CheckEmptyAsync(DbTarget target, IEngineObserver observer, CancellationToken cancellationToken)
    {
        // Objects made by initdb have numbers below 16384 (FirstNormalObjectId).
        const string Query =
            """
            SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_'
            UNION ALL SELECT n.nspname || '.' || p.proname || '()' FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                WHERE p.oid >= 16384 AND n.nspname !~ '^pg_'
            UNION ALL SELECT 'schema ' || nspname FROM pg_catalog.pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_' AND nspname <> 'public'
            UNION ALL SELECT 'type ' || typname FROM pg_catalog.pg_type WHERE oid >= 16384 AND typtype IN ('d', 'e', 'r')
            UNION ALL SELECT 'extension ' || extname FROM pg_catalog.pg_extension WHERE oid >= 16384
            UNION ALL SELECT 'large object ' || oid FROM pg_catalog.pg_largeobject_metadata
            """;
        await using var session = await DbSession.OpenAsync(target, observer, cancellationToken);
        var found = await ServerFailure.GuardAsync(async () =>
        {
            await using var command = new NpgsqlCommand($"SELECT count(*) OVER (), what FROM ({Query}) AS found (what) ORDER BY what LIMIT {MaxListed}", session.Connection);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var names = new List<string>();
            var count = 0L;
            while (await reader.ReadAsync(cancellationToken))
            {
                count = reader.GetInt64(0);
                names.Add(reader.GetString(1));
            }

            return (Count: count, Names: names);
        });
        if (found.Count > 0)
        {
            var more = found.Count > found.Names.Count ? string.Create(CultureInfo.InvariantCulture, $" and {found.Count - found.Names.Count} more") : "";
            throw new DbMigrateException(
                "RestoreTargetNotEmpty",
                ErrorKind.Exists,
                $"{target} is not empty: {string.Join(", ", found.Names)}{more}.",
                "Restore into a new database: -Database and a name that is not taken.") { Subject = target };
        }
    }

    private static async Task CheckOwnersAsync(DbSession session, string path, DumpContent content, CancellationToken cancellationToken)
    {
        // Of a name with blanks the list tells only the last word.
        await using var command = new NpgsqlCommand(
            """
            SELECT name FROM unnest($1) AS owner (name)
            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name OR right(rolname, length(name) + 1) = ' ' || name) ORDER BY name
            """,
            session.Connection);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. content.Owners] });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var missing = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            missing.Add(reader.GetString(0));
        }

        if (missing.Count > 0)
        {
            throw new DbMigrateException(
                "RestoreRolesMissing",
                ErrorKind.InvalidState,
                $"What {path} holds belongs to roles that {session.Target.Address} does not have: {string.Join(", ", missing)}.",
                $"Create them (CREATE ROLE {JournalTable.Quote(missing[0])}), or give -NoOwner, so that everything belongs to you.") { Subject = path };
        }
    }

    private static DbTarget Other(DbTarget target, string database) =>
        new(target, new NpgsqlConnectionStringBuilder(target.ConnectionString) { Database = database }.ConnectionString) { Database = database };
}
