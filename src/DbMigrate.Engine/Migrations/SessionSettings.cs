using System.Globalization;
using DbMigrate.Engine.Formats;

namespace DbMigrate.Engine.Migrations;

/// <summary>Settings of the migrating session, as one command.</summary>
internal static class SessionSettings
{
    /// <summary>
    /// What helps where the server has it: it notices within a second that a killed runner is gone and frees its locks (14 and later, not on
    /// Windows; manual 20.3.2), and it does not end a run that takes long (transaction_timeout 17, idle_session_timeout 14).
    /// </summary>
    public static readonly SqlCommandText WhereKnown = new(
        """
        DO $$
        DECLARE setting text;
        BEGIN
            FOREACH setting IN ARRAY ARRAY['client_connection_check_interval=1000', 'transaction_timeout=0', 'idle_session_timeout=0'] LOOP
                BEGIN
                    PERFORM set_config(split_part(setting, '=', 1), split_part(setting, '=', 2), false);
                EXCEPTION WHEN undefined_object OR invalid_parameter_value OR feature_not_supported THEN
                    NULL;
                END;
            END LOOP;
        END $$
        """);

    /// <summary>Sets them all; they outlive transactions. Only the first command returns rows.</summary>
    public static IReadOnlyList<SqlCommandText> Commands(IReadOnlyDictionary<string, string> settings) =>
    [
        new(
            "SELECT " + string.Join(", ", settings.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"set_config(${(2 * i) + 1}, ${(2 * i) + 2}, false)"))),
            [.. settings.SelectMany(s => new object[] { s.Key, s.Value })]),
        WhereKnown,
    ];

    /// <summary>What a script set for the session must not reach the next one: a run in one go then does what single runs would do.</summary>
    public static IEnumerable<PlannedCommand> Reset(IReadOnlyDictionary<string, string> settings, MigrationStep step) => step.Outline.ChangesSession
        ? Commands(settings).Prepend(new("RESET ALL")).Prepend(new("RESET ROLE")).Prepend(new("RESET SESSION AUTHORIZATION")).Select(c => PlannedCommand.Frame(c, step))
        : [];

    /// <summary>What holds while scripts run.</summary>
    /// <param name="tool">The tool's own settings.</param>
    /// <param name="target">The database; a schema named there becomes the search path unless the tool has set one.</param>
    /// <param name="options">The time limits.</param>
    public static IReadOnlyDictionary<string, string> Of(
        IReadOnlyDictionary<string, string> tool, DbTarget target, RunOptions options)
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

        return settings;
    }

    /// <summary>A time as the server's settings take it: whole milliseconds.</summary>
    public static string Milliseconds(TimeSpan time) => ((long)Math.Ceiling(time.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);
}
