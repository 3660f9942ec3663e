using DbMigrate.Cli.Commands;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Cli.Demo;

/// <summary>
/// What the demo does with one sample: status, apply, undo, a failure and its repair, all through the commands themselves.
/// </summary>
internal sealed class DemoStory(DemoSample sample, string folder, DbTarget target, Output output)
{
    private static readonly RunOptions Options = new();
    private MigrationFormat? _format = sample.Format;

    /// <summary>Tells the story. The sample itself is not changed: the broken migration is put into a copy.</summary>
    public async Task RunAsync(string scratch, CancellationToken cancellationToken)
    {
        output.Line();
        output.Line($"=== {sample.Title}");
        output.Line($"    {folder} on {target}");

        await InfoAsync("Where are we?", folder, cancellationToken);
        await MigrateAsync("Apply what is pending.", folder, cancellationToken);
        if (_format is not null)
        {
            output.Line();
            output.Line("--- From here on the tracking table tells whose folder it is.");
            _format = null;
        }

        await InfoAsync("And now?", folder, cancellationToken);

        Step(
            $"Take back the newest {sample.Undo}.",
            $"undo {folder} --count {sample.Undo}",
            $"Undo-Migration {folder} -Count {sample.Undo}");
        await RunCommand.RunAsync(
            Source(folder), target, new MigrationSelection { Count = sample.Undo }, Options, undo: true, whatIf: false, output, cancellationToken);
        await MigrateAsync("And apply them again.", folder, cancellationToken);

        var copy = Path.Combine(scratch, sample.Folder);
        Copy(folder, copy);
        sample.Write(folder, copy, corrected: false);
        await FailAsync(copy, cancellationToken);
        await InfoAsync(sample.AfterFailure, copy, cancellationToken);
        if (sample.Resolve is var (version, action))
        {
            await ResolveAsync(copy, version, action, cancellationToken);
        }

        output.Line();
        output.Line($"--- Put the file right: {sample.Mistake} becomes {sample.Correction}");
        sample.Write(folder, copy, corrected: true);
        await MigrateAsync("And go on where it stopped.", copy, cancellationToken);
        await CheckAsync(copy, cancellationToken);
    }

    private MigrationSource Source(string path) => new(path, _format);

    private async Task InfoAsync(string why, string path, CancellationToken cancellationToken)
    {
        Step(why, $"migrate-info {path}", $"Get-MigrationStatus {path}");
        await MigrateInfoCommand.RunAsync(Source(path), target, output, cancellationToken);
    }

    private async Task MigrateAsync(string why, string path, CancellationToken cancellationToken)
    {
        Step(why, $"migrate {path}", $"Invoke-Migration {path}");
        await RunCommand.RunAsync(
            Source(path), target, new MigrationSelection(), Options, undo: false, whatIf: false, output, cancellationToken);
    }

    private async Task FailAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await MigrateAsync($"A colleague adds a migration with a mistake: {sample.File}", path, cancellationToken);
        }
        catch (MigrationFailedException e)
        {
            output.Error(e);
            return;
        }

        throw Unexpected($"The broken migration in {path} did not fail.");
    }

    private async Task ResolveAsync(string path, string version, ResolveAction action, CancellationToken cancellationToken)
    {
        var (option, parameter) = action switch
        {
            ResolveAction.Applied => ("--applied", "Applied"),
            ResolveAction.Force => ("--force", "Force"),
            _ => ("--rolled-back", "RolledBack"),
        };
        Step(
            "Nothing of it is in the database, so say that.",
            $"resolve {path} {version} {option}",
            $"Resolve-Migration {path} {version} -As {parameter}");
        await ResolveCommand.RunAsync(Source(path), target, version, action, Options, whatIf: false, output, cancellationToken);
    }

    private async Task CheckAsync(string path, CancellationToken cancellationToken)
    {
        await using var project = await MigrationProject.OpenAsync(Source(path), target, output, cancellationToken);
        var statuses = await project.GetStatusAsync(cancellationToken);
        if (statuses.FirstOrDefault(s => s.State != MigrationState.Applied) is { } left)
        {
            throw Unexpected($"After the repair {left} is {left.State}.");
        }
    }

    private void Step(string why, string command, string cmdlet)
    {
        output.Line();
        output.Line("--- " + why);
        output.Line("  $ dbmigrate " + command + (_format is null ? "" : " --format golang-migrate"));
        output.Line("PS> " + cmdlet + (_format is null ? "" : $" -Format {_format}"));
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private static DbMigrateException Unexpected(string message) =>
        new("DemoFailed", ErrorKind.InvalidState, message, "This is a defect of dbmigrate: report the output above.");
}
