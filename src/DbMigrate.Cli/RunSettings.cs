using System.CommandLine;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Cli;

/// <summary>The options that say how a run treats the server.</summary>
internal sealed class RunSettings
{
    private static readonly RunOptions Default = new();

    private readonly Option<TimeSpan> lockTimeout = Time(
        "--lock-timeout", "How long a statement waits for a lock before the migration is rolled back and tried again; 0 for ever. [default: 5s]", Default.LockTimeout);

    private readonly Option<TimeSpan> statementTimeout = Time(
        "--statement-timeout", "How long a statement may work; 0 for ever. [default: 0]", Default.StatementTimeout);

    private readonly Option<TimeSpan> runnerWait = Time(
        "--runner-wait", "How long to wait for another runner on the same database. [default: 60s]", Default.RunnerWait);

    private readonly Option<int> lockRetries = new("--lock-retries")
    {
        Description = "How often a migration is tried again after a lock time-out.",
        HelpName = "N",
        DefaultValueFactory = _ => Default.LockRetries,
    };

    private readonly Option<bool> allowOtherTool = new("--allow-other-tool")
    {
        Description = "Go on although another tool's tracking table is in the database and this one's is not.",
    };

    public RunSettings(Command command)
    {
        lockRetries.Validators.Add(result =>
        {
            if (result.GetValue(lockRetries) < 0)
            {
                result.AddError("--lock-retries is 0 or more.");
            }
        });
        command.Options.Add(lockTimeout);
        command.Options.Add(statementTimeout);
        command.Options.Add(lockRetries);
        command.Options.Add(runnerWait);
        command.Options.Add(allowOtherTool);
    }

    /// <summary>The values.</summary>
    public RunOptions Options(ParseResult parsed) => new()
    {
        LockTimeout = parsed.GetValue(lockTimeout),
        StatementTimeout = parsed.GetValue(statementTimeout),
        LockRetries = parsed.GetValue(lockRetries),
        RunnerWait = parsed.GetValue(runnerWait),
        AllowOtherTool = parsed.GetValue(allowOtherTool),
    };

    private static Option<TimeSpan> Time(string name, string description, TimeSpan unset) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (result.Tokens.Count == 0)
            {
                return unset;
            }

            if (Duration.Parse(result.Tokens[0].Value) is { } time)
            {
                return time;
            }

            result.AddError($"{name} is a time such as 500ms, 5s, 2min or 1h, not '{result.Tokens[0].Value}'.");
            return default;
        },
        DefaultValueFactory = _ => unset,
    };
}
