using System.Globalization;
using DbMigrate.Engine.Formats;

namespace DbMigrate.Engine.Migrations;

/// <summary>Settings of the migrating session, as one command.</summary>
internal static class SessionSettings
{
    /// <summary>Sets them all; they outlive transactions.</summary>
    public static SqlCommandText Command(IReadOnlyDictionary<string, string> settings) => new(
        "SELECT " + string.Join(", ", settings.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"set_config(${(2 * i) + 1}, ${(2 * i) + 2}, false)"))),
        [.. settings.SelectMany(s => new object[] { s.Key, s.Value })]);

    /// <summary>What holds while scripts run.</summary>
    /// <param name="tool">The tool's own settings.</param>
    /// <param name="target">The database; a schema named there becomes the search path unless the tool has set one.</param>
    /// <param name="options">The time limits.</param>
    /// <param name="serverVersion">The server's version.</param>
    public static IReadOnlyDictionary<string, string> Of(
        IReadOnlyDictionary<string, string> tool, DbTarget target, RunOptions options, Version serverVersion)
    {
        var settings = new Dictionary<string, string>(tool)
        {
            ["lock_timeout"] = Milliseconds(options.LockTimeout),
            ["statement_timeout"] = Milliseconds(options.StatementTimeout),
            // A run that waits or works for long must not be cut off for being idle in between.
            ["idle_in_transaction_session_timeout"] = "0",
        };
        if (target.Schema is { } schema && !settings.ContainsKey("search_path")
            && string.IsNullOrEmpty(new Npgsql.NpgsqlConnectionStringBuilder(target.ConnectionString).SearchPath))
        {
            settings["search_path"] = JournalTable.Quote(schema);
        }

        if (serverVersion.Major >= 14)
        {
            // The server notices within a second that a killed runner is gone, and frees its locks (manual 20.3.2).
            settings["client_connection_check_interval"] = "1000";
        }

        return settings;
    }

    private static string Milliseconds(TimeSpan time) => ((long)Math.Ceiling(time.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);
}
