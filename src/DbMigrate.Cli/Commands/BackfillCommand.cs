using System.CommandLine;
using DbMigrate.Engine.Backfill;

namespace DbMigrate.Cli.Commands;

/// <summary><c>dbmigrate backfill TABLE --set SQL</c>: changes many rows of a live table in short batches.</summary>
internal static class BackfillCommand
{
    private static readonly BackfillOptions Default = new() { Table = "" };

    public static Command Create(Output output)
    {
        var command = new Command(
            "backfill",
            "Changes many rows of a live table in short batches along its key. Stopped at any moment, the same command goes on where it was.\n" +
            "Example: dbmigrate backfill users --set \"status = 'active'\" --where \"status IS NULL\"");
        var table = new Argument<string>("TABLE") { Description = "The table, TABLE or SCHEMA.TABLE." };
        var set = Text("--set", "SQL", "What UPDATE has behind SET.");
        set.Required = true;
        var where = Text("--where", "SQL", "Which rows: what UPDATE has behind WHERE. Without it all.");
        var parameters = new Option<string[]>("--parameter") { Description = "A value for what the SQL calls @NAME; may be given several times.", HelpName = "NAME=VALUE" };
        parameters.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => token.Value.IndexOf('=', StringComparison.Ordinal) < 1) is { } wrong)
            {
                result.AddError($"--parameter is NAME=VALUE, not '{wrong.Value}'.");
            }
        });
        var batchDuration = DurationOption.Create("--batch-duration", "How long a batch should take; about so long others wait for a row. [default: 500ms]");
        var pause = DurationOption.Create("--pause", "The rest between two batches. [default: 0]");
        var maxReplicaLag = DurationOption.Create("--max-replica-lag", "Wait while a standby is behind by more; 0 not to look. [default: 30s]");
        var maxWalRate = Size.Option("--max-wal-rate", "The most WAL that the server should write in a second, such as 20MB; 0 for no limit. [default: 0]");
        var parallel = Number.Option("--parallel", atLeast: 1, "How many sessions work, 64 at most. [default: 1]", atMost: 64);
        var lockRetries = Number.Option("--lock-retries", atLeast: 0, "How often a batch is tried again, smaller each time. [default: 30]", atMost: 1000);
        var notNull = Text("--then-set-not-null", "COLUMN", "A column to make NOT NULL when all is done, without a long lock.");
        var restart = new Option<bool>("--restart") { Description = "Forget how far an interrupted run got, and start from the first row." };
        var discard = new Option<bool>("--discard-others") { Description = "Forget how far other backfills of the table got, unless they are running." };
        var whatIf = new Option<bool>("--what-if") { Description = "Only show the rows, the plan and the first statement; writes nothing at all." };
        command.Arguments.Add(table);
        var database = new DatabaseOption(command);
        foreach (var option in new Option[] { set, where, parameters, batchDuration, pause, maxReplicaLag, maxWalRate, parallel, lockRetries, notNull, restart, discard, whatIf })
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, token) => RunAsync(
            new BackfillOptions
            {
                Table = parsed.GetRequiredValue(table),
                Set = parsed.GetValue(set),
                Where = parsed.GetValue(where),
                Parameters = Parameters(parsed.GetValue(parameters) ?? []),
                BatchDuration = parsed.GetValue(batchDuration) ?? Default.BatchDuration,
                Pause = parsed.GetValue(pause) ?? Default.Pause,
                MaxReplicaLag = parsed.GetValue(maxReplicaLag) ?? Default.MaxReplicaLag,
                MaxWalRate = parsed.GetValue(maxWalRate) ?? Default.MaxWalRate,
                Parallel = parsed.GetValue(parallel) ?? Default.Parallel,
                LockRetries = parsed.GetValue(lockRetries) ?? Default.LockRetries,
                ThenSetNotNull = parsed.GetValue(notNull),
                Restart = parsed.GetValue(restart),
                DiscardOthers = parsed.GetValue(discard),
            },
            database.Target(parsed),
            parsed.GetValue(whatIf),
            output,
            token));
        return command;
    }

    public static async Task<int> RunAsync(BackfillOptions options, DbTarget target, bool whatIf, Output output, CancellationToken cancellationToken)
    {
        await using var job = await BackfillJob.OpenAsync(options, target, output, cancellationToken);
        if (!whatIf)
        {
            output.Outcome(await RunAsync(job, cancellationToken));
            return ExitCode.Done;
        }

        output.Planned(job.Plan);
        output.Line(job.Plan.Statement);
        foreach (var line in job.Plan.QueryPlan.Split('\n'))
        {
            output.Line("  " + line);
        }

        output.Line("What if: nothing was changed.");
        return ExitCode.Done;
    }

    private static async Task<BackfillResult> RunAsync(BackfillJob job, CancellationToken cancellationToken)
    {
        try
        {
            return await job.RunAsync(cancellationToken);
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            throw new DbMigrateException(
                "Cancelled",
                ErrorKind.InvalidState,
                "Stopped on request. What was committed stays; the batch that was running has been rolled back.",
                "Run the same command again: it goes on from there.",
                e);
        }
    }

    private static Option<string?> Text(string name, string helpName, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = helpName };
        option.Validators.Add(DatabaseOption.RefuseEmpty);
        return option;
    }

    private static Dictionary<string, object?> Parameters(IEnumerable<string> texts)
    {
        var values = new Dictionary<string, object?>();
        foreach (var text in texts)
        {
            var sign = text.IndexOf('=', StringComparison.Ordinal);
            values[text[..sign]] = text[(sign + 1)..];
        }

        return values;
    }
}
