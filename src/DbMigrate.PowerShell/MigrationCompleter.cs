using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Commands;

/// <summary>
/// Completes a migration's version or name from the folder's files alone: a database is never asked, a slow disk is given up on after two
/// seconds, and whatever is wrong shows when the cmdlet runs, not while somebody is typing.
/// </summary>
public sealed class MigrationCompleter : IArgumentCompleter
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        try
        {
            var folder = Folder(fakeBoundParameters);
            var format = LanguagePrimitives.ConvertTo<MigrationFormat?>(fakeBoundParameters["Format"]);
            var reading = Task.Run(() => Read(folder, format));
            return reading.Wait(Limit) ? Results(reading.Result, (wordToComplete ?? "").Trim('\'', '"')).ToList() : [];
        }
#pragma warning disable CA1031 // An exception would garble the prompt.
        catch (Exception)
#pragma warning restore CA1031
        {
            return [];
        }
    }

    private static string Folder(IDictionary parameters)
    {
        // A completer has no session state of its own; this asks the runspace whose prompt is being completed.
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddCommand("Convert-Path").AddParameter("ErrorAction", ActionPreference.Ignore);
        if (First(parameters["LiteralPath"]) is { } literal)
        {
            return shell.AddParameter("LiteralPath", literal).Invoke<string>()[0];
        }

        var path = First(parameters["Path"]);
        var found = shell.AddParameter("Path", path ?? ".").Invoke<string>()[0];
        return path is null ? FolderLocator.Usual(found) ?? found : found;
    }

    private static string? First(object? value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        null => null,
        string text => text,
        IEnumerable list => First(list.Cast<object>().FirstOrDefault()),
        var other => other.ToString(),
    };

    private static List<(string Version, string Name)> Read(string folder, MigrationFormat? format)
    {
        var reader = format is { } wanted ? MigrationFormats.Of(wanted) : MigrationFormats.Detect(folder)[0];
        return reader.Read(folder, new Dictionary<string, string>()).Migrations.Select(m => (m.Version, AsInFileName(m.Name))).ToList();
    }

    // SQLx reads underscores as blanks; whoever completes a name looks at the files.
    private static string AsInFileName(string name) => name.Replace(' ', '_');

    private static IEnumerable<CompletionResult> Results(IEnumerable<(string Version, string Name)> migrations, string word) =>
        from migration in migrations
        where migration.Version.StartsWith(word, StringComparison.OrdinalIgnoreCase)
            || migration.Name.StartsWith(word, StringComparison.OrdinalIgnoreCase)
        let title = migration.Name.Length == 0 ? migration.Version : $"{migration.Version} {migration.Name}"
        select new CompletionResult(Quote(migration.Version), title, CompletionResultType.ParameterValue, title);

    private static string Quote(string version) =>
        version.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-') && !version.StartsWith('-')
            ? version
            : "'" + CodeGeneration.EscapeSingleQuotedStringContent(version) + "'";
}
