using System.CommandLine;
using System.Runtime.InteropServices;
using DbMigrate.Cli.Commands;

namespace DbMigrate.Cli;

/// <summary>The way in: reads the arguments, runs one command, and turns what comes out into an exit code.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        using var output = Output.ToConsole();
        var code = await RunAsync(args, output, stop.Token);
        output.Flush();
        if (output.Failure is { } failure)
        {
            output.Message(MessageLevel.Warning, $"not all results could be written: {failure.Message}");
            return ExitCode.Failed;
        }

        return code;

        void Stop(PosixSignalContext context)
        {
            // The first signal cancels the statement on the server and lets the command end; a second one ends the process at once.
            if (!stop.IsCancellationRequested)
            {
                context.Cancel = true;
                _ = stop.CancelAsync();
            }
        }
    }

    /// <summary>A word that looks like an option and is none would be taken for a path; then --whatif would apply what --what-if shows.</summary>
    private static IEnumerable<string> MistypedOptions(ParseResult parsed) => parsed.CommandResult.Children
        .OfType<System.CommandLine.Parsing.ArgumentResult>()
        .SelectMany(a => a.Tokens)
        .Select(t => t.Value)
        .Where(text => text is ['-', '-' or (>= 'a' and <= 'z') or (>= 'A' and <= 'Z'), ..] && !Path.Exists(text))
        .Select(text => $"There is no option {text}. A path that starts so is written ./{text}.");

    /// <summary>Runs one command line and returns its exit code; see <see cref="ExitCode"/>.</summary>
    internal static async Task<int> RunAsync(string[] args, Output output, CancellationToken cancellationToken)
    {
        var json = new Option<bool>("--json") { Description = "Print one JSON object a line instead of text.", Recursive = true };
        var verbose = new Option<bool>("--verbose") { Description = "Tell on stderr what is decided and why.", Recursive = true };
        var root = new RootCommand(
            "Runs PostgreSQL migrations on the folders and tracking tables of SQLx, golang-migrate, Prisma Migrate and EF Core.\n" +
            "Exit codes: 0 done, 1 failed, 2 wrong usage.")
        {
            json,
            verbose,
            MigrateInfoCommand.Create(output),
            RunCommand.Migrate(output),
            RunCommand.Undo(output),
            ResolveCommand.Create(output),
            CreateCommand.Create(output),
            BackfillCommand.Create(output),
            StatementsCommand.Create(output),
            BlockersCommand.Create(output),
            StopBlockersCommand.Create(output),
            ActivityCommand.Create(output),
            SizesCommand.Create(output),
            DemoCommand.Create(output),
        };

        // A path may start with '@'; it is no list of further arguments.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var errors = parsed.Errors.Select(e => e.Message).Concat(MistypedOptions(parsed)).Distinct().ToList();
        if (errors.Count > 0)
        {
            var command = parsed.CommandResult.Command is RootCommand ? "dbmigrate" : "dbmigrate " + parsed.CommandResult.Command.Name;
            output.UsageError(errors, $"{command} --help");
            return ExitCode.Usage;
        }

        output.Json = parsed.GetValue(json);
        output.Verbose = parsed.GetValue(verbose);
        try
        {
            // Signals and errors are ours, so that both end in one place.
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, cancellationToken);
        }
        catch (DbMigrateException e)
        {
            output.Error(e);
            return e.Kind == ErrorKind.InvalidArgument ? ExitCode.Usage : ExitCode.Failed;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            output.Error(new DbMigrateException(
                "Cancelled",
                ErrorKind.InvalidState,
                "Stopped on request. What was printed as done stays done; the statement that was running has been cancelled.",
                "dbmigrate migrate-info shows where the database is."));
            return ExitCode.Failed;
        }
#pragma warning disable CA1031 // Whatever happens ends as an exit code and a message, not as a crash dump.
        catch (Exception e)
#pragma warning restore CA1031
        {
            output.Error(new DbMigrateException(
                "Unexpected",
                ErrorKind.InvalidState,
                $"This is a defect of dbmigrate: {e}",
                "Look at the database with dbmigrate migrate-info, and report the text above."));
            return ExitCode.Failed;
        }
    }
}
