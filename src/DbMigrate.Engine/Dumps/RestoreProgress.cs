using System.Globalization;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Dumps;

/// <summary>Tells how far <c>pg_restore</c> is, from its log.</summary>
internal sealed partial class RestoreProgress(IEngineObserver observer, string activity, DumpContent content)
{
    private int _tables;
    private int _entries;

    /// <summary>Takes a line of <c>pg_restore --verbose</c>.</summary>
    public void Take(string line)
    {
        var match = Step().Match(line);
        if (!match.Success)
        {
            return;
        }

        _entries++;
        _tables += match.Groups["table"].Success ? 1 : 0;
        var what = match.Groups["table"].Success ? "data of " + match.Groups["table"].Value : match.Groups["object"].Value;
        observer.Progress(
            activity,
            string.Create(CultureInfo.InvariantCulture, $"{what}, {_tables} of {content.Tables} tables"),
            (int)Math.Min(99, 100L * _entries / Math.Max(1, content.Entries)));
    }

    // pg_restore: processing data for table "public.orders"; pg_restore: creating INDEX "public.orders_pkey"
    [GeneratedRegex("^pg_restore: (processing data for table \"(?<table>.*)\"|creating (?<object>.*))$")]
    private static partial Regex Step();
}
