using System.CommandLine;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Cli;

/// <summary>The options that say how a run treats the server.</summary>
internal sealed class RunSettings
{
    private static readonly RunOptions Default = new();

    private readonly Option<TimeSpan?> _lockTimeout = DurationOption.Create(
        "--lock-timeout",
        "How long a statement waits for a lock before the migration is rolled back and tried again; 0 for ever. [default: 5s]");

    private readonly Option<TimeSpan?> _statementTimeout = DurationOption.Create(
        "--statement-timeout", "How long a statement may work; 0 for ever. [default: 0]");

    private readonly Option<int?> _maxQueued = Number.Option(
        "--max-queued", atLeast: 0, "How many sessions may queue behind a statement before it is cancelled and tried again later; 0 any number. [default: 0]");

    private readonly Option<TimeSpan?> _maxQueueTime = DurationOption.Create(
        "--max-queue-time", "How long a session may queue behind a statement before that is cancelled and tried again later; 0 for ever. [default: 0]");

    private readonly Option<TimeSpan?> _terminateBlockersAfter = DurationOption.Create(
        "--terminate-blockers-after", "After how long a wait for locks the sessions in the way are ended; 0 never. [default: 0]");

    private readonly Option<TimeSpan?> _runnerWait = DurationOption.Create(
        "--runner-wait", "How long to wait for another runner on the same database. [default: 60s]");

    private readonly Option<int?> _lockRetries = Number.Option(
        "--lock-retries", atLeast: 0, "How often a migration is tried again after a lock time-out. [default: 10]");

    private readonly Option<string?> _recordFolder = new("--record-folder")
    {
        Description = "The folder for the record of the run. [default: $DBMIGRATE_RUNS, else the user's own]",
        HelpName = "FOLDER",
    };

    private readonly Option<bool> _recordInDatabase = new("--record-in-database") { Description = "Record the run in the database as well, in dbmigrate.runs." };

    private readonly Option<bool> _allowOtherTool = new("--allow-other-tool")
    {
        Description = "Go on although another tool's tracking table is in the database and this one's is not.",
    };

    private readonly Option<bool> _allowModified = new("--allow-modified")
    {
        Description = "Go on although files of applied migrations were edited.",
    };

    private readonly Option<bool> _allowMissing = new("--allow-missing")
    {
        Description = "Go on although recorded migrations have no files.",
    };

    /// <param name="command">The command that takes them.</param>
    /// <param name="runsScripts">False for a command that only writes the tracking table.</param>
    public RunSettings(Command command, bool runsScripts = true)
    {
        command.Options.Add(_lockTimeout);
        command.Options.Add(_runnerWait);
        if (!runsScripts)
        {
            return;
        }

        command.Options.Add(_statementTimeout);
        command.Options.Add(_lockRetries);
        command.Options.Add(_maxQueued);
        command.Options.Add(_maxQueueTime);
        command.Options.Add(_terminateBlockersAfter);
        _recordFolder.Validators.Add(DatabaseOption.RefuseEmpty);
        command.Options.Add(_recordFolder);
        command.Options.Add(_recordInDatabase);
        command.Options.Add(_allowModified);
        command.Options.Add(_allowMissing);
        command.Options.Add(_allowOtherTool);
    }

    /// <summary>The values.</summary>
    public RunOptions Options(ParseResult parsed) => new()
    {
        LockTimeout = parsed.GetValue(_lockTimeout) ?? Default.LockTimeout,
        StatementTimeout = parsed.GetValue(_statementTimeout) ?? Default.StatementTimeout,
        MaxQueued = parsed.GetValue(_maxQueued) ?? Default.MaxQueued,
        MaxQueueTime = parsed.GetValue(_maxQueueTime) ?? Default.MaxQueueTime,
        TerminateBlockersAfter = parsed.GetValue(_terminateBlockersAfter) ?? Default.TerminateBlockersAfter,
        LockRetries = parsed.GetValue(_lockRetries) ?? Default.LockRetries,
        RunnerWait = parsed.GetValue(_runnerWait) ?? Default.RunnerWait,
        RecordFolder = parsed.GetValue(_recordFolder) is { } folder ? Path.GetFullPath(folder) : null,
        RecordInDatabase = parsed.GetValue(_recordInDatabase),
        AllowModified = parsed.GetValue(_allowModified),
        AllowMissing = parsed.GetValue(_allowMissing),
        AllowOtherTool = parsed.GetValue(_allowOtherTool),
    };
}
