using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DbMigrate.Engine.Sandbox;

namespace DbMigrate.Engine.Recovery;

/// <summary>
/// The configuration of a recovered server: one of our own. The original's may not be part of the backup at all (Debian keeps it elsewhere), and would
/// let the copy write into the original's archive, follow its primary, or ask for memory, libraries and certificates that this machine has not.
/// </summary>
internal static partial class RecoverySettings
{
    private const string TimelineName = "recovery_target_timeline";
    private static readonly string[] s_files = ["postgresql.conf", "postgresql.auto.conf", "pg_hba.conf", "pg_ident.conf"];

    /// <summary>What a server has to have at least as much of as the one that wrote the log, by <c>pg_controldata</c>'s name for it.</summary>
    private static readonly (string Line, string Setting)[] s_sizes =
    [
        ("max_connections setting", "max_connections"), ("max_worker_processes setting", "max_worker_processes"), ("max_wal_senders setting", "max_wal_senders"),
        ("max_prepared_xacts setting", "max_prepared_transactions"), ("max_locks_per_xact setting", "max_locks_per_transaction"),
    ];

    /// <summary>The folder of the server's socket: its data directory, which nobody but its owner can enter; null where it can have none: its path is
    /// too long, or a comma in it would make two hosts of it for every client.</summary>
    public static string? SocketFolder(string data) =>
        Posix.CanHoldSocket(data) && !data.Contains(',', StringComparison.Ordinal) ? data : null;

    /// <summary>Writes it; the original's files stay beside it, as <c>….original</c>.</summary>
    public static async Task WriteAsync(RecoveryPlan plan, CancellationToken cancellationToken)
    {
        var data = plan.DataDirectory;
        foreach (var file in s_files.Select(name => Path.Combine(data, name)).Where(File.Exists))
        {
            File.Move(file, file + ".original", overwrite: true);
        }

        var text = new StringBuilder("# Written by DbMigrate for a recovery. The files of the server that was copied end in .original.\n");
        foreach (var (name, value) in Settings(plan).Concat(await SizesAsync(plan, cancellationToken)).Concat(plan.Options.Settings))
        {
            text.Append(CultureInfo.InvariantCulture, $"{name} = {Literal(value)}\n");
        }

        await File.WriteAllTextAsync(Path.Combine(data, "postgresql.conf"), text.ToString(), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(data, "postgresql.auto.conf"), "", cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(data, "pg_ident.conf"), "", cancellationToken);

        // md5 takes passwords that are stored as scram-sha-256, too (manual, 21.5). The socket lies where only the owner of the data gets to.
        await File.WriteAllTextAsync(
            Path.Combine(data, "pg_hba.conf"),
            (OperatingSystem.IsWindows() ? "" : "local all all trust\n") + "host all all 127.0.0.1/32 md5\n",
            cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(data, "recovery.signal"), "", cancellationToken);
    }

    /// <summary>The timeline that was asked for; null for the newest.</summary>
    public static uint? Timeline(RecoveryOptions options, BaseBackup backup) => options.Settings.GetValueOrDefault(TimelineName) switch
    {
        "current" => backup.Label.Timeline,
        { } text when uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var timeline) => timeline,
        _ => null,
    };

    /// <summary>Whether a name is one of a setting.</summary>
    public static bool IsName(string name) => Name().IsMatch(name);

    private static IEnumerable<KeyValuePair<string, string>> Settings(RecoveryPlan plan)
    {
        var options = plan.Options;
        yield return new("listen_addresses", "127.0.0.1");
        yield return new("port", plan.Port.ToString(CultureInfo.InvariantCulture));
        yield return new("unix_socket_directories", SocketFolder(plan.DataDirectory) ?? "");

        // Never into the archive that it has come from.
        yield return new("archive_mode", "off");

        // A subscription that woke up in the copy would take the original's changes away from it.
        yield return new("max_logical_replication_workers", "0");
        yield return new("log_line_prefix", "%m [%p] ");
        yield return new("log_timezone", "UTC");
        yield return new("timezone", "UTC");
        yield return new("lc_messages", "C");
        yield return new("logging_collector", "off");
        yield return new("restore_command", plan.Archive?.RestoreCommand ?? options.RestoreCommand!);
        yield return new(TimelineName, "latest");
        yield return new("recovery_target_action", options.Pause ? "pause" : "promote");

        // Nobody is to see what is not the state that was asked for.
        yield return new("hot_standby", options.Pause ? "on" : "off");
        if (options.Time is { } time)
        {
            yield return new("recovery_target_time", time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + "+00");
        }
        else if (options.Lsn is { } lsn)
        {
            yield return new("recovery_target_lsn", lsn);
        }
        else if (options.Name is { } name)
        {
            yield return new("recovery_target_name", name);
        }

        yield return new("recovery_target_inclusive", options.Inclusive ? "on" : "off");
    }

    // A server that has less refuses to let others look, or cannot bring prepared transactions back (manual, 27.4.3). Not every package has the program.
    private static async Task<IEnumerable<KeyValuePair<string, string>>> SizesAsync(RecoveryPlan plan, CancellationToken cancellationToken)
    {
        var program = PostgresPrograms.PathOf(plan.Programs.Directory, "pg_controldata");
        if (!File.Exists(program))
        {
            return [];
        }

        var (_, output) = await ChildProgram.RunAsync(program, ["--pgdata", plan.DataDirectory], plan.Programs.Directory, user: null, cancellationToken);
        return
            from line in output.Split('\n')
            from size in s_sizes
            where line.StartsWith(size.Line + ":", StringComparison.Ordinal)
            select new KeyValuePair<string, string>(size.Setting, line[(size.Line.Length + 1)..].Trim());
    }

    private static string Literal(string value) => $"'{value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_.]*\z")]
    private static partial Regex Name();
}
